#include "patchbay/base/ids.h"
#include "patchbay/base/log.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"
#include "store/state_impl.h"

namespace patchbay::store {
namespace {

constexpr const char* kCreate = R"(
  CREATE TABLE handles(hash TEXT PRIMARY KEY, credential TEXT NOT NULL, created INTEGER NOT NULL,
                       seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE requests(scope TEXT NOT NULL, tool TEXT NOT NULL, key TEXT NOT NULL, arguments TEXT NOT NULL,
                        result TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY(scope, tool, key)) STRICT;
  CREATE TABLE modes(scope TEXT PRIMARY KEY, mode TEXT NOT NULL, seen INTEGER NOT NULL, until INTEGER)
    STRICT, WITHOUT ROWID;
  CREATE TABLE buried(session TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE tokens(name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, scope TEXT NOT NULL, created INTEGER NOT NULL,
                      expires INTEGER, revoked INTEGER) STRICT, WITHOUT ROWID;
  CREATE TABLE vals(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version=1;
)";

}  // namespace

Result<std::int64_t> schema_version(sqlite::Connection& db) {
  std::int64_t version = 0;
  PB_TRY(db.each("PRAGMA user_version", [&](const sqlite::Row& row) { version = row.number(0); }));
  return version;
}

Error state_too_new(const std::string& path) {
  return {ErrorCode::kStateTooNew, "the state database was written by a newer version of PatchBay",
          "Use that version, or another PATCHBAY_HOME. Nothing was changed.", path};
}

// --------------------------------------------------------------------------------------------------

Status StateDb::Impl::ensure_open() {
  std::lock_guard lock(open_mutex);
  if (opened) return {};
  Status s = open_file();
  if (!s.ok() && s.error().code == ErrorCode::kStateCorrupt) {
    PB_TRY(move_aside(s.error().detail));
    s = open_file();
  }
  if (s.ok()) opened = true;
  return s;
}

Status StateDb::Impl::open_file() {
  write_db = {};
  read_db = {};
  PB_TRY(os::make_private_dirs(os::parent_of(path)));
  // Made by us so that it is 0600 from its first moment; the library gives its side files the same mode.
  const Status made = os::create_file_once(path, "");
  if (!made.ok() && made.error().code != ErrorCode::kAlreadyExists) return made;
  const os::FileFacts facts = PB_TRY(os::file_facts(path));
  if (const std::string why = os::distrust_reason(facts, os::Owner::kUs); !why.empty() || !facts.regular) {
    return Error{ErrorCode::kConfigRefused, "the state database " + (why.empty() ? "is not a file" : why),
                 "Make it a regular file of your own with mode 0600.", path};
  }
  const auto log_left = os::read_file(path + "-wal", 0);
  const bool unclean = !log_left.ok() && log_left.error().code == ErrorCode::kFileTooLarge;

  sqlite::Connection db = PB_TRY(sqlite::Connection::open(path, sqlite::Connection::Use::kReadWrite));
  std::int64_t version = PB_TRY(schema_version(db));
  if (version > kStateSchema) return state_too_new(path);
  PB_TRY(db.exec("PRAGMA journal_mode=WAL"));
  if (unclean) {
    std::string verdict;
    PB_TRY(db.each("PRAGMA quick_check(1)", [&](const sqlite::Row& row) { verdict = row.text(0); }));
    if (verdict != "ok") return Error{ErrorCode::kStateCorrupt, "the state database is damaged", {}, verdict};
  }
  if (version == 0) {
    sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(db));
    // Asked again under the lock: another process may have been faster.
    version = PB_TRY(schema_version(db));
    if (version == 0) PB_TRY(db.exec(kCreate));
    PB_TRY(t.commit());
  }
  read_db = PB_TRY(sqlite::Connection::open(path, sqlite::Connection::Use::kReadOnly));
  write_db = std::move(db);
  return {};
}

Status StateDb::Impl::move_aside(const std::string& reason) {
  write_db = {};
  read_db = {};
  PB_TRY(os::make_private_dirs(corrupt_dir));
  const std::string target = os::join(corrupt_dir, "state." + random_hex(8) + ".db");
  PB_TRY(os::write_file_atomic(target + ".reason", "state.db: " + reason + "\n"));
  PB_TRY(os::move_file(path, target));
  for (const char* side : {"-wal", "-shm"}) {
    if (os::exists(path + side)) PB_TRY(os::move_file(path + side, target + side));
  }
  log::error("the state database was damaged and set aside; named tokens and handles are void");
  aside = target;
  return {};
}

Result<StateDb::Impl::Locked> StateDb::Impl::writer() {
  PB_TRY(ensure_open());
  return Locked{std::unique_lock(write_mutex), &write_db};
}

Result<StateDb::Impl::Locked> StateDb::Impl::reader() {
  PB_TRY(ensure_open());
  return Locked{std::unique_lock(read_mutex), &read_db};
}

}  // namespace patchbay::store
