#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace patchbay::app {

/// Why the owner ends, told by whoever is first: a signal, an operator command, or the lack of work.
class StopRequest {
 public:
  void raise(std::string reason) {
    {
      std::lock_guard lock(mutex_);
      if (reason_) return;
      reason_ = std::move(reason);
    }
    raised_.notify_all();
  }

  std::string wait() {
    std::unique_lock lock(mutex_);
    raised_.wait(lock, [this] { return reason_.has_value(); });
    return *reason_;
  }

  /// True when the request came before the time was over.
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return raised_.wait_for(lock, time, [this] { return reason_.has_value(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable raised_;
  std::optional<std::string> reason_;
};

}  // namespace patchbay::app
