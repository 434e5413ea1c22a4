#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "patchbay/base/clock.h"

namespace patchbay::mcp {

/// One thread that runs callbacks at given times.
///
/// Threads: any. A callback holds up those behind it, so where deadlines are kept it must not block. An exception
/// of a callback is logged. Runs on the steady clock of the machine.
class Timers {
 public:
  Timers();
  ~Timers();  ///< drops what is pending and joins
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  /// Keeps one callback pending while it lives. Its destructor waits for a callback that is running right
  /// now.
  class Pending {
   public:
    Pending() = default;
    Pending(Pending&& other) noexcept : owner_(other.owner_), key_(other.key_) { other.owner_ = nullptr; }
    Pending& operator=(Pending&& other) noexcept;
    ~Pending() { cancel(); }
    void cancel();

   private:
    friend class Timers;
    using Key = std::pair<MonoTime, std::uint64_t>;
    Timers* owner_ = nullptr;
    Key key_;
  };

  [[nodiscard]] Pending at(MonoTime when, std::function<void()> callback);
  /// Drops what is pending and joins; what is asked for later never runs. Once, by the owner.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Pending::Key, std::function<void()>> pending_;
  std::uint64_t next_ = 0;
  std::uint64_t running_ = 0;               ///< number of the callback that runs, plus one
  MonoTime waits_until_ = MonoTime::min();  ///< what the thread sleeps towards
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace patchbay::mcp
