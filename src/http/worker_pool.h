#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "http/connection.h"

namespace patchbay::http {

/// Threads that grow with the connections to be served and shrink when idle.
///
/// There is no queue to wait in: a connection is taken by an idle or a new thread, or not at all.
class WorkerPool {
 public:
  using Work = std::unique_ptr<Connection>;

  WorkerPool(int max_threads, std::function<void(Work)> serve);
  ~WorkerPool();  ///< waits for every thread

  /// Hands `work` over and empties it; leaves it untouched and returns false when every thread is busy.
  bool submit(Work& work);
  /// Waits until no thread is busy, at most until `deadline`.
  bool wait_idle(MonoTime deadline);
  int threads() const;

 private:
  void run(std::list<std::thread>::iterator self);

  const int max_threads_;
  const std::function<void(Work)> serve_;

  mutable std::mutex mutex_;
  std::condition_variable work_ready_;
  std::condition_variable changed_;
  std::deque<Work> queue_;  // never longer than `idle_`
  std::list<std::thread> threads_;
  std::vector<std::thread> ended_;  // to be joined
  int idle_ = 0;
  bool stopping_ = false;
};

}  // namespace patchbay::http
