#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/os/fd.h"
#include "patchbay/os/process.h"
#include "patchbay/runner/turn.h"

namespace patchbay::runner {

/// Starts turns. A program takes longer to load than everything else between a request and its agent, so one runner is
/// kept that is loaded and only waits for its order; it ends with us when none comes.
///
/// Threads: any.
class Launcher {
 public:
  /// `runner_argv`: for example {"/usr/bin/patchbay", "run-turn"}.
  explicit Launcher(std::vector<std::string> runner_argv) : argv_(std::move(runner_argv)) {}
  ~Launcher();
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;

  /// Gives a runner the order, and the `repo_locks`, which it holds until it ends. It sees none of our environment but
  /// what such a program needs; the agent's travels in the order. Returns after the runner confirmed that it holds the
  /// order, prompt included; kSpawnFailed otherwise, and then nothing runs. `detach` the child before destroying it, or
  /// it is killed.
  Result<os::Child> start(const TurnOrder& order, const std::vector<int>& repo_locks);

  /// Loads the next runner unless one waits. What fails here is found out again, and told, by start().
  void prepare();

 private:
  struct Runner {
    os::Child process;
    os::Fd socket;
  };

  Result<Runner> load() const;
  std::optional<Runner> take_spare();
  static Result<os::Child> confirmed(Runner runner);

  const std::vector<std::string> argv_;
  std::mutex mutex_;
  std::optional<Runner> spare_;  ///< guarded by mutex_
};

}  // namespace patchbay::runner
