#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "http/connection.h"
#include "patchbay/base/result.h"

namespace patchbay::http {

/// The connections that wait for bytes or for their deadline, held without a thread each, beside the
/// listening sockets.
///
/// Threads: `park` and `wake` from any thread; everything else from the one thread that waits.
class Parking {
 public:
  /// `listeners` are borrowed; they outlive it.
  static Result<std::unique_ptr<Parking>> create(const std::vector<os::Fd>& listeners);

  /// Takes the connection until its socket becomes readable or its deadline passes. After `close` it is
  /// closed instead.
  void park(std::unique_ptr<Connection> connection);
  void wake();

  struct Event {
    bool listener = false;  ///< of one of them; which is not told
    std::vector<std::unique_ptr<Connection>> readable;
    std::vector<std::unique_ptr<Connection>> expired;
  };
  /// Waits for something to happen. The listener may be reported when nobody is there any more.
  Event wait();

  /// Takes the connection that has been idle longest; null when none is.
  std::unique_ptr<Connection> take_oldest_idle();
  /// Closes everything that is parked, now and later.
  void close();

 private:
  using Key = std::pair<MonoTime, Connection*>;

  Parking() = default;
  std::unique_ptr<Connection> take(Connection* connection);
  int next_timeout_ms();
  void collect_expired(Event& event);

  os::Fd epoll_;
  os::Fd wake_;
  const char listener_mark_ = 0;  ///< its address stands for every listener in the epoll set

  std::mutex mutex_;
  std::map<Key, std::unique_ptr<Connection>> parked_;  // guarded by mutex_, as are the next two
  MonoTime wakes_at_ = MonoTime::max();                ///< when wait() returns by itself
  bool closed_ = false;
};

}  // namespace patchbay::http
