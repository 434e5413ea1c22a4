#pragma once

#include <chrono>
#include <iosfwd>
#include <string>

#include "patchbay/base/cancel.h"

namespace patchbay::demo {

struct DemoOptions {
  bool live = false;         ///< work with the user's own Codex login in place of the scripted model
  bool keep = false;         ///< leave the folders of the demo behind
  bool terminal = false;     ///< `out` is a terminal that shows colours and lines rewritten in place
  std::string program = {};  ///< patchbay; empty: this very program
  std::string codex = {};    ///< the Codex CLI; empty: the one scripts/demo installs, else the one on PATH
  std::string folder =
      "/var/tmp";  ///< where the demo's own folder is made; not /tmp, which sandboxed commands may write
  std::chrono::seconds start_limit{30};
  std::chrono::seconds turn_limit{0};  ///< 0: 3 minutes scripted, 15 minutes live
  CancelToken interrupted = {};        ///< flipped by the caller's signal handling: stops everything and cleans up
};

/// The guided first run: makes a throw-away repository, starts PatchBay on it as a child process, and does
/// over HTTP what a chat client does - self test, open the workspace, start a worker, wait, read its report
/// and diff, preview, integrate, stop. Every step is told on `out`.
///
/// Returns the exit status: 0, the status of the error's code, or 1. Whatever happens, the processes are
/// ended and, unless `keep`, the folders removed before it returns.
int run_demo(const DemoOptions& options, std::ostream& out);

}  // namespace patchbay::demo
