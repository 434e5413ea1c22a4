#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "app/stop_request.h"
#include "patchbay/base/result.h"

namespace patchbay::app {

/// How its requests can be told from those of clients.
inline constexpr char kWatchdogAgent[] = "patchbay-watchdog";

/// Notices that the owner does not serve any more although it runs, and says so once (SEC:S15).
///
/// It asks as a client would, from outside: what it asks are the loops that accept and answer. An answer counts
/// whatever it is; only silence is a strike. Strikes are counted instead of time, so that a process that was stopped or
/// a machine that slept is not taken for one that hangs.
///
/// Threads: one of its own. Destroying it waits for the question that is being asked.
class Watchdog {
 public:
  struct Question {
    std::string about;
    /// kTimeout when nobody answered within that time; anything else is an answer.
    std::function<Status(std::chrono::milliseconds)> ask;
  };
  struct Options {
    std::vector<Question> questions;
    std::chrono::milliseconds every{10'000};
    std::chrono::milliseconds patience{10'000};
    int strikes = 3;  ///< so many silences in a row: a stall of 30 s at least
    /// What does not answer. Called on the watchdog's thread; nothing is asked afterwards.
    std::function<void(const std::string& about)> on_stall;
  };

  explicit Watchdog(Options options);
  ~Watchdog();

 private:
  void run();

  const Options options_;
  StopRequest ending_;
  std::thread thread_;
};

}  // namespace patchbay::app
