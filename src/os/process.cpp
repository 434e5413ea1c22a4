#include "patchbay/os/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <thread>
#include <utility>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

extern char** environ;

namespace patchbay::os {
namespace {

constexpr int kFirstPassable = 3;

const std::string& boot_id() {
  static const std::string id = [] {
    auto text = read_file("/proc/sys/kernel/random/boot_id", 128);
    return text ? std::string(trim(*text)) : std::string("unknown");
  }();
  return id;
}

struct ProcStat {
  char state = '?';
  pid_t parent = 0;
  std::uint64_t start_ticks = 0;
};

std::optional<ProcStat> read_stat(pid_t pid) {
  auto text = read_file("/proc/" + std::to_string(pid) + "/stat", 8192);
  if (!text) return std::nullopt;
  // The command name may hold anything, also parentheses: fields start after the last one.
  const std::size_t close = text->rfind(')');
  if (close == std::string::npos || close + 2 >= text->size()) return std::nullopt;
  const auto fields = split(std::string_view(*text).substr(close + 2), ' ');
  if (fields.size() < 20) return std::nullopt;
  ProcStat s;
  s.state = fields[0].empty() ? '?' : fields[0][0];
  s.parent = static_cast<pid_t>(std::strtol(std::string(fields[1]).c_str(), nullptr, 10));
  s.start_ticks = std::strtoull(std::string(fields[19]).c_str(), nullptr, 10);
  return s;
}

Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

/// Between fork and exec: nothing here may allocate or lock. What is refused is left as it was.
void limit_child(const SpawnOptions& options) {
  if (options.file_mask >= 0) ::umask(static_cast<mode_t>(options.file_mask));
  if (options.open_files > 0) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
      files.rlim_cur = std::min<rlim_t>(options.open_files, files.rlim_max);
      ::setrlimit(RLIMIT_NOFILE, &files);
    }
  }
  if (!options.expendable) return;
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score < 0) return;
  (void)!::write(score, "500", 3);
  ::close(score);
}

/// The same as the posix_spawn call in Child::spawn, with a parent-death signal. The result of exec travels back
/// through a pipe that closes when exec succeeds.
int fork_exec(const std::string& program, const SpawnOptions& options, const std::vector<std::pair<Fd, int>>& moves,
              int last, char* const* argv, char* const* envp, pid_t* pid) {
  auto report = make_pipe();
  if (!report) return EMFILE;
  const pid_t parent = ::getpid();
  *pid = ::fork();
  if (*pid < 0) return errno;
  if (*pid == 0) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signo = 1; signo < NSIG; ++signo) ::signal(signo, SIG_DFL);
    if (options.new_session) ::setsid();
    limit_child(options);
    ::prctl(PR_SET_PDEATHSIG, options.death_signal);
    if (::getppid() != parent) ::_exit(127);  // the parent died before the signal was set
    for (const auto& [fd, number] : moves) ::dup2(fd.get(), number);
    const int status = ::fcntl(report->write.get(), F_DUPFD_CLOEXEC, last + 1);
    ::close_range(static_cast<unsigned>(last + 1), static_cast<unsigned>(status - 1), 0);
    ::close_range(static_cast<unsigned>(status + 1), ~0u, 0);
    if (options.cwd.empty() || ::chdir(options.cwd.c_str()) == 0) ::execve(program.c_str(), argv, envp);
    const int failed = errno;
    (void)!::write(status, &failed, sizeof failed);
    ::_exit(127);
  }
  report->write.reset();
  int failed = 0;
  ssize_t got = 0;
  do {
    got = ::read(report->read.get(), &failed, sizeof failed);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof failed) return 0;
  ::waitpid(*pid, nullptr, 0);
  return failed;
}

ExitStatus from_wait(int status) {
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
  return {false, WEXITSTATUS(status)};
}

}  // namespace

Environment current_environment() {
  Environment env;
  for (char** e = environ; e != nullptr && *e != nullptr; ++e) {
    const std::string_view entry = *e;
    const std::size_t eq = entry.find('=');
    if (eq != std::string_view::npos && eq > 0) env.emplace(entry.substr(0, eq), entry.substr(eq + 1));
  }
  return env;
}

std::string ProcessIdentity::to_string() const { return boot_id + ":" + std::to_string(start_ticks); }

Result<ProcessIdentity> identify(pid_t pid) {
  const auto s = read_stat(pid);
  if (!s) return Error{ErrorCode::kNotFound, "no such process", {}, {}};
  return ProcessIdentity{pid, s->start_ticks, boot_id()};
}

bool is_alive(const ProcessIdentity& id) {
  if (id.pid <= 0 || id.boot_id != boot_id()) return false;
  const auto s = read_stat(id.pid);
  return s && s->start_ticks == id.start_ticks && s->state != 'Z' && s->state != 'X';
}

bool signal_exact(const ProcessIdentity& id, int signo) {
  // The pidfd pins the process; the identity is checked after it was opened, so the pid cannot be reused
  // between the check and the signal.
  const Fd pidfd = open_pidfd(id.pid);
  if (!pidfd || !is_alive(id)) return false;
  return ::syscall(SYS_pidfd_send_signal, pidfd.get(), signo, nullptr, 0) == 0;
}

Result<Child> Child::spawn(const SpawnOptions& options) {
  if (options.argv.empty()) return Error{ErrorCode::kInternal, "nothing to run", {}, {}};
  const Environment env = options.env ? *options.env : current_environment();
  std::string program = options.argv[0];
  if (program.find('/') == std::string::npos) {
    const auto path = env.find("PATH");
    program = find_program(program, path == env.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second);
  }
  if (program.empty() || ::access(program.c_str(), X_OK) != 0) {
    return Error{
        ErrorCode::kNotFound, "the program " + base_name(options.argv[0]) + " was not found", {}, options.argv[0]};
  }

  // Passed descriptors are first moved above every target number, so that no dup2 overwrites a source.
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return errno_error(errno, "opening /dev/null");
  const int highest = kFirstPassable + 64;
  const auto lifted = [&](int fd) { return Fd(::fcntl(fd < 0 ? null.get() : fd, F_DUPFD_CLOEXEC, highest)); };
  std::vector<std::pair<Fd, int>> moves;
  moves.emplace_back(lifted(options.stdin_fd), 0);
  moves.emplace_back(lifted(options.stdout_fd), 1);
  moves.emplace_back(lifted(options.stderr_fd), 2);
  int last = 2;
  for (const PassedFd& p : options.passed) {
    moves.emplace_back(lifted(p.fd), p.number);
    last = std::max(last, p.number);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  bool prepared = true;
  for (const auto& [fd, number] : moves) {
    prepared = prepared && fd && posix_spawn_file_actions_adddup2(&actions, fd.get(), number) == 0;
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, last + 1);
  if (!options.cwd.empty()) posix_spawn_file_actions_addchdir_np(&actions, options.cwd.c_str());
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (options.new_session) flags |= POSIX_SPAWN_SETSID;
  posix_spawnattr_setflags(&attributes, flags);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);

  std::vector<char*> argv;
  for (const std::string& a : options.argv) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> env_text;
  for (const auto& [k, v] : env) env_text.push_back(k + "=" + v);
  std::vector<char*> envp;
  for (const std::string& e : env_text) envp.push_back(const_cast<char*>(e.c_str()));
  envp.push_back(nullptr);

  pid_t pid = 0;
  int err = EMFILE;
  if (prepared && options.death_signal != 0) {
    err = fork_exec(program, options, moves, last, argv.data(), envp.data(), &pid);
  } else if (prepared) {
    err = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), envp.data());
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (err != 0) {
    const char* name = strerrorname_np(err);
    return Error{ErrorCode::kSpawnFailed,
                 "starting " + base_name(options.argv[0]) + " failed: " + (name != nullptr ? name : "unknown error"),
                 "Try again; if it fails again, check the limits of the machine.", program};
  }
  Child child;
  child.pid_ = pid;
  child.pidfd_ = open_pidfd(pid);
  return child;
}

Child::Child(Child&& o) noexcept : pid_(std::exchange(o.pid_, 0)), pidfd_(std::move(o.pidfd_)) {}

Child& Child::operator=(Child&& o) noexcept {
  if (this != &o) {
    if (pid_ > 0) {
      (void)signal(SIGKILL);
      wait();
    }
    pid_ = std::exchange(o.pid_, 0);
    pidfd_ = std::move(o.pidfd_);
  }
  return *this;
}

Child::~Child() {
  if (pid_ > 0) {
    (void)signal(SIGKILL);
    wait();
  }
}

Status Child::signal(int signo) {
  // An unreaped child keeps its pid, so kill() cannot hit a stranger either.
  if (pid_ <= 0 || ::kill(pid_, signo) != 0) return Error{ErrorCode::kNotFound, "the process has ended", {}, {}};
  return {};
}

Status Child::signal_group(int signo) {
  if (pid_ <= 0 || ::kill(-pid_, signo) != 0) return Error{ErrorCode::kNotFound, "the process has ended", {}, {}};
  return {};
}

std::optional<ExitStatus> Child::try_wait() {
  if (pid_ <= 0) return std::nullopt;
  int status = 0;
  const pid_t got = ::waitpid(pid_, &status, WNOHANG);
  if (got != pid_) return std::nullopt;
  pid_ = 0;
  pidfd_.reset();
  return from_wait(status);
}

ExitStatus Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  pidfd_.reset();
  return from_wait(status);
}

std::optional<ExitStatus> Child::wait_until(MonoTime deadline) {
  if (auto done = try_wait()) return done;
  if (pidfd_) (void)wait_readable(pidfd_.get(), deadline);
  return try_wait();
}

void Child::detach() {
  pid_ = 0;
  pidfd_.reset();
}

void reap_later(Child child) {
  // Blocked before the thread exists, which inherits it: a SignalQueue that is opened later must get every signal.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([left = std::move(child)]() mutable { left.wait(); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

std::vector<pid_t> descendants(pid_t root) {
  std::map<pid_t, std::vector<pid_t>> children;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return {};
  while (const dirent* entry = ::readdir(proc)) {
    const pid_t pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid <= 0) continue;
    const auto s = read_stat(pid);
    if (s && s->state != 'Z' && s->state != 'X') children[s->parent].push_back(pid);
  }
  ::closedir(proc);
  std::vector<pid_t> order{root};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto it = children.find(order[i]);
    if (it != children.end()) order.insert(order.end(), it->second.begin(), it->second.end());
  }
  order.erase(order.begin());
  std::reverse(order.begin(), order.end());
  return order;
}

std::string find_program(const std::string& name, const std::string& path_list) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : std::string();
  for (const std::string_view dir : split(path_list, ':')) {
    if (!dir.starts_with('/')) continue;  // never the current directory
    std::string candidate = join(dir, name);
    if (::access(candidate.c_str(), X_OK) == 0 && !is_directory(candidate)) return candidate;
  }
  return {};
}

std::string self_executable() {
  auto path = real_path("/proc/self/exe");
  return path ? *path : std::string();
}

Result<RunResult> run(SpawnOptions options, std::string_view input, MonoTime deadline, std::size_t limit) {
  Pipe in = PB_TRY(make_pipe());
  Pipe out = PB_TRY(make_pipe());
  Pipe err = PB_TRY(make_pipe());
  options.stdin_fd = in.read.get();
  options.stdout_fd = out.write.get();
  options.stderr_fd = err.write.get();
  Child child = PB_TRY(Child::spawn(options));
  in.read.reset();
  out.write.reset();
  err.write.reset();
  set_nonblocking(in.write.get(), true);
  if (input.empty()) in.write.reset();

  RunResult result;
  const auto keep = [limit](Fd& fd, std::string& text, bool& truncated) {
    char buffer[65536];
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n <= 0) {
      if (n == 0 || errno != EINTR) fd.reset();
      return;
    }
    const std::size_t room = limit - text.size();
    text.append(buffer, std::min(room, static_cast<std::size_t>(n)));
    truncated = truncated || static_cast<std::size_t>(n) > room;
  };
  while (out.read || err.read) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      result.timed_out = true;
      break;
    }
    pollfd fds[3] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {in.write.get(), POLLOUT, 0}};
    if (::poll(fds, 3, static_cast<int>(std::min<long long>(left, 60'000))) < 0 && errno != EINTR) break;
    if (fds[0].revents != 0) keep(out.read, result.out, result.out_truncated);
    if (fds[1].revents != 0) keep(err.read, result.err, result.err_truncated);
    if (in.write && fds[2].revents != 0) {
      const ssize_t n = ::write(in.write.get(), input.data(), input.size());
      if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
      if (input.empty() || (n < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
    }
  }
  if (!result.timed_out) {
    if (auto status = child.wait_until(deadline)) {
      result.status = *status;
      return result;
    }
    result.timed_out = true;
  }
  (void)child.signal_group(SIGKILL);
  (void)child.signal(SIGKILL);
  result.status = child.wait();
  return result;
}

}  // namespace patchbay::os
