#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::transport {

/// Runs tasks concurrently on threads that grow with demand up to a limit; as many tasks may wait for one.
class TaskThreads {
 public:
  explicit TaskThreads(std::size_t limit) : limit_(limit) {}
  ~TaskThreads();  ///< runs what is queued, then joins

  /// False when the task will not run: as many wait already as may, or there is no thread for it.
  bool run(std::function<void()> task);

 private:
  void work();
  bool add_thread();  ///< mutex_ held; false when the system has none left
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace patchbay::transport
