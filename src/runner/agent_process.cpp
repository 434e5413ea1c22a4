#include "runner/agent_process.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "runner/durations.h"

namespace patchbay::runner {
Status AgentProcess::start(const TurnOrder& order, os::Fd* in, os::Fd* out, os::Fd* err) {
  const Command& command = order.command;
  os::Pipe stdin_pipe, stdout_pipe = PB_TRY(os::make_pipe()), stderr_pipe = PB_TRY(os::make_pipe());
  os::SpawnOptions spawn{.argv = command.argv};
  spawn.env = command.env;
  (*spawn.env)[kMarkerVariable] = order.marker;
  spawn.cwd = command.cwd;
  if (command.prompt_on_stdin) {
    stdin_pipe = PB_TRY(os::make_pipe());
    spawn.stdin_fd = stdin_pipe.read.get();
  }
  spawn.stdout_fd = stdout_pipe.write.get();
  spawn.stderr_fd = stderr_pipe.write.get();
  // SIGINT makes the agent end its commands' groups too, should this process be killed.
  spawn.death_signal = SIGINT;
  // Our own umask keeps state private; what the agent writes are ordinary files of the user.
  spawn.file_mask = static_cast<int>(order.file_mask);
  spawn.open_files = order.open_files;
  spawn.expendable = true;
  auto spawned = os::Child::spawn(spawn);
  cgroup_.leave();
  child_ = PB_TRY(std::move(spawned));
  pid_ = child_.pid();
  *in = std::move(stdin_pipe.write);
  *out = std::move(stdout_pipe.read);
  *err = std::move(stderr_pipe.read);
  return {};
}

bool AgentProcess::reap() {
  if (auto status = child_.try_wait()) status_ = status;
  // Orphans of the agent's commands were handed to us; the agent's own status was taken above.
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return errno == ECHILD;
    if (info.si_pid == 0) return false;
    if (child_.running() && info.si_pid == child_.pid()) {
      if (auto status = child_.try_wait()) status_ = status;
      continue;
    }
    ::waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

void AgentProcess::begin_stop(MonoTime now, bool quick) {
  if (stage_ != Stage::kNone) return;
  quick_ = quick;
  stage_ = Stage::kInterrupted;
  (void)child_.signal(SIGINT);
  next_ = now + seconds(quick ? 1 : limits_.interrupt_seconds);
}

void AgentProcess::advance(MonoTime now) {
  if (stage_ == Stage::kNone || now < next_ || !child_.running()) return;
  if (stage_ == Stage::kInterrupted) {
    stage_ = Stage::kTerminated;
    (void)child_.signal(SIGTERM);
    next_ = now + seconds(quick_ ? 1 : limits_.terminate_seconds);
    return;
  }
  stage_ = Stage::kKilled;
  (void)child_.signal(SIGKILL);
  next_ = now + seconds(1);
}

bool AgentProcess::sweep() {
  const MonoTime deadline = system_clock().mono() + seconds(limits_.sweep_seconds);
  while (!sweep_once()) {
    if (system_clock().mono() >= deadline) return false;
    ::usleep(5'000);
  }
  return true;
}

bool AgentProcess::sweep_once() {
  cgroup_.leave();  // where no agent was started
  // What /proc lists is no proof: pids come round, and a process that is born while we read may not be in it. No child
  // of ours is one; an empty group, where there is one, is another.
  if (reap() && cgroup_.empty()) {
    cgroup_.remove();
    return true;
  }
  (void)cgroup_.kill();
  // Direct or adopted children cannot be recycled before we reap them; deeper ones are pinned by identity.
  for (const pid_t pid : os::descendants(::getpid())) {
    if (const auto id = os::identify(pid)) os::signal_exact(*id, SIGKILL);
  }
  return false;
}

}  // namespace patchbay::runner
