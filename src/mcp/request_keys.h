#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/mcp/state_store.h"

namespace patchbay::mcp {

/// Runs each keyed call once (B7): a repeat waits for the first one and gets its result.
///
/// Threads: any. Only results that did something are kept: an error or a refusal may be tried again under its
/// key.
class RequestKeys {
 public:
  RequestKeys(StateStore& store, const Clock& clock, std::chrono::seconds age)
      : store_(store), clock_(clock), age_(age) {}

  /// The right to run one keyed call; others with the same key wait until it is gone.
  class Turn {
   public:
    Turn(Turn&& other) noexcept : owner_(other.owner_), key_(std::move(other.key_)), digest_(std::move(other.digest_)) {
      other.owner_ = nullptr;
    }
    Turn& operator=(Turn&&) = delete;
    ~Turn();
    /// Keeps the result (CallToolResult as JSON text). Call it before the answer leaves.
    Status keep(const std::string& result);

   private:
    friend class RequestKeys;
    Turn(RequestKeys* owner, std::string key, std::string digest)
        : owner_(owner), key_(std::move(key)), digest_(std::move(digest)) {}
    RequestKeys* owner_;
    std::string key_, digest_;
  };
  struct Claim {
    std::optional<Turn> turn;           ///< run the call
    std::optional<std::string> replay;  ///< or give this result again
  };

  /// `arguments` without request_key and handle. kRequestKeyConflict for other arguments under a known key,
  /// kCancelled and kTimeout while waiting for the first call.
  Result<Claim> claim(const std::string& scope_key, const std::string& tool, const std::string& request_key,
                      const Json& arguments, const CancelToken& cancel, MonoTime deadline);

 private:
  StateStore& store_;
  const Clock& clock_;
  const std::chrono::seconds age_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::set<std::string> running_;
};

}  // namespace patchbay::mcp
