#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace patchbay {

/// A one-way switch that a request's owner flips and its work checks.
///
/// Copies share one state. Threads: all methods from any thread. Callbacks run on the cancelling thread,
/// or at once on the registering thread when the token is already cancelled; they must be short.
class CancelToken {
  struct State {
    std::atomic<bool> flag{false};
    std::mutex mutex;
    std::map<int, std::function<void()>> callbacks;
    int next = 0;
  };

 public:
  CancelToken() : state_(std::make_shared<State>()) {}

  bool cancelled() const { return state_->flag.load(std::memory_order_acquire); }

  void cancel() {
    std::map<int, std::function<void()>> run;
    {
      std::lock_guard lock(state_->mutex);
      if (state_->flag.exchange(true)) return;
      run.swap(state_->callbacks);
    }
    for (auto& [id, f] : run) f();
  }

  /// Keeps a callback registered while it lives. A callback that already runs is not waited for.
  class Registration {
   public:
    Registration() = default;
    Registration(Registration&& o) noexcept : state_(std::move(o.state_)), id_(o.id_) { o.state_.reset(); }
    Registration& operator=(Registration&& o) noexcept {
      release();
      state_ = std::move(o.state_);
      id_ = o.id_;
      return *this;
    }
    ~Registration() { release(); }

   private:
    friend class CancelToken;
    void release() {
      if (auto state = state_.lock()) {
        std::lock_guard lock(state->mutex);
        state->callbacks.erase(id_);
      }
      state_.reset();
    }
    std::weak_ptr<State> state_;
    int id_ = -1;
  };

  [[nodiscard]] Registration on_cancel(std::function<void()> f) const {
    Registration r;
    {
      std::lock_guard lock(state_->mutex);
      if (!state_->flag.load()) {
        r.state_ = state_;
        r.id_ = state_->next++;
        state_->callbacks[r.id_] = std::move(f);
        return r;
      }
    }
    f();
    return r;
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace patchbay
