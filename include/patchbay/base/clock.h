#pragma once

#include <chrono>
#include <string>

namespace patchbay {

using WallTime = std::chrono::system_clock::time_point;
using MonoTime = std::chrono::steady_clock::time_point;

/// Where time comes from. Wall time is for records and people, monotonic time for every limit and order.
/// Threads: every method may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual MonoTime mono() const = 0;
};

/// The machine's clock. One object for the whole program.
const Clock& system_clock();

/// Seconds since the epoch with fraction, as records and replies show time.
double epoch_seconds(WallTime t);
WallTime from_epoch_seconds(double s);

/// UTC, "2026-11-21T10:00:00Z".
std::string iso8601(WallTime t);

}  // namespace patchbay
