#include "patchbay/mcp/timers.h"

#include <exception>

#include "patchbay/base/log.h"

namespace patchbay::mcp {
namespace {

void run_guarded(const std::function<void()>& callback) {
  try {
    callback();
  } catch (const std::exception& e) {
    log::error("a timed callback threw: {}", e.what());
  } catch (...) {
    log::error("a timed callback threw something that is no exception");
  }
}

}  // namespace

Timers::Timers() : thread_([this] { run(); }) {}

Timers::~Timers() { stop(); }

void Timers::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Timers::Pending Timers::at(MonoTime when, std::function<void()> callback) {
  Pending pending;
  pending.owner_ = this;
  bool sooner = false;
  {
    std::lock_guard lock(mutex_);
    pending.key_ = {when, next_++};
    pending_.emplace(pending.key_, std::move(callback));
    // Most callbacks are cancelled long before their time; the thread is not woken for each of them.
    sooner = when < waits_until_;
  }
  if (sooner) changed_.notify_all();
  return pending;
}

Timers::Pending& Timers::Pending::operator=(Pending&& other) noexcept {
  cancel();
  owner_ = std::exchange(other.owner_, nullptr);
  key_ = other.key_;
  return *this;
}

void Timers::Pending::cancel() {
  if (owner_ == nullptr) return;
  Timers& timers = *std::exchange(owner_, nullptr);
  std::unique_lock lock(timers.mutex_);
  if (timers.pending_.erase(key_) > 0) return;
  if (std::this_thread::get_id() == timers.thread_.get_id()) return;
  timers.changed_.wait(lock, [&] { return timers.running_ != key_.second + 1; });
}

void Timers::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (pending_.empty()) {
      waits_until_ = MonoTime::max();
      changed_.wait(lock);
      waits_until_ = MonoTime::min();
      continue;
    }
    const auto first = pending_.begin();
    if (first->first.first > std::chrono::steady_clock::now()) {
      waits_until_ = first->first.first;
      changed_.wait_until(lock, waits_until_);
      waits_until_ = MonoTime::min();
      continue;
    }
    auto callback = std::move(first->second);
    running_ = first->first.second + 1;
    pending_.erase(first);
    lock.unlock();
    run_guarded(callback);
    callback = nullptr;
    lock.lock();
    running_ = 0;
    changed_.notify_all();
  }
}

}  // namespace patchbay::mcp
