#include <algorithm>

#include "patchbay/mcp/state_store.h"

namespace patchbay::mcp {
namespace {

template <class Table>
auto look_up(const Table& table, const std::string& key) -> std::optional<typename Table::mapped_type> {
  const auto it = table.find(key);
  if (it == table.end()) return std::nullopt;
  return it->second;
}

}  // namespace

Status MemoryStateStore::put_handle(const std::string& handle_hash, const HandleRecord& record) {
  auto tables = tables_.lock();
  tables->handles[handle_hash] = record;
  if (tables->handles.size() > kMaxHandles) {
    tables->handles.erase(
        std::ranges::min_element(tables->handles, {}, [](const auto& row) { return row.second.used; }));
  }
  return {};
}

Result<std::optional<HandleRecord>> MemoryStateStore::find_handle(const std::string& handle_hash) {
  return look_up(tables_.lock()->handles, handle_hash);
}

void MemoryStateStore::touch_handle(const std::string& handle_hash, WallTime now) {
  auto tables = tables_.lock();
  if (const auto it = tables->handles.find(handle_hash); it != tables->handles.end()) it->second.used = now;
}

void MemoryStateStore::drop_handle(const std::string& handle_hash) { tables_.lock()->handles.erase(handle_hash); }

Status MemoryStateStore::put_scope(const std::string& scope_key, const ScopeRecord& record) {
  tables_.lock()->scopes[scope_key] = record;
  return {};
}

std::optional<ScopeRecord> MemoryStateStore::find_scope(const std::string& scope_key) {
  return look_up(tables_.lock()->scopes, scope_key);
}

Status MemoryStateStore::put_result(const std::string& key, const KeyedResult& result) {
  tables_.lock()->results[key] = result;
  return {};
}

Result<std::optional<KeyedResult>> MemoryStateStore::find_result(const std::string& key) {
  return look_up(tables_.lock()->results, key);
}

Status MemoryStateStore::add_tombstone(const std::string& session_hash, WallTime until) {
  tables_.lock()->tombstones[session_hash] = until;
  return {};
}

bool MemoryStateStore::has_tombstone(const std::string& session_hash) {
  return tables_.lock()->tombstones.contains(session_hash);
}

Result<bool> MemoryStateStore::use_nonce(const std::string& nonce, WallTime until) {
  return tables_.lock()->nonces.emplace(nonce, until).second;
}

void MemoryStateStore::sweep(const Ages& ages) {
  auto tables = tables_.lock();
  std::erase_if(tables->handles, [&](const auto& row) {
    return row.second.used < ages.handles_idle_since || row.second.created < ages.handles_made_before;
  });
  std::erase_if(tables->results, [&](const auto& row) { return row.second.stored < ages.results_before; });
  std::erase_if(tables->scopes, [&](const auto& row) { return row.second.seen < ages.scopes_before; });
  std::erase_if(tables->tombstones, [&](const auto& row) { return row.second < ages.now; });
  std::erase_if(tables->nonces, [&](const auto& row) { return row.second < ages.now; });
}

}  // namespace patchbay::mcp
