#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::transport {

/// Runs tasks concurrently on threads that grow with demand up to a limit; above it tasks wait in order.
class TaskThreads {
 public:
  explicit TaskThreads(std::size_t limit) : limit_(limit) {}
  ~TaskThreads();  ///< runs what is queued, then joins

  void run(std::function<void()> task);

 private:
  void work();
  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace patchbay::transport
