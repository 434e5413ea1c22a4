#pragma once

#include <string>

#include "demo/playground.h"
#include "patchbay/base/cancel.h"
#include "patchbay/os/process.h"

namespace patchbay::demo {

/// `patchbay start` as a child process; ended when destroyed.
class OwnerProcess {
 public:
  /// Starts it on the playground's repository, any free port, with this Codex program, and waits until it says that it
  /// is ready.
  ///
  /// kCancelled when `interrupted`; kTimeout; kSpawnFailed when it ended by itself. The last lines of its log
  /// are in the error's hint.
  static Result<OwnerProcess> start(const std::string& program, const std::string& codex, const Playground& playground,
                                    const os::Environment& env, std::chrono::milliseconds limit,
                                    const CancelToken& interrupted);

  OwnerProcess(OwnerProcess&&) noexcept = default;
  OwnerProcess& operator=(OwnerProcess&&) = delete;
  ~OwnerProcess() { (void)stop(); }

  int port() const { return port_; }
  /// Asks it to end and waits; false when it had to be killed.
  bool stop();

 private:
  OwnerProcess(os::Child child, std::string log) : child_(std::move(child)), log_(std::move(log)) {}
  Error early_end() const;

  os::Child child_;
  std::string log_;
  int port_ = 0;
};

/// The last lines of a log; empty when there is none.
std::string log_tail(const std::string& path);

}  // namespace patchbay::demo
