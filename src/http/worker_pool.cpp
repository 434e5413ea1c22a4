#include "http/worker_pool.h"

#include <system_error>

#include "patchbay/base/log.h"

namespace patchbay::http {
namespace {

constexpr std::chrono::seconds kIdleLife{10};
constexpr std::size_t kKeptThreads = 2;

}  // namespace

WorkerPool::WorkerPool(int max_threads, std::function<void(Work)> serve)
    : max_threads_(max_threads), serve_(std::move(serve)) {}

WorkerPool::~WorkerPool() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  work_ready_.notify_all();
  changed_.wait(lock, [this] { return threads_.empty(); });
  for (std::thread& t : ended_) t.join();
}

bool WorkerPool::submit(Work& work) {
  std::unique_lock lock(mutex_);
  if (stopping_) return false;
  for (std::thread& t : ended_) t.join();  // past its last use of the lock, so this does not wait
  ended_.clear();
  if (queue_.size() < static_cast<std::size_t>(idle_)) {
    queue_.push_back(std::move(work));
    lock.unlock();
    work_ready_.notify_one();
    return true;
  }
  if (threads_.size() >= static_cast<std::size_t>(max_threads_)) return false;
  // Counted as idle until it takes its work, like any other thread.
  const auto self = threads_.emplace(threads_.end());
  try {
    *self = std::thread([this, self] { run(self); });
  } catch (const std::system_error& e) {
    log::warn("no further thread: {}", e.what());
    threads_.erase(self);
    return false;
  }
  ++idle_;
  queue_.push_back(std::move(work));
  return true;
}

void WorkerPool::run(std::list<std::thread>::iterator self) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool woken = work_ready_.wait_for(lock, kIdleLife, [this] { return !queue_.empty() || stopping_; });
    if (!queue_.empty()) {
      Work work = std::move(queue_.front());
      queue_.pop_front();
      --idle_;
      lock.unlock();
      serve_(std::move(work));
      lock.lock();
      ++idle_;
      changed_.notify_all();
    } else if (stopping_ || (!woken && threads_.size() > kKeptThreads)) {
      break;
    }
  }
  --idle_;
  ended_.push_back(std::move(*self));
  threads_.erase(self);
  changed_.notify_all();
}

bool WorkerPool::wait_idle(MonoTime deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline,
                             [this] { return queue_.empty() && idle_ == static_cast<int>(threads_.size()); });
}

int WorkerPool::threads() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(threads_.size());
}

}  // namespace patchbay::http
