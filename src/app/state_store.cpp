#include "app/state_store.h"

#include <algorithm>

#include "patchbay/base/log.h"
#include "patchbay/json/json.h"

namespace patchbay::app {
namespace {

constexpr std::string_view kHandle = "mcp.handle/";
constexpr std::string_view kScope = "mcp.scope/";
constexpr std::string_view kResult = "mcp.result/";
constexpr std::string_view kNonce = "mcp.nonce/";
constexpr std::chrono::hours kSweepResultsEvery{1};
constexpr std::size_t kMaxScopes = 20'000;

std::string named(std::string_view kind, const std::string& key) { return std::string(kind) + key; }

std::string text_of(const mcp::HandleRecord& r) {
  return json::dump(Json{{"credential", r.credential},
                         {"scope_key", r.scope_key},
                         {"minted_by", static_cast<int>(r.minted_by)},
                         {"created", epoch_seconds(r.created)},
                         {"used", epoch_seconds(r.used)}});
}

mcp::HandleRecord handle_from(const Json& j) {
  mcp::HandleRecord r;
  r.credential = json::get_string(j, "credential");
  r.scope_key = json::get_string(j, "scope_key");
  r.minted_by = static_cast<mcp::ScopeKind>(
      std::clamp<std::int64_t>(json::get_int(j, "minted_by"), 0, static_cast<int>(mcp::ScopeKind::kCredential)));
  r.created = from_epoch_seconds(json::get_double(j, "created"));
  r.used = from_epoch_seconds(json::get_double(j, "used"));
  return r;
}

std::string text_of(const mcp::ScopeRecord& r) {
  Json j{{"label", r.label}, {"seen", epoch_seconds(r.seen)}};
  if (r.mode) j["mode"] = mcp::name_of(*r.mode);
  if (r.ended) j["ended"] = true;
  return json::dump(j);
}

mcp::ScopeRecord scope_from(const Json& j) {
  mcp::ScopeRecord r;
  r.label = json::get_string(j, "label");
  r.seen = from_epoch_seconds(json::get_double(j, "seen"));
  r.ended = json::get_bool(j, "ended");
  if (const auto mode = json::find_string(j, "mode")) r.mode = mcp::parse_mode(*mode);
  return r;
}

/// A value that ends: its time stands in the first line, so that a sweep need not read the rest.
std::string timed(WallTime time, std::string_view text) { return fmt::format("{:.3f}\n{}", epoch_seconds(time), text); }

constexpr std::size_t kTimeBytes = 32;
double time_of(const std::string& value) { return std::strtod(value.c_str(), nullptr); }

std::string_view text_behind_time(const std::string& value) {
  const std::size_t end = value.find('\n');
  return end == std::string::npos ? std::string_view() : std::string_view(value).substr(end + 1);
}

void remove_timed_before(store::StateDb& db, std::string_view kind, WallTime limit) {
  const auto values = db.values(std::string(kind), kTimeBytes);
  if (!values) return;
  std::vector<std::string> ended;
  for (const auto& [name, value] : *values) {
    if (time_of(value) < epoch_seconds(limit)) ended.push_back(name);
  }
  [[maybe_unused]] const Status gone = db.erase_values(ended);
}

/// Drops the older half of what chose no mode: all that is lost is when it was last heard of.
template <class Scopes>
void forget_modeless(Scopes& scopes) {
  std::vector<WallTime> times;
  for (const auto& [key, kept] : scopes) {
    if (!kept.record.mode) times.push_back(kept.record.seen);
  }
  if (times.empty()) return;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const WallTime limit = *middle;
  std::erase_if(scopes, [&](const auto& row) { return !row.second.record.mode && row.second.record.seen <= limit; });
}

template <class Table>
void collect_unsaved(const Table& table, std::string_view kind, std::vector<store::StateDb::NamedValue>& out) {
  for (const auto& [key, kept] : table) {
    if (kept.unsaved) out.emplace_back(named(kind, key), text_of(kept.record));
  }
}

/// What changed while it was being written stays unsaved.
template <class Table>
void mark_saved(Table& table, std::string_view kind, const std::map<std::string, std::string>& written) {
  for (auto& [key, kept] : table) {
    if (!kept.unsaved) continue;
    const auto it = written.find(named(kind, key));
    if (it != written.end() && it->second == text_of(kept.record)) kept.unsaved = false;
  }
}

}  // namespace

DurableStateStore::DurableStateStore(store::StateDb& db, bool database_exists) : db_(db) {
  auto tables = tables_.lock();
  tables->database = database_exists;
  tables->loaded = !database_exists;
}

DurableStateStore::~DurableStateStore() { flush(); }

Status DurableStateStore::load() {
  auto tables = tables_.lock();
  if (tables->loaded) return {};
  for (const auto& [name, text] : PB_TRY(db_.values(std::string(kHandle)))) {
    if (const auto j = json::parse(text)) tables->handles[name.substr(kHandle.size())] = {handle_from(*j), false};
  }
  for (const auto& [name, text] : PB_TRY(db_.values(std::string(kScope)))) {
    if (const auto j = json::parse(text)) tables->scopes[name.substr(kScope.size())] = {scope_from(*j), false};
  }
  tables->loaded = true;
  return {};
}

Status DurableStateStore::put_handle(const std::string& handle_hash, const mcp::HandleRecord& record) {
  std::lock_guard writer(writing_);
  PB_TRY(load());
  PB_TRY(db_.put_value(named(kHandle, handle_hash), text_of(record)));
  std::string gone;
  {
    auto tables = tables_.lock();
    tables->database = true;
    tables->handles[handle_hash] = {record, false};
    if (tables->handles.size() <= kMaxHandles) return {};
    const auto oldest =
        std::min_element(tables->handles.begin(), tables->handles.end(),
                         [](const auto& a, const auto& b) { return a.second.record.used < b.second.record.used; });
    gone = named(kHandle, oldest->first);
    tables->handles.erase(oldest);
  }
  return db_.erase_value(gone);
}

Result<std::optional<mcp::HandleRecord>> DurableStateStore::find_handle(const std::string& handle_hash) {
  PB_TRY(load());
  auto tables = tables_.lock();
  const auto it = tables->handles.find(handle_hash);
  if (it == tables->handles.end()) return std::optional<mcp::HandleRecord>{};
  return std::optional(it->second.record);
}

void DurableStateStore::touch_handle(const std::string& handle_hash, WallTime now) {
  auto tables = tables_.lock();
  const auto it = tables->handles.find(handle_hash);
  if (it == tables->handles.end()) return;
  it->second.record.used = now;
  it->second.unsaved = true;
}

void DurableStateStore::drop_handle(const std::string& handle_hash) {
  std::lock_guard writer(writing_);
  if (tables_.lock()->handles.erase(handle_hash) == 0) return;
  [[maybe_unused]] const Status gone = db_.erase_value(named(kHandle, handle_hash));
}

Status DurableStateStore::put_scope(const std::string& scope_key, const mcp::ScopeRecord& record) {
  PB_TRY(load());
  {
    auto tables = tables_.lock();
    const auto it = tables->scopes.find(scope_key);
    const std::optional<mcp::Mode> mode_before = it == tables->scopes.end() ? std::nullopt : it->second.record.mode;
    // The next owner must not take for live what has ended. It knows no scope that was never written.
    const bool ends = record.ended && it != tables->scopes.end() && !it->second.record.ended && tables->database;
    if (mode_before == record.mode && !ends) {
      tables->scopes[scope_key] = {record, true};
      if (tables->scopes.size() > kMaxScopes) forget_modeless(tables->scopes);
      return {};
    }
  }
  std::lock_guard writer(writing_);
  PB_TRY(db_.put_value(named(kScope, scope_key), text_of(record)));
  auto tables = tables_.lock();
  tables->database = true;
  tables->scopes[scope_key] = {record, false};
  return {};
}

std::optional<mcp::ScopeRecord> DurableStateStore::find_scope(const std::string& scope_key) {
  if (const Status loaded = load(); !loaded) {
    log::warn("The state database cannot be read: {}", loaded.error().message);
    return std::nullopt;
  }
  auto tables = tables_.lock();
  const auto it = tables->scopes.find(scope_key);
  if (it == tables->scopes.end()) return std::nullopt;
  return it->second.record;
}

Status DurableStateStore::put_result(const std::string& key, const mcp::KeyedResult& result) {
  const Json j{{"arguments_digest", result.arguments_digest}, {"result", result.result}};
  PB_TRY(db_.put_value(named(kResult, key), timed(result.stored, json::dump(j))));
  tables_.lock()->database = true;
  return {};
}

Result<std::optional<mcp::KeyedResult>> DurableStateStore::find_result(const std::string& key) {
  if (!tables_.lock()->database) return std::optional<mcp::KeyedResult>{};
  const auto value = PB_TRY(db_.value(named(kResult, key)));
  if (!value) return std::optional<mcp::KeyedResult>{};
  const Json j = PB_TRY(json::parse(text_behind_time(*value)));
  return std::optional(mcp::KeyedResult{json::get_string(j, "arguments_digest"), json::get_string(j, "result"),
                                        from_epoch_seconds(time_of(*value))});
}

Status DurableStateStore::add_tombstone(const std::string& session_hash, WallTime until) {
  PB_TRY(db_.bury_session(session_hash, until));
  tables_.lock()->database = true;
  return {};
}

bool DurableStateStore::has_tombstone(const std::string& session_hash) {
  if (!tables_.lock()->database) return false;
  const auto buried = db_.is_buried(session_hash);
  // A session that cannot be proven alive is over: the client makes a new one.
  return !buried || *buried;
}

Result<bool> DurableStateStore::use_nonce(const std::string& nonce, WallTime until) {
  std::lock_guard one_at_a_time(nonces_);
  const std::string name = named(kNonce, nonce);
  if (PB_TRY(db_.value(name))) return false;
  PB_TRY(db_.put_value(name, timed(until, {})));
  tables_.lock()->database = true;
  return true;
}

void DurableStateStore::sweep(const Ages& ages) {
  flush();
  std::lock_guard writer(writing_);
  const bool database = tables_.lock()->database;
  if (!database || !load()) return;
  std::vector<std::string> ended;
  bool results_too = false;
  {
    auto tables = tables_.lock();
    std::erase_if(tables->handles, [&](const auto& row) {
      const mcp::HandleRecord& r = row.second.record;
      if (r.used >= ages.handles_idle_since && r.created >= ages.handles_made_before) return false;
      ended.push_back(named(kHandle, row.first));
      return true;
    });
    std::erase_if(tables->scopes, [&](const auto& row) {
      if (row.second.record.seen >= ages.scopes_before) return false;
      ended.push_back(named(kScope, row.first));
      return true;
    });
    results_too = ages.now - tables->results_swept >= kSweepResultsEvery;
    if (results_too) tables->results_swept = ages.now;
  }
  [[maybe_unused]] const Status gone = db_.erase_values(ended);
  if (!results_too) return;
  remove_timed_before(db_, kResult, ages.results_before);
  remove_timed_before(db_, kNonce, ages.now);
}

void DurableStateStore::flush() {
  std::lock_guard writer(writing_);
  std::vector<store::StateDb::NamedValue> unsaved;
  {
    auto tables = tables_.lock();
    collect_unsaved(tables->handles, kHandle, unsaved);
    collect_unsaved(tables->scopes, kScope, unsaved);
  }
  if (unsaved.empty() || !db_.put_values(unsaved)) return;
  const std::map<std::string, std::string> written(unsaved.begin(), unsaved.end());
  auto tables = tables_.lock();
  tables->database = true;
  mark_saved(tables->handles, kHandle, written);
  mark_saved(tables->scopes, kScope, written);
}

}  // namespace patchbay::app
