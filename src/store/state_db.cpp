#include "patchbay/store/state_db.h"

#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/log.h"
#include "store/state_impl.h"

namespace patchbay::store {
namespace {

constexpr std::string_view kHandlePrefix = "pbh_";
constexpr std::size_t kHandleChars = 26;

Error unknown_handle() {
  return {ErrorCode::kHandleUnknown,
          "handle unknown or expired, call codex_self_test for a new one",
          "Call codex_self_test and use the handle it returns.",
          {}};
}

}  // namespace

StateDb::StateDb(std::string path, std::string corrupt_dir, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(path), std::move(corrupt_dir), clock)) {}

StateDb::~StateDb() {
  if (const Status s = impl_->flush_seen(); !s.ok()) log::warn("last-seen times were not saved: {}", s.error().message);
}

Status StateDb::open() {
  PB_TRY(impl_->writer());
  return {};
}

std::string StateDb::set_aside() const {
  std::lock_guard lock(impl_->open_mutex);
  return impl_->aside;
}

// ---- last-seen times
// --------------------------------------------------------------------------------------------

void StateDb::Impl::touch(const std::string& row, std::int64_t stored) {
  const std::int64_t t = now();
  if (t - stored < ms(kSeenEvery)) return;
  {
    std::lock_guard lock(seen_mutex);
    seen[row] = t;
    if (clock.mono() - last_flush < kSeenEvery) return;
    last_flush = clock.mono();
  }
  // A full disk must not turn a look-up into a failure; the notes stay for the next time.
  if (const Status s = flush_seen(); !s.ok()) log::warn("last-seen times were not saved: {}", s.error().message);
}

std::int64_t StateDb::Impl::last_seen(const std::string& row, std::int64_t stored) {
  std::lock_guard lock(seen_mutex);
  const auto it = seen.find(row);
  return it == seen.end() ? stored : std::max(stored, it->second);
}

std::map<std::string, std::int64_t> StateDb::Impl::noted() {
  std::lock_guard lock(seen_mutex);
  return seen;
}

Status StateDb::Impl::write_seen(sqlite::Connection& db, const std::map<std::string, std::int64_t>& notes) {
  for (const auto& [row, t] : notes) {
    const std::string key = row.substr(1);
    if (row[0] == 'h')
      PB_TRY(db.run("UPDATE handles SET seen=?1 WHERE hash=?2 AND seen<?1", t, key));
    else
      PB_TRY(db.run("UPDATE modes SET seen=?1 WHERE scope=?2 AND seen<?1", t, key));
  }
  return {};
}

void StateDb::Impl::forget_seen(const std::map<std::string, std::int64_t>& written) {
  std::lock_guard lock(seen_mutex);
  for (const auto& [row, t] : written) {
    const auto it = seen.find(row);
    if (it != seen.end() && it->second == t) seen.erase(it);
  }
}

Status StateDb::Impl::flush_seen() {
  const auto notes = noted();
  if (notes.empty()) return {};
  {
    auto db = PB_TRY(writer());
    sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
    PB_TRY(write_seen(*db, notes));
    PB_TRY(t.commit());
  }
  forget_seen(notes);
  return {};
}

// ---- handles
// ----------------------------------------------------------------------------------------------------

Result<std::string> StateDb::mint_handle(const std::string& credential) {
  const std::string handle = std::string(kHandlePrefix) + random_base32(kHandleChars);
  const std::string hash = sha256_hex(handle);
  const std::int64_t now = impl_->now();
  const auto notes = impl_->noted();
  {
    auto db = PB_TRY(impl_->writer());
    sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
    PB_TRY(impl_->write_seen(*db, notes));
    PB_TRY(db->run("DELETE FROM handles WHERE seen<?1 OR created<?2", now - ms(kHandleIdle), now - ms(kHandleLife)));
    PB_TRY(
        db->run("DELETE FROM handles WHERE hash IN (SELECT hash FROM handles ORDER BY seen DESC, created DESC "
                "LIMIT -1 OFFSET ?1)",
                static_cast<std::int64_t>(kMaxHandles) - 1));
    PB_TRY(db->run("INSERT INTO handles VALUES(?1, ?2, ?3, ?3)", hash, credential, now));
    PB_TRY(t.commit());
  }
  impl_->forget_seen(notes);
  return handle;
}

Status StateDb::check_handle(std::string_view handle, const std::string& credential) {
  if (handle.size() != kHandlePrefix.size() + kHandleChars) return unknown_handle();
  const std::string hash = sha256_hex(handle);
  bool found = false;
  std::int64_t created = 0, stored = 0;
  {
    auto db = PB_TRY(impl_->reader());
    PB_TRY(db->each(
        "SELECT credential, created, seen FROM handles WHERE hash=?1",
        [&](const sqlite::Row& row) {
          found = equal_constant_time(row.text(0), credential);
          created = row.number(1);
          stored = row.number(2);
        },
        hash));
  }
  const std::int64_t now = impl_->now();
  const std::int64_t seen = impl_->last_seen("h" + hash, stored);
  if (!found || now - seen >= ms(kHandleIdle) || now - created >= ms(kHandleLife)) return unknown_handle();
  impl_->touch("h" + hash, seen);
  return {};
}

Result<std::size_t> StateDb::handle_count() {
  auto db = PB_TRY(impl_->reader());
  std::size_t count = 0;
  PB_TRY(db->each("SELECT count(*) FROM handles",
                  [&](const sqlite::Row& row) { count = static_cast<std::size_t>(row.number(0)); }));
  return count;
}

// ---- tool modes
// ---------------------------------------------------------------------------------------------------

Status StateDb::set_mode(const std::string& scope_key, const std::string& mode, std::optional<WallTime> until) {
  auto db = PB_TRY(impl_->writer());
  const auto end = until ? std::optional(to_ms(*until)) : std::nullopt;
  return db->run("INSERT OR REPLACE INTO modes VALUES(?1, ?2, ?3, ?4)", scope_key, mode, impl_->now(), end);
}

Result<std::optional<std::string>> StateDb::find_mode(const std::string& scope_key) {
  std::optional<std::string> mode;
  std::int64_t stored = 0;
  std::optional<std::int64_t> until;
  {
    auto db = PB_TRY(impl_->reader());
    PB_TRY(db->each(
        "SELECT mode, seen, until FROM modes WHERE scope=?1",
        [&](const sqlite::Row& row) {
          mode = row.text(0);
          stored = row.number(1);
          if (!row.is_null(2)) until = row.number(2);
        },
        scope_key));
  }
  if (!mode) return mode;
  const std::int64_t now = impl_->now();
  const std::int64_t seen = impl_->last_seen("m" + scope_key, stored);
  if (now - seen >= ms(kModeIdle) || (until && now >= *until)) return std::optional<std::string>();
  impl_->touch("m" + scope_key, seen);
  return mode;
}

Status StateDb::clear_mode(const std::string& scope_key) {
  auto db = PB_TRY(impl_->writer());
  return db->run("DELETE FROM modes WHERE scope=?1", scope_key);
}

// ---- ended sessions
// -----------------------------------------------------------------------------------------------

Status StateDb::bury_session(const std::string& session_hash, WallTime until) {
  auto db = PB_TRY(impl_->writer());
  return db->run("INSERT OR REPLACE INTO buried VALUES(?1, ?2)", session_hash, to_ms(until));
}

Result<bool> StateDb::is_buried(const std::string& session_hash) {
  auto db = PB_TRY(impl_->reader());
  bool found = false;
  PB_TRY(db->each(
      "SELECT 1 FROM buried WHERE session=?1 AND until>?2", [&](const sqlite::Row&) { found = true; }, session_hash,
      impl_->now()));
  return found;
}

// ---- single values, housekeeping
// ------------------------------------------------------------------------------------

Status StateDb::put_value(const std::string& name, const std::string& value) {
  auto db = PB_TRY(impl_->writer());
  return db->run("INSERT OR REPLACE INTO vals VALUES(?1, ?2)", name, value);
}

Result<std::optional<std::string>> StateDb::value(const std::string& name) {
  auto db = PB_TRY(impl_->reader());
  std::optional<std::string> out;
  PB_TRY(db->each(
      "SELECT value FROM vals WHERE name=?1", [&](const sqlite::Row& row) { out = row.text(0); }, name));
  return out;
}

Status StateDb::erase_value(const std::string& name) {
  auto db = PB_TRY(impl_->writer());
  return db->run("DELETE FROM vals WHERE name=?1", name);
}

Result<std::vector<StateDb::NamedValue>> StateDb::values(const std::string& prefix, std::size_t max_bytes) {
  auto db = PB_TRY(impl_->reader());
  std::string behind = prefix;
  if (!behind.empty()) ++behind.back();
  std::vector<NamedValue> out;
  PB_TRY(db->each(
      "SELECT name, substr(value, 1, ?3) FROM vals WHERE name>=?1 AND name<?2 ORDER BY name",
      [&](const sqlite::Row& row) { out.emplace_back(row.text(0), row.text(1)); }, prefix, behind,
      static_cast<std::int64_t>(max_bytes)));
  return out;
}

Status StateDb::put_values(const std::vector<NamedValue>& values) {
  if (values.empty()) return {};
  auto db = PB_TRY(impl_->writer());
  sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
  for (const auto& [name, value] : values) {
    PB_TRY(db->run("INSERT OR REPLACE INTO vals VALUES(?1, ?2)", name, value));
  }
  return t.commit();
}

Status StateDb::erase_values(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  auto db = PB_TRY(impl_->writer());
  sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
  for (const std::string& name : names) PB_TRY(db->run("DELETE FROM vals WHERE name=?1", name));
  return t.commit();
}

Status StateDb::remove_expired() {
  PB_TRY(impl_->flush_seen());
  const std::int64_t now = impl_->now();
  auto db = PB_TRY(impl_->writer());
  sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
  PB_TRY(db->run("DELETE FROM handles WHERE seen<=?1 OR created<=?2", now - ms(kHandleIdle), now - ms(kHandleLife)));
  PB_TRY(db->run("DELETE FROM requests WHERE created<=?1", now - ms(kRequestKeyLife)));
  PB_TRY(db->run("DELETE FROM modes WHERE seen<=?1 OR until<=?2", now - ms(kModeIdle), now));
  PB_TRY(db->run("DELETE FROM buried WHERE until<=?1", now));
  return t.commit();
}

}  // namespace patchbay::store
