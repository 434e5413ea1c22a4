#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace patchbay {

/// A value that can be reached only while its mutex is held.
///
///     Guarded<State> state_;
///     auto state = state_.lock();   // unlocks when `state` leaves its scope
///     state->count++;
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class Value>
  class Access {
   public:
    Access(Value& value, std::mutex& mutex) : value_(value), lock_(mutex) {}
    Value* operator->() const { return &value_; }
    Value& operator*() const { return value_; }
    /// The held lock, for waiting on a condition variable.
    std::unique_lock<std::mutex>& held() { return lock_; }

   private:
    Value& value_;
    std::unique_lock<std::mutex> lock_;
  };

  Access<T> lock() { return {value_, mutex_}; }
  Access<const T> lock() const { return {value_, mutex_}; }

 private:
  T value_;
  mutable std::mutex mutex_;
};

}  // namespace patchbay
