#include "rg_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "patchbay/os/process.h"

namespace patchbay::workspace {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kMaxErrors = 64 * 1024;
constexpr int kDirectoryFd = 3;

/// What ripgrep may know: where global ignore files lie, and nothing that changes what it does.
os::Environment small_environment() {
  os::Environment env;
  for (const auto& [name, value] : os::current_environment()) {
    for (const std::string_view kept : {"PATH", "HOME", "XDG_CONFIG_HOME", "LANG", "LC_ALL", "TMPDIR"}) {
      if (name == kept) env.emplace(name, value);
    }
  }
  return env;
}

/// Reads once; false at the end of the stream.
bool read_some(os::Fd& fd, char* buffer, std::string_view* got) {
  const ssize_t n = ::read(fd.get(), buffer, kReadBytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
    *got = {};
    return true;
  }
  if (n <= 0) {
    fd.reset();
    return false;
  }
  *got = std::string_view(buffer, static_cast<std::size_t>(n));
  return true;
}

int milliseconds_until(MonoTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - system_clock().mono()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 60'000));
}

}  // namespace

Result<RgRun> run_ripgrep(const std::vector<std::string>& argv, int directory, RgListener& listener, MonoTime deadline,
                          const CancelToken& cancel) {
  os::Pipe out = PB_TRY(os::make_pipe());
  os::Pipe err = PB_TRY(os::make_pipe());
  // Shared with the callback, which may still run when this call is over.
  const auto wake = std::make_shared<os::Pipe>(PB_TRY(os::make_pipe()));
  ::fcntl(out.read.get(), F_SETPIPE_SZ, kPipeBytes);
  const auto registration = cancel.on_cancel([wake] { (void)!::write(wake->write.get(), "x", 1); });

  os::SpawnOptions options;
  options.argv = argv;
  options.env = small_environment();
  options.stdout_fd = out.write.get();
  options.stderr_fd = err.write.get();
  options.passed = {{directory, kDirectoryFd}};
  options.cwd = "/proc/self/fd/" + std::to_string(kDirectoryFd);
  auto child = os::Child::spawn(options);
  if (!child) {
    return Error{ErrorCode::kSearchFailed, "The search program ripgrep could not be started.",
                 "Install the package ripgrep on the machine that runs PatchBay.",
                 child.error().message + " " + child.error().detail};
  }
  out.write.reset();
  err.write.reset();

  RgRun run;
  RgStream stream(listener);
  const std::unique_ptr<char[]> buffer(new char[kReadBytes]);  // not zeroed: most answers are short
  const auto stop = [&](RgEnd end) {
    run.end = end;
    (void)child->signal_group(SIGKILL);
    (void)child->signal(SIGKILL);
    child->wait();
    return run;
  };
  while (out.read || err.read) {
    pollfd fds[3] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {wake->read.get(), POLLIN, 0}};
    const int wait = milliseconds_until(deadline);
    if (wait == 0) return stop(RgEnd::kTimedOut);
    if (::poll(fds, 3, wait) < 0 && errno != EINTR) return stop(RgEnd::kCancelled);
    if (fds[2].revents != 0) return stop(RgEnd::kCancelled);
    std::string_view got;
    if (out.read && fds[0].revents != 0 && read_some(out.read, buffer.get(), &got) && !stream.feed(got)) {
      return stop(RgEnd::kStopped);
    }
    if (err.read && fds[1].revents != 0 && read_some(err.read, buffer.get(), &got)) {
      run.errors.append(got, 0, kMaxErrors - std::min(kMaxErrors, run.errors.size()));
    }
  }
  const auto status = child->wait_until(deadline);
  if (!status) return stop(RgEnd::kTimedOut);
  if (status->signalled) {
    return Error{ErrorCode::kSearchFailed, "The search program ended unexpectedly.", "Try again.",
                 "signal " + std::to_string(status->code)};
  }
  run.exit_code = status->code;
  return run;
}

}  // namespace patchbay::workspace
