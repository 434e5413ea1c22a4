#pragma once

#include <functional>
#include <string>

#include "patchbay/app/app.h"

/// One run of the process that owns a home (design.md 3).
namespace patchbay::app {

struct OwnerOptions {
  Program program;
  bool http = true;
  /// Started by a front end: no HTTP, hands over to `start`, leaves when nobody uses it.
  bool background = false;
  /// Descriptor that holds the start gate already, inherited from whoever started this process; -1: none.
  int gate_fd = -1;
  /// Written when the owner serves: its HTTP URL and pid as JSON. Empty: no such file.
  std::string ready_file;
  /// The settings in force as a file, told to whoever has to start the next owner of this home. May be empty.
  std::string runtime_config;
  /// Called when the owner serves.
  std::function<void(const App&)> on_ready;
};

/// Becomes the owner of `launch.home`, serves until it is told to stop, and leaves. Turns go on without it.
///
/// Call from the main thread while no other thread runs; SIGTERM, SIGINT, SIGHUP and SIGQUIT belong to it from then
/// on (SEC:S14). An owner that does not answer any more for 30 s ends the process with exit code 70 (SEC:S15).
/// kOwnerRunning naming pid and port, kPortInUse, kStateTooNew, kConfigRefused; kIoError and kDiskFull
/// when the state directory cannot be locked or written.
Status run_owner(config::Launch launch, const os::Environment& env, const OwnerOptions& options);

/// Settings of every PatchBay process, first thing in main(): private umask, no SIGPIPE.
void prepare_process();

}  // namespace patchbay::app
