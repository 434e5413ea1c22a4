#include "http/socket_io.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "patchbay/base/clock.h"

namespace patchbay::http {
namespace {

constexpr int kBacklog = 512;
constexpr std::size_t kProgressBytes = 64u << 10;

struct Addresses {
  addrinfo* list = nullptr;
  ~Addresses() {
    if (list != nullptr) ::freeaddrinfo(list);
  }
};

void set_option(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

}  // namespace

Result<os::Fd> listen_tcp(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string name = bracketed ? host.substr(1, host.size() - 2) : host;
  Addresses found;
  const int lookup = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &found.list);
  if (lookup != 0 || found.list == nullptr) {
    return Error{ErrorCode::kConfigRefused, "the host " + host + " is no address of this machine",
                 "Use 127.0.0.1, or an address that this machine has.", ::gai_strerror(lookup)};
  }
  int err = 0;
  for (const addrinfo* a = found.list; a != nullptr; a = a->ai_next) {
    os::Fd fd(::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
      err = errno;
      continue;
    }
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (a->ai_family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (::bind(fd.get(), a->ai_addr, a->ai_addrlen) == 0 && ::listen(fd.get(), kBacklog) == 0) return fd;
    err = errno;
    if (err == EADDRINUSE) break;
  }
  if (err == EADDRINUSE) {
    return Error{ErrorCode::kPortInUse,
                 "port " + std::to_string(port) + " is in use",
                 "Stop the program that uses it, or choose another port.",
                 {}};
  }
  return Error{ErrorCode::kConfigRefused, "listening on " + host + " is not possible",
               "Use 127.0.0.1, or an address that this machine has.", std::strerror(err)};
}

int local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

Accepted accept_tcp(int listener, int* err) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Accepted accepted;
  accepted.fd = os::Fd(::accept4(listener, reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC));
  *err = accepted.fd ? 0 : errno;
  if (!accepted.fd) return accepted;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    accepted.port = ntohs(v6->sin6_port);
  } else if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    ::inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    accepted.port = ntohs(v4->sin_port);
  }
  accepted.address = text;
  return accepted;
}

void prepare_connection(int fd) { set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

Received receive(int fd, char* data, std::size_t capacity, std::size_t* received) {
  for (;;) {
    const ssize_t n = ::recv(fd, data, capacity, MSG_DONTWAIT);
    if (n > 0) {
      *received = static_cast<std::size_t>(n);
      return Received::kBytes;
    }
    if (n == 0) return Received::kClosed;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Received::kNothing;
    if (errno != EINTR) return Received::kClosed;
  }
}

bool await_bytes(int fd, std::chrono::milliseconds patience) {
  // poll and not SO_RCVTIMEO: the latter counts in ticks of the kernel, which may be 10 ms long.
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, static_cast<int>(patience.count())) > 0;
}

bool send_all(int fd, std::span<iovec> parts, std::chrono::milliseconds deadline) {
  MonoTime until = system_clock().mono() + deadline;
  std::size_t since_extension = 0;
  while (!parts.empty()) {
    if (parts.front().iov_len == 0) {
      parts = parts.subspan(1);
      continue;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t n = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - system_clock().mono()).count();
      if (left <= 0) return false;
      pollfd p{fd, POLLOUT, 0};
      if (::poll(&p, 1, static_cast<int>(left)) < 0 && errno != EINTR) return false;
      continue;
    }
    std::size_t sent = static_cast<std::size_t>(n);
    since_extension += sent;
    if (since_extension >= kProgressBytes) {
      since_extension = 0;
      until = system_clock().mono() + deadline;
    }
    while (!parts.empty() && sent >= parts.front().iov_len) {
      sent -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (!parts.empty()) {
      parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + sent;
      parts.front().iov_len -= sent;
    }
  }
  return true;
}

void send_now(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool peer_closed(int fd) {
  pollfd p{fd, POLLRDHUP, 0};
  return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace patchbay::http
