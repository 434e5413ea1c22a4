#include "store/sqlite.h"

#include <cerrno>

namespace patchbay::store::sqlite {
namespace {

constexpr int kBusyMilliseconds = 5000;

Error error_of(int rc, int system_errno, std::string_view detail) {
  Error e{ErrorCode::kIoError, "the state database could not be used", {}, std::string(detail)};
  switch (rc & 0xff) {
    case SQLITE_FULL: e.code = ErrorCode::kDiskFull; break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: e.code = ErrorCode::kStateCorrupt; break;
    case SQLITE_IOERR:
      if (system_errno == ENOSPC || system_errno == EDQUOT) e.code = ErrorCode::kDiskFull;
      break;
    default: break;
  }
  if (e.code == ErrorCode::kDiskFull) {
    e.message = "the state database could not be written: the disk is full";
    e.hint = "Free some space and call again; nothing was changed.";
  } else if (e.code == ErrorCode::kStateCorrupt) {
    e.message = "the state database is damaged";
    e.hint = "It is set aside and begun anew at the next start.";
  }
  return e;
}

}  // namespace

Error Connection::error(int rc) const {
  return error_of(rc, sqlite3_system_errno(db_.get()),
                  std::string(sqlite3_errstr(rc)) + ": " + sqlite3_errmsg(db_.get()));
}

Result<Connection> Connection::open(const std::string& path, Use use) {
  Connection c;
  sqlite3* raw = nullptr;
  const int access = use == Use::kLook ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int rc = sqlite3_open_v2(path.c_str(), &raw, access | SQLITE_OPEN_NOMUTEX, nullptr);
  c.db_.reset(raw);
  if (rc != SQLITE_OK) return raw == nullptr ? error_of(rc, 0, sqlite3_errstr(rc)) : c.error(rc);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  for (const auto& [option, on] : {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1},
                                   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                   {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                                   {SQLITE_DBCONFIG_ENABLE_FKEY, 1}}) {
    sqlite3_db_config(raw, option, on, nullptr);
  }
  if (use == Use::kLook) return c;
  PB_TRY(c.exec("PRAGMA synchronous=FULL; PRAGMA journal_size_limit=1048576"));
  if (use == Use::kReadOnly) PB_TRY(c.exec("PRAGMA query_only=ON"));
  return c;
}

Status Connection::exec(const char* sql) {
  const int rc = sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? Status() : Status(error(rc));
}

Result<sqlite3_stmt*> Connection::statement(const char* sql) {
  auto& slot = statements_[sql];
  if (!slot) {
    sqlite3_stmt* s = nullptr;
    const int rc = sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &s, nullptr);
    if (rc != SQLITE_OK) return error(rc);
    slot.reset(s);
  }
  return slot.get();
}

Result<Transaction> Transaction::begin(Connection& c) {
  PB_TRY(c.exec("BEGIN IMMEDIATE"));
  return Transaction(c);
}

Status Transaction::commit() {
  PB_TRY(c_->exec("COMMIT"));
  c_ = nullptr;
  return {};
}

Transaction::~Transaction() {
  if (c_ != nullptr) (void)c_->exec("ROLLBACK");
}

}  // namespace patchbay::store::sqlite
