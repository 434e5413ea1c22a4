#pragma once

#include <map>
#include <optional>
#include <string>

#include "patchbay/base/clock.h"
#include "patchbay/base/guarded.h"
#include "patchbay/json/json.h"
#include "patchbay/mcp/tool.h"

namespace patchbay::mcp {

/// A handle as it is kept: under the SHA-256 (hex) of its text, so that a stolen store opens nothing.
struct HandleRecord {
  std::string credential;
  std::string scope_key;                         ///< the identity it stands for
  ScopeKind minted_by = ScopeKind::kCredential;  ///< kind of the caller that asked for it
  WallTime created;
  WallTime used;
};

/// What a conversation chose and when it was last heard of.
struct ScopeRecord {
  std::optional<Mode> mode;
  std::string label;
  WallTime seen;
  bool ended = false;  ///< deleted, expired or gone, and not heard of since (7.4)
};

/// The first answer to a call that carried a request key.
struct KeyedResult {
  std::string arguments_digest;
  std::string result;  ///< CallToolResult without era-specific members, as JSON text
  WallTime stored;
};

/// What the protocol remembers across restarts.
///
/// Threads:    any; calls are short.
/// Durability: what a `put` or `add` stored is on disk when it returns.
/// Limits:     at most kMaxHandles handles (the least recently used goes); other tables are trimmed by age.
class StateStore {
 public:
  static constexpr std::size_t kMaxHandles = 1000;

  virtual ~StateStore() = default;

  virtual Status put_handle(const std::string& handle_hash, const HandleRecord& record) = 0;
  virtual Result<std::optional<HandleRecord>> find_handle(const std::string& handle_hash) = 0;
  virtual void touch_handle(const std::string& handle_hash, WallTime now) = 0;
  virtual void drop_handle(const std::string& handle_hash) = 0;

  virtual Status put_scope(const std::string& scope_key, const ScopeRecord& record) = 0;
  virtual std::optional<ScopeRecord> find_scope(const std::string& scope_key) = 0;

  /// `key` names scope, tool and request key together (a hash).
  virtual Status put_result(const std::string& key, const KeyedResult& result) = 0;
  virtual Result<std::optional<KeyedResult>> find_result(const std::string& key) = 0;

  /// Ended session ids, by hash, until they would have expired anyway.
  virtual Status add_tombstone(const std::string& session_hash, WallTime until) = 0;
  virtual bool has_tombstone(const std::string& session_hash) = 0;

  /// True the first time only (M27).
  virtual Result<bool> use_nonce(const std::string& nonce, WallTime until) = 0;

  /// Forgets what is past its time: handles idle since `handles_idle_since` or made before
  /// `handles_made_before`, results stored before `results_before`, scopes not seen since `scopes_before`,
  /// ended tombstones and nonces.
  struct Ages {
    WallTime now, handles_idle_since, handles_made_before, results_before, scopes_before;
  };
  virtual void sweep(const Ages& ages) = 0;
};

/// Keeps everything in memory: for tests and for servers that need no tomorrow.
class MemoryStateStore final : public StateStore {
 public:
  Status put_handle(const std::string& handle_hash, const HandleRecord& record) override;
  Result<std::optional<HandleRecord>> find_handle(const std::string& handle_hash) override;
  void touch_handle(const std::string& handle_hash, WallTime now) override;
  void drop_handle(const std::string& handle_hash) override;
  Status put_scope(const std::string& scope_key, const ScopeRecord& record) override;
  std::optional<ScopeRecord> find_scope(const std::string& scope_key) override;
  Status put_result(const std::string& key, const KeyedResult& result) override;
  Result<std::optional<KeyedResult>> find_result(const std::string& key) override;
  Status add_tombstone(const std::string& session_hash, WallTime until) override;
  bool has_tombstone(const std::string& session_hash) override;
  Result<bool> use_nonce(const std::string& nonce, WallTime until) override;
  void sweep(const Ages& ages) override;

 private:
  struct Tables {
    std::map<std::string, HandleRecord> handles;
    std::map<std::string, ScopeRecord> scopes;
    std::map<std::string, KeyedResult> results;
    std::map<std::string, WallTime> tombstones, nonces;
  };
  Guarded<Tables> tables_;
};

}  // namespace patchbay::mcp
