#pragma once

#include <map>
#include <mutex>
#include <string>

#include "patchbay/base/guarded.h"
#include "patchbay/mcp/state_store.h"
#include "patchbay/store/state_db.h"

namespace patchbay::app {

/// What the protocol remembers, in the state database.
///
/// Handles and scopes are read once and kept in memory; this process is the only one that writes them. The
/// database is opened by the first call that needs it: a new home answers its first requests without one.
///
/// Durability: as StateStore demands, with one exception: a scope of which only the last-seen time changed is
///             written by flush(). Its end is written at once where there is a database.
/// Locks:      whoever changes handles or scopes holds `writing_`, also over the disk; `tables_` is held only for
///             the moment of a look or a change, so that readers wait for no disk.
class DurableStateStore final : public mcp::StateStore {
 public:
  /// `database_exists`: whether there can be anything to read.
  DurableStateStore(store::StateDb& db, bool database_exists);
  ~DurableStateStore() override;

  Status put_handle(const std::string& handle_hash, const mcp::HandleRecord& record) override;
  Result<std::optional<mcp::HandleRecord>> find_handle(const std::string& handle_hash) override;
  void touch_handle(const std::string& handle_hash, WallTime now) override;
  void drop_handle(const std::string& handle_hash) override;
  Status put_scope(const std::string& scope_key, const mcp::ScopeRecord& record) override;
  std::optional<mcp::ScopeRecord> find_scope(const std::string& scope_key) override;
  Status put_result(const std::string& key, const mcp::KeyedResult& result) override;
  Result<std::optional<mcp::KeyedResult>> find_result(const std::string& key) override;
  Status add_tombstone(const std::string& session_hash, WallTime until) override;
  bool has_tombstone(const std::string& session_hash) override;
  Result<bool> use_nonce(const std::string& nonce, WallTime until) override;
  void sweep(const Ages& ages) override;

  /// Writes the last-seen times that have changed.
  void flush();

 private:
  template <class Record>
  struct Kept {
    Record record;
    bool unsaved = false;
  };
  struct Tables {
    bool loaded = false;
    bool database = false;  ///< there is one
    WallTime results_swept{};
    std::map<std::string, Kept<mcp::HandleRecord>> handles;
    std::map<std::string, Kept<mcp::ScopeRecord>> scopes;
  };
  /// Reads what there is, once.
  Status load();

  store::StateDb& db_;
  std::mutex writing_;
  std::mutex nonces_;  ///< one look and one write of a nonce belong together
  Guarded<Tables> tables_;
};

}  // namespace patchbay::app
