#pragma once

#include <optional>
#include <string>

#include "patchbay/base/result.h"

namespace patchbay::runner {

/// A control group of the second version that holds the agent and all that it starts, whatever sessions and parents
/// they take: one write kills them all, also those that are born meanwhile, and the kernel says whether any is left.
///
/// It is made inside our own group, where that is ours to write (a delegated scope of the service manager, or root).
/// Without one everything works as it does elsewhere: by walking our descendants.
///
/// Threads: the runner has one.
class TurnCgroup {
 public:
  TurnCgroup() = default;
  ~TurnCgroup() {
    leave();
    remove();
  }
  TurnCgroup(const TurnCgroup&) = delete;
  TurnCgroup& operator=(const TurnCgroup&) = delete;

  /// Makes the group below `parent`, the folder of our own group. Nothing happens where that cannot be written. Also
  /// removes the groups that runners left behind which were killed.
  void open(const std::string& parent);
  /// Moves this process in, so that what it starts next is born there, and out again. Each way takes the kernel many
  /// milliseconds. Both do nothing without a group, or when we are there already; when the way out is barred the group
  /// is given up.
  void enter();
  void leave();

  bool active() const { return !dir_.empty(); }
  /// Kills everything in the group. False where the kernel cannot.
  bool kill() const;
  /// Whether no process is in the group; true without one.
  bool empty() const;
  /// Removes the empty group.
  void remove();

 private:
  std::string parent_, dir_;
  bool inside_ = false;
};

/// The folder of the group that this process is in, by the mounts and membership that `proc` ("/proc/self") tells;
/// empty without the second version.
std::string own_cgroup(const std::string& proc = "/proc/self");

}  // namespace patchbay::runner
