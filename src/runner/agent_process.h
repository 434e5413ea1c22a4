#pragma once

#include <optional>
#include <string>

#include "patchbay/base/clock.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/process.h"
#include "patchbay/runner/turn.h"
#include "runner/turn_cgroup.h"

namespace patchbay::runner {

/// The agent and everything it starts, as children of this (sub-reaper) process.
///
/// Stopping goes SIGINT, SIGTERM, SIGKILL: the agent itself must hear SIGINT first, because its commands run in
/// sessions of their own that only it can reach. What is left then is swept by killing the turn's control
/// group, where there is one, and by walking our descendants.
class AgentProcess {
 public:
  AgentProcess(const TurnLimits& limits, TurnCgroup& cgroup) : limits_(limits), cgroup_(cgroup) {}

  /// Starts the agent, in the turn's control group if this process is in that, and leaves the group; `out` and `err`
  /// become the reading ends of its streams.
  Status start(const TurnOrder& order, os::Fd* in, os::Fd* out, os::Fd* err);

  bool running() const { return child_.running(); }
  std::optional<os::ExitStatus> exit_status() const { return status_; }

  /// Reaps whatever has ended. True when there is no child left, and so no descendant at all: an orphan of ours becomes
  /// our child.
  bool reap();

  /// Begins the stop sequence; a `quick` one waits one second before each step. Further calls change nothing.
  void begin_stop(MonoTime now, bool quick);
  bool stopping() const { return stage_ != Stage::kNone; }
  /// Takes the next step of the sequence when its time has come.
  void advance(MonoTime now);
  /// When `advance` has something to do; max() when nothing.
  MonoTime next_step() const { return stage_ == Stage::kNone ? MonoTime::max() : next_; }

  /// Kills every descendant until none is left or the time is over. True: the tree is empty.
  bool sweep();
  /// One pass of that: true when the tree is empty.
  bool sweep_once();

 private:
  enum class Stage { kNone, kInterrupted, kTerminated, kKilled };

  TurnLimits limits_;
  TurnCgroup& cgroup_;
  os::Child child_;
  pid_t pid_ = 0;
  std::optional<os::ExitStatus> status_;
  Stage stage_ = Stage::kNone;
  bool quick_ = false;
  MonoTime next_ = MonoTime::max();
};

}  // namespace patchbay::runner
