#pragma once

#include "patchbay/base/clock.h"

namespace patchbay::runner {

/// Limits are given in seconds with fractions; the clock counts in its own unit.
inline MonoTime::duration seconds(double s) {
  return std::chrono::duration_cast<MonoTime::duration>(std::chrono::duration<double>(s));
}

}  // namespace patchbay::runner
