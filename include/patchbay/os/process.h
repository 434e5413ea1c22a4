#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::os {

using Environment = std::map<std::string, std::string>;

/// This process's environment.
Environment current_environment();

/// How a process ended.
struct ExitStatus {
  bool signalled = false;
  int code = 0;  ///< exit code, or the signal's number
};

/// One descriptor to hand to a child under a fixed number (3 and up).
struct PassedFd {
  int fd;
  int number;
};

struct SpawnOptions {
  std::vector<std::string> argv;     ///< argv[0] is an absolute path, or a name looked up in `env`'s PATH
  std::optional<Environment> env{};  ///< absent: this process's environment
  std::string cwd{};                 ///< empty: unchanged
  int stdin_fd = -1;                 ///< -1: /dev/null
  int stdout_fd = -1;                ///< -1: /dev/null
  int stderr_fd = -1;                ///< -1: /dev/null
  std::vector<PassedFd> passed{};    ///< every other descriptor is closed in the child
  bool new_session = true;           ///< setsid, so the child leads its own session and group
  /// Signal the child gets when this process dies; 0: none. It is tied to the spawning *thread*, and the child is
  /// made with fork(), so only a single-threaded program may ask for it (SEC:S6).
  int death_signal = 0;
  // The rest only together with `death_signal`.
  int file_mask = -1;          ///< umask of the child; -1: ours
  std::size_t open_files = 0;  ///< soft limit of open descriptors; 0: ours
  /// No core dumps, and the first to go when the machine runs out of memory (SEC:C12).
  bool expendable = false;
};

/// Names one process for ever: a recycled pid has another start time, another boot another id.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string boot_id;

  std::string to_string() const;  ///< "<boot id>:<start ticks>"
};

/// Identity of a live process; kNotFound when there is none with that pid.
Result<ProcessIdentity> identify(pid_t pid);
/// True while exactly this process exists and is not a zombie.
bool is_alive(const ProcessIdentity& id);

/// A child process. Destroying a running child kills it and waits for it (`detach` prevents that).
///
/// Signals go through a pidfd, so they can never hit another process. Not thread-safe.
class Child {
 public:
  /// posix_spawn with default signal dispositions and mask, and only descriptors 0, 1, 2 and `passed`.
  /// kCodexCliMissing is not used here: a missing program is kNotFound, anything else kSpawnFailed.
  static Result<Child> spawn(const SpawnOptions& options);

  Child() = default;
  Child(Child&&) noexcept;
  Child& operator=(Child&&) noexcept;
  ~Child();

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  ///< readable when the child has ended
  bool running() const { return pid_ > 0; }

  Status signal(int signo);
  Status signal_group(int signo);  ///< the child's process group; it leads one when `new_session`
  /// Reaps the child if it has ended.
  std::optional<ExitStatus> try_wait();
  ExitStatus wait();
  /// Waits until the deadline.
  std::optional<ExitStatus> wait_until(MonoTime deadline);
  /// Gives the process up: it is neither killed nor waited for.
  void detach();

 private:
  pid_t pid_ = 0;
  Fd pidfd_;
};

/// Gives a child up like detach(), but does not leave a zombie when it ends before we do. A thread of its own waits for
/// it; no signal of this process is ever delivered there.
void reap_later(Child child);

/// Sends a signal to exactly this process; false when it is gone.
bool signal_exact(const ProcessIdentity& id, int signo);

/// All live descendants of a process, children first (from /proc). For a sub-reaper this is everything it
/// ever started that still lives.
std::vector<pid_t> descendants(pid_t root);

/// Absolute path of a program on `path_list` ("a:b:c"), or empty.
std::string find_program(const std::string& name, const std::string& path_list);

/// Path of the running executable.
std::string self_executable();

struct RunResult {
  ExitStatus status;
  bool timed_out = false;
  std::string out, err;  ///< at most `limit` bytes of each
  bool out_truncated = false, err_truncated = false;
};

/// Runs a short helper to its end: captures both streams up to `limit` bytes each (the rest is drained and
/// dropped), kills the group at the deadline. `input` is written to its standard input.
Result<RunResult> run(SpawnOptions options, std::string_view input, MonoTime deadline, std::size_t limit = 1u << 20);

}  // namespace patchbay::os
