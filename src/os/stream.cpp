#include "patchbay/os/stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace patchbay::os {
namespace {

/// A pipe that is writable takes at least this much at once.
constexpr std::size_t kPipePiece = 4096;
constexpr std::chrono::milliseconds kLookForStop{250};

int poll_until(std::vector<pollfd>& fds, MonoTime deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<long long>(left, 0, 60'000)));
    if (n != 0 && !(n < 0 && errno == EINTR)) return n;
    if (left <= 0) return 0;
  }
}

}  // namespace

Result<std::string> read_some(int fd, std::size_t limit) {
  std::string out(limit, '\0');
  for (;;) {
    const ssize_t n = ::read(fd, out.data(), out.size());
    if (n >= 0) {
      out.resize(static_cast<std::size_t>(n));
      return out;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd p{fd, POLLIN, 0};
      ::poll(&p, 1, -1);
    } else if (errno != EINTR) {
      return errno_error(errno, "reading");
    }
  }
}

Result<int> wait_any_readable(const std::vector<int>& fds, MonoTime deadline) {
  std::vector<pollfd> polled;
  for (int fd : fds) polled.push_back({fd, POLLIN, 0});
  const int n = poll_until(polled, deadline);
  if (n < 0) return errno_error(errno, "waiting for input");
  const auto ready = std::ranges::find_if(polled, [](const pollfd& p) { return p.revents != 0; });
  return ready == polled.end() ? -1 : static_cast<int>(ready - polled.begin());
}

Status write_all_until(int fd, std::string_view data, MonoTime deadline, const CancelToken& stop) {
  while (!data.empty()) {
    if (stop.cancelled()) return Error{ErrorCode::kCancelled, "Nobody wants this written any more.", {}, {}};
    std::vector<pollfd> polled{{fd, POLLOUT, 0}};
    const MonoTime now = std::chrono::steady_clock::now();
    const int ready = poll_until(polled, std::min(deadline, now + kLookForStop));
    if (ready < 0) return errno_error(errno, "waiting to write");
    if (ready == 0 && now >= deadline) return Error{ErrorCode::kTimeout, "The other side does not read.", {}, {}};
    if (ready == 0) continue;
    ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == ENOTSOCK) n = ::write(fd, data.data(), std::min(data.size(), kPipePiece));
    if (n < 0) {
      if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) continue;
      return errno_error(errno, "writing");
    }
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status redirect(int from, int to) {
  if (::dup2(from, to) < 0) return errno_error(errno, "redirecting a descriptor");
  return {};
}

void end_writing(int socket) { ::shutdown(socket, SHUT_WR); }

void end_both(int socket) { ::shutdown(socket, SHUT_RDWR); }

pid_t parent_pid() { return ::getppid(); }

Result<Wake> Wake::create() {
  Wake wake;
  wake.pipe_ = PB_TRY(make_pipe());
  set_nonblocking(wake.pipe_.write.get(), true);
  set_nonblocking(wake.pipe_.read.get(), true);
  return wake;
}

void Wake::wake() {
  // A full pipe has woken the reader already.
  [[maybe_unused]] const ssize_t n = ::write(pipe_.write.get(), "w", 1);
}

void Wake::clear() {
  char bytes[64];
  while (::read(pipe_.read.get(), bytes, sizeof bytes) > 0) {
  }
}

}  // namespace patchbay::os
