#pragma once

#include <chrono>
#include <thread>

#include "patchbay/base/clock.h"

namespace patchbay::testing_support {

/// How long a test waits for what must happen: longer than a busy machine takes, shorter than ctest lets a test run.
inline constexpr std::chrono::seconds kPatience{120};

inline MonoTime end_of_patience() { return system_clock().mono() + kPatience; }

/// Waits for a condition that comes true by itself. False when it did not within the patience.
template <class Condition>
bool eventually(Condition condition) {
  for (const MonoTime end = end_of_patience(); !condition();) {
    if (system_clock().mono() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace patchbay::testing_support
