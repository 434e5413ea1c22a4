#include "patchbay/os/crash.h"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>

#include "patchbay/base/text.h"

namespace patchbay::os {
namespace {

constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
constexpr int kDeepest = 64;
constexpr std::size_t kThreadName = 16;  // of prctl(PR_GET_NAME)
constexpr std::size_t kSignalStack = 64u << 10;
constexpr std::string_view kTitle = "PatchBay ended by a fatal signal\n";

// Ready before anything goes wrong, and only read afterwards.
std::array<char, PATH_MAX> g_note_path;
std::array<char, 64> g_version;
std::array<char, kSignalStack> g_signal_stack;
std::atomic<int> g_exit_code{1};
std::atomic_flag g_noting;

void put(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void put_line(int fd, std::string_view name, std::string_view value) {
  put(fd, name);
  put(fd, ": ");
  put(fd, value);
  put(fd, "\n");
}

void put_number(int fd, std::string_view name, long long value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  put_line(fd, name, {digits.data(), static_cast<std::size_t>(end - digits.data())});
}

std::string_view name_of_signal(int signo) {
  switch (signo) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGFPE: return "SIGFPE";
    default: return "SIGABRT";
  }
}

void write_note(int signo) {
  const int fd = ::open(g_note_path.data(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::array<char, kThreadName + 1> thread{};
  ::prctl(PR_GET_NAME, thread.data(), 0, 0, 0);
  put(fd, kTitle);
  put_line(fd, "signal", name_of_signal(signo));
  put_number(fd, "time", now.tv_sec);
  put_line(fd, "version", g_version.data());
  put_line(fd, "thread", thread.data());
  put_number(fd, "pid", ::getpid());
  put(fd, "stack:\n");
  // Both were called once before, so neither has to load or allocate anything.
  void* frames[kDeepest];
  ::backtrace_symbols_fd(frames, ::backtrace(frames, kDeepest), fd);
  ::fsync(fd);
  ::close(fd);
}

void on_fatal(int signo) {
  // Whoever fails while one thread writes its note waits for the end that comes.
  if (g_noting.test_and_set()) {
    for (;;) ::pause();
  }
  write_note(signo);
  ::signal(signo, SIG_DFL);
  ::raise(signo);  // blocked until this handler returns
}

void on_alarm(int) { ::_exit(g_exit_code); }

/// backtrace() loads a library on its first call.
void prepare_stacks() {
  void* frames[2];
  [[maybe_unused]] const int depth = ::backtrace(frames, 2);
}

template <std::size_t Size>
bool keep(std::array<char, Size>& where, std::string_view text) {
  if (text.size() >= Size) return false;
  std::copy(text.begin(), text.end(), where.begin());
  where[text.size()] = '\0';
  return true;
}

}  // namespace

Status note_crashes(const std::string& path, std::string_view version) {
  if (!keep(g_note_path, path) || !keep(g_version, version)) {
    return Error{ErrorCode::kInvalidArgument, "the path of the crash note is too long", {}, path};
  }
  prepare_stacks();
  stack_t stack{};
  stack.ss_sp = g_signal_stack.data();
  stack.ss_size = g_signal_stack.size();
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = &on_fatal;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int signo : kFatal) {
    if (::sigaction(signo, &action, nullptr) != 0) return errno_error(errno, "preparing for a crash");
  }
  return {};
}

std::optional<CrashNote> CrashNote::from_text(std::string_view text) {
  if (!text.starts_with(kTitle)) return std::nullopt;
  text.remove_prefix(kTitle.size());
  CrashNote note;
  bool in_stack = false;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(": ");
    if (in_stack) {
      if (!line.empty()) note.stack.emplace_back(line);
    } else if (line == "stack:") {
      in_stack = true;
    } else if (colon != std::string_view::npos) {
      const std::string_view name = line.substr(0, colon), value = line.substr(colon + 2);
      if (name == "signal") note.signal = value;
      if (name == "version") note.version = value;
      if (name == "thread") note.thread = value;
      if (name == "time") std::from_chars(value.data(), value.data() + value.size(), note.unix_time);
    }
  }
  if (note.signal.empty()) return std::nullopt;
  return note;
}

void exit_after(std::chrono::seconds time, int code) {
  g_exit_code = code;
  struct sigaction action {};
  action.sa_handler = &on_alarm;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGALRM, &action, nullptr);
  ::alarm(static_cast<unsigned>(time.count()));
}

}  // namespace patchbay::os
