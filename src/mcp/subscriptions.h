#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "patchbay/base/cancel.h"
#include "patchbay/mcp/limits.h"

namespace patchbay::mcp {

/// What changed.
struct Change {
  enum class Kind { kTools, kPrompts, kResources, kResourceUpdated };
  Kind kind = Kind::kTools;
  std::string uri = {};                        ///< of kResourceUpdated
  std::optional<std::string> credential = {};  ///< whom it concerns; absent: everybody

  std::string_view method() const;
  Json params() const;
};

/// One `subscriptions/listen` (M18-M23): a filter and the queue of what it has not been told yet.
class Listen {
 public:
  /// Delivers a message at once instead of queueing it (lines). Must not wait.
  using Direct = std::function<void(const std::string&)>;

  /// `filter` is params.notifications; what is honoured of it is `honoured()`.
  Listen(Json id, std::string credential, const Json& filter, std::set<std::string> uris, const Limits& limits,
         Direct direct);

  const Json& id() const { return id_; }
  Json honoured() const;
  /// Tells the client if it asked to hear of this.
  void offer(const Change& change);
  /// With `direct`: delivers the acknowledgement, then what came meanwhile; nothing is delivered before it (M18).
  /// Once.
  void begin();
  /// Nothing is delivered any more once this has returned.
  void end();

  enum class State { kMessage, kEnded, kTimeout };
  /// The next message for a stream; `kEnded` after `end` or when the client reads too slowly.
  State next(std::string* message, std::chrono::milliseconds timeout);

  std::string acknowledgement() const;
  /// JSON text of the result that ends the stream (M20).
  std::string result() const;

 private:
  Json meta() const;

  const Json id_;
  const std::string credential_;
  const bool tools_, prompts_, resources_;
  const std::set<std::string> uris_;
  const Limits& limits_;
  const Direct direct_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  bool begun_ = false;
  bool ended_ = false;
};

/// Every open listen.
class ListenTable {
 public:
  void add(const std::shared_ptr<Listen>& listen);
  void remove(const std::shared_ptr<Listen>& listen);
  void offer(const Change& change);
  void end_all();

 private:
  std::vector<std::shared_ptr<Listen>> copy() const;
  mutable std::mutex mutex_;
  std::set<std::shared_ptr<Listen>> listens_;
};

}  // namespace patchbay::mcp
