#pragma once

#include <string>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"
#include "rg_stream.h"

namespace patchbay::workspace {

enum class RgEnd {
  kFinished,  ///< by itself
  kStopped,   ///< the listener had enough
  kTimedOut,
  kCancelled,
};

struct RgRun {
  RgEnd end = RgEnd::kFinished;
  int exit_code = 0;   ///< 0 matches, 1 none, 2 an error; of a finished run
  std::string errors;  ///< its standard error, at most 64 KiB
};

/// Runs ripgrep with `directory` as its working directory and hands its records to `listener`. Nothing of it
/// is left when the call returns. kSearchFailed when it cannot be started or dies.
Result<RgRun> run_ripgrep(const std::vector<std::string>& argv, int directory, RgListener& listener, MonoTime deadline,
                          const CancelToken& cancel);

}  // namespace patchbay::workspace
