#include "transport/task_threads.h"

#include <system_error>

#include "patchbay/base/log.h"

namespace patchbay::transport {

TaskThreads::~TaskThreads() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool TaskThreads::run(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  if (queue_.size() >= limit_) return false;
  queue_.push_back(std::move(task));
  if (idle_ < queue_.size() && threads_.size() < limit_ && !add_thread() && threads_.empty()) {
    queue_.pop_back();
    return false;
  }
  changed_.notify_one();
  return true;
}

bool TaskThreads::add_thread() {
  try {
    threads_.emplace_back([this] { work(); });
    return true;
  } catch (const std::system_error& e) {
    log::warn("no further thread for a client's calls: {}", e.what());
    return false;
  }
}

void TaskThreads::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    auto task = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace patchbay::transport
