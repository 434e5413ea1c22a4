#include "patchbay/os/program.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "patchbay/os/file.h"

extern char** environ;

namespace patchbay::os {

namespace {

// Written once, before other threads run.
std::optional<mode_t> g_operator_umask;
std::optional<std::size_t> g_original_open_files;

/// Asking umask() would change it under the feet of other threads.
mode_t present_umask() {
  const auto status = read_file("/proc/self/status", 64 * 1024);
  const std::size_t at = status ? status->find("\nUmask:") : std::string::npos;
  if (at == std::string::npos) return 022;
  return static_cast<mode_t>(std::strtoul(status->c_str() + at + 7, nullptr, 8));
}

}  // namespace

void set_private_umask() {
  const mode_t before = ::umask(077);
  if (!g_operator_umask) g_operator_umask = before;
}

mode_t operator_umask() { return g_operator_umask ? *g_operator_umask : present_umask(); }

void fill_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    // The lowest free number is this one, since those below it are open by now.
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF && ::open("/dev/null", O_RDWR) != fd) ::_exit(1);
  }
}

void ignore_sigpipe() { ::signal(SIGPIPE, SIG_IGN); }

std::size_t raise_open_files(std::size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (!g_original_open_files) g_original_open_files = limit.rlim_cur;
  const rlim_t target = std::min<rlim_t>(limit.rlim_max, wanted);
  if (limit.rlim_cur < target) {
    limit.rlim_cur = target;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

std::size_t original_open_files() {
  if (g_original_open_files) return *g_original_open_files;
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

void forbid_memory_access() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void remove_environment(std::string_view prefix) {
  std::vector<std::string> names;
  for (char** e = environ; e != nullptr && *e != nullptr; ++e) {
    const std::string_view entry(*e);
    if (entry.substr(0, prefix.size()) == prefix) names.emplace_back(entry.substr(0, entry.find('=')));
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

void remove_variable(const std::string& name) {
  // The kernel shows the environment of the start to every process of this user, also after unsetenv.
  if (char* value = ::getenv(name.c_str()); value != nullptr) ::explicit_bzero(value, std::strlen(value));
  ::unsetenv(name.c_str());
}

pid_t current_pid() { return ::getpid(); }

void exit_now(int code) { ::_exit(code); }

Result<SignalQueue> SignalQueue::open(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signo : signals) sigaddset(&set, signo);
  if (::pthread_sigmask(SIG_BLOCK, &set, nullptr) != 0) return errno_error(errno, "blocking signals");
  SignalQueue queue;
  queue.fd_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!queue.fd_) return errno_error(errno, "opening the signal queue");
  return queue;
}

std::optional<int> SignalQueue::wait(std::chrono::milliseconds timeout) {
  pollfd p{fd_.get(), POLLIN, 0};
  if (::poll(&p, 1, static_cast<int>(timeout.count())) <= 0) return std::nullopt;
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

Result<LogFile> open_log(const std::string& path, std::size_t keep_bytes) {
  const auto open = [&] {
    return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  };
  LogFile log;
  log.fd = open();
  struct stat st {};
  if (!log.fd || ::fstat(log.fd.get(), &st) != 0) return errno_error(errno, "opening a log", path);
  if (static_cast<std::size_t>(st.st_size) > keep_bytes && ::rename(path.c_str(), (path + ".1").c_str()) == 0) {
    log.fd = open();
    if (!log.fd || ::fstat(log.fd.get(), &st) != 0) return errno_error(errno, "opening a log", path);
  }
  log.size = static_cast<std::size_t>(st.st_size);
  return log;
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

}  // namespace patchbay::os
