#include "patchbay/os/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "patchbay/os/file.h"

namespace patchbay::os {
namespace {

/// Address of `path` through /proc/self/fd, which is short however long the directory's path is.
Result<sockaddr_un> short_address(const Fd& dir, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "/proc/self/fd/" + std::to_string(dir.get()) + "/" + base_name(path);
  if (name.size() >= sizeof address.sun_path) {
    return Error{ErrorCode::kIoError, "the socket's name is too long", {}, path};
  }
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  return address;
}

Result<Fd> open_dir(const std::string& path) {
  Fd dir(::open(parent_of(path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) {
    if (errno == ENOENT) return Error{ErrorCode::kNotFound, "nobody listens", {}, path};
    return errno_error(errno, "opening the socket's folder", path);
  }
  return dir;
}

/// A full queue of the listener makes connect() wait; this is how long at most.
void limit_connecting(int socket, MonoTime deadline) {
  const auto left = std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()),
                             std::chrono::milliseconds(1));
  const timeval limit{.tv_sec = left.count() / 1000, .tv_usec = left.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}
/// Writing on the connection is limited by its users, not by the time connecting had.
void lift_limit(int socket) {
  const timeval none{};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
}

}  // namespace

Result<Fd> listen_unix(const std::string& path) {
  const Fd dir = PB_TRY(open_dir(path));
  const sockaddr_un address = PB_TRY(short_address(dir, path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error(errno, "creating a socket");
  ::unlinkat(dir.get(), base_name(path).c_str(), 0);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return errno_error(errno, "binding the socket", path);
  }
  // Nobody can connect before listen(), so there is no moment at which another user could.
  if (::fchmodat(dir.get(), base_name(path).c_str(), 0600, 0) != 0) {
    return errno_error(errno, "protecting the socket", path);
  }
  if (::listen(fd.get(), 128) != 0) return errno_error(errno, "listening on the socket", path);
  return fd;
}

Result<Fd> connect_unix(const std::string& path, MonoTime deadline) {
  const Fd dir = PB_TRY(open_dir(path));
  const sockaddr_un address = PB_TRY(short_address(dir, path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error(errno, "creating a socket");
  if (deadline != MonoTime::max()) limit_connecting(fd.get(), deadline);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == EAGAIN) return Error{ErrorCode::kTimeout, "too many wait for this socket", {}, path};
    if (errno == ENOENT || errno == ECONNREFUSED) return Error{ErrorCode::kNotFound, "nobody listens", {}, path};
    return errno_error(errno, "connecting", path);
  }
  lift_limit(fd.get());
  return fd;
}

Result<Fd> accept_same_user(int listener) {
  Fd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd) return errno_error(errno, "accepting a connection");
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || (peer.uid != ::getuid() && peer.uid != 0)) {
    return Error{ErrorCode::kScopeDenied, "the peer is another user", {}, {}};
  }
  return fd;
}

void discard(int socket, std::size_t bytes) {
  char buffer[4096];
  while (bytes > 0) {
    const ssize_t n = ::recv(socket, buffer, std::min(bytes, sizeof buffer), MSG_DONTWAIT);
    if (n <= 0) return;
    bytes -= static_cast<std::size_t>(n);
  }
}

Result<std::string> peek_line(int socket, std::size_t limit, MonoTime deadline) {
  std::string buffer(limit, '\0');
  std::size_t seen = 0;
  for (;;) {
    const ssize_t n = ::recv(socket, buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (n == 0) return Error{ErrorCode::kIoError, "the peer left before it said anything", {}, {}};
    if (n < 0 && errno != EAGAIN && errno != EINTR) return errno_error(errno, "reading a socket");
    if (n > 0) {
      const std::string_view text(buffer.data(), static_cast<std::size_t>(n));
      if (const std::size_t end = text.find('\n'); end != std::string_view::npos)
        return std::string(text.substr(0, end));
      if (text.size() == limit) return Error{ErrorCode::kInvalidArgument, "the first line is too long", {}, {}};
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{ErrorCode::kTimeout, "the peer said nothing in time", {}, {}};
    }
    // What was peeked stays readable, so poll() cannot tell whether there is more of it.
    const bool more = n > 0 && static_cast<std::size_t>(n) > seen;
    seen = n > 0 ? static_cast<std::size_t>(n) : 0;
    pollfd p{socket, POLLIN, 0};
    if (seen == 0)
      ::poll(&p, 1, 50);
    else if (!more)
      ::poll(nullptr, 0, 5);
  }
}

}  // namespace patchbay::os
