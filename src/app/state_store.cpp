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
  return json::dump(j);
}

mcp::ScopeRecord scope_from(const Json& j) {
  mcp::ScopeRecord r;
  r.label = json::get_string(j, "label");
  r.seen = from_epoch_seconds(json::get_double(j, "seen"));
  if (const auto mode = json::find_string(j, "mode")) r.mode = mcp::parse_mode(*mode);
  return r;
}

/// Removes every value of a kind that `ended` says is past its time.
template <class Ended>
void remove_ended(store::StateDb& db, std::string_view kind, Ended&& ended) {
  const auto values = db.values(std::string(kind));
  if (!values) return;
  for (const auto& [name, text] : *values) {
    const auto parsed = json::parse(text);
    if (parsed && !ended(*parsed)) continue;
    [[maybe_unused]] const Status gone = db.erase_value(name);
  }
}

}  // namespace

DurableStateStore::DurableStateStore(store::StateDb& db, bool database_exists) : db_(db) {
  auto tables = tables_.lock();
  tables->database = database_exists;
  tables->loaded = !database_exists;
}

DurableStateStore::~DurableStateStore() { flush(); }

Status DurableStateStore::load(Tables& tables) {
  if (tables.loaded) return {};
  for (const auto& [name, text] : PB_TRY(db_.values(std::string(kHandle)))) {
    if (const auto j = json::parse(text)) tables.handles[name.substr(kHandle.size())] = {handle_from(*j), false};
  }
  for (const auto& [name, text] : PB_TRY(db_.values(std::string(kScope)))) {
    if (const auto j = json::parse(text)) tables.scopes[name.substr(kScope.size())] = {scope_from(*j), false};
  }
  tables.loaded = true;
  return {};
}

Status DurableStateStore::put_handle(const std::string& handle_hash, const mcp::HandleRecord& record) {
  auto tables = tables_.lock();
  PB_TRY(load(*tables));
  PB_TRY(db_.put_value(named(kHandle, handle_hash), text_of(record)));
  tables->database = true;
  tables->handles[handle_hash] = {record, false};
  if (tables->handles.size() <= kMaxHandles) return {};
  const auto oldest = std::min_element(tables->handles.begin(), tables->handles.end(), [](const auto& a, const auto& b) {
    return a.second.record.used < b.second.record.used;
  });
  const std::string name = named(kHandle, oldest->first);
  tables->handles.erase(oldest);
  return db_.erase_value(name);
}

Result<std::optional<mcp::HandleRecord>> DurableStateStore::find_handle(const std::string& handle_hash) {
  auto tables = tables_.lock();
  PB_TRY(load(*tables));
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
  auto tables = tables_.lock();
  if (tables->handles.erase(handle_hash) == 0) return;
  [[maybe_unused]] const Status gone = db_.erase_value(named(kHandle, handle_hash));
}

Status DurableStateStore::put_scope(const std::string& scope_key, const mcp::ScopeRecord& record) {
  auto tables = tables_.lock();
  PB_TRY(load(*tables));
  const auto it = tables->scopes.find(scope_key);
  const std::optional<mcp::Mode> mode_before = it == tables->scopes.end() ? std::nullopt : it->second.record.mode;
  const bool only_seen = mode_before == record.mode;
  if (!only_seen) {
    PB_TRY(db_.put_value(named(kScope, scope_key), text_of(record)));
    tables->database = true;
  }
  tables->scopes[scope_key] = {record, only_seen};
  return {};
}

std::optional<mcp::ScopeRecord> DurableStateStore::find_scope(const std::string& scope_key) {
  auto tables = tables_.lock();
  if (const Status loaded = load(*tables); !loaded) {
    log::warn("The state database cannot be read: {}", loaded.error().message);
    return std::nullopt;
  }
  const auto it = tables->scopes.find(scope_key);
  if (it == tables->scopes.end()) return std::nullopt;
  return it->second.record;
}

Status DurableStateStore::put_result(const std::string& key, const mcp::KeyedResult& result) {
  PB_TRY(db_.put_value(named(kResult, key), json::dump(Json{{"arguments_digest", result.arguments_digest},
                                                             {"result", result.result},
                                                             {"stored", epoch_seconds(result.stored)}})));
  tables_.lock()->database = true;
  return {};
}

Result<std::optional<mcp::KeyedResult>> DurableStateStore::find_result(const std::string& key) {
  if (!tables_.lock()->database) return std::optional<mcp::KeyedResult>{};
  const auto text = PB_TRY(db_.value(named(kResult, key)));
  if (!text) return std::optional<mcp::KeyedResult>{};
  const Json j = PB_TRY(json::parse(*text));
  return std::optional(mcp::KeyedResult{json::get_string(j, "arguments_digest"), json::get_string(j, "result"),
                                        from_epoch_seconds(json::get_double(j, "stored"))});
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
  auto tables = tables_.lock();
  const std::string name = named(kNonce, nonce);
  if (PB_TRY(db_.value(name))) return false;
  PB_TRY(db_.put_value(name, json::dump(Json{{"until", epoch_seconds(until)}})));
  tables->database = true;
  return true;
}

void DurableStateStore::sweep(const Ages& ages) {
  flush();
  auto tables = tables_.lock();
  if (!tables->database || !load(*tables)) return;
  std::erase_if(tables->handles, [&](const auto& row) {
    const mcp::HandleRecord& r = row.second.record;
    const bool ended = r.used < ages.handles_idle_since || r.created < ages.handles_made_before;
    if (ended) [[maybe_unused]] const Status gone = db_.erase_value(named(kHandle, row.first));
    return ended;
  });
  std::erase_if(tables->scopes, [&](const auto& row) {
    const bool ended = row.second.record.seen < ages.scopes_before;
    if (ended) [[maybe_unused]] const Status gone = db_.erase_value(named(kScope, row.first));
    return ended;
  });
  remove_ended(db_, kResult, [&](const Json& j) { return json::get_double(j, "stored") < epoch_seconds(ages.results_before); });
  remove_ended(db_, kNonce, [&](const Json& j) { return json::get_double(j, "until") < epoch_seconds(ages.now); });
}

void DurableStateStore::flush() {
  auto tables = tables_.lock();
  for (auto& [key, kept] : tables->handles) {
    if (kept.unsaved && db_.put_value(named(kHandle, key), text_of(kept.record))) kept.unsaved = false;
  }
  for (auto& [key, kept] : tables->scopes) {
    if (!kept.unsaved || !db_.put_value(named(kScope, key), text_of(kept.record))) continue;
    kept.unsaved = false;
    tables->database = true;
  }
}

}  // namespace patchbay::app
