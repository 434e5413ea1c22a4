#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>

#include "patchbay/os/fd.h"
#include "support/patience.h"

namespace patchbay::testing_support {

/// A client connection to 127.0.0.1 that sends any bytes at all, for requests that no library would send.
class RawConnection {
 public:
  explicit RawConnection(int port) : RawConnection() { open(port); }
  RawConnection() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

  bool open(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

  /// False when the server no longer takes bytes.
  bool send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t n = ::send(fd_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Reads until `text` holds `needle`; false at the end of the stream or after `patience`.
  bool read_until(std::string_view needle, std::chrono::milliseconds patience = testing_support::kPatience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (text.find(needle) == std::string::npos) {
      if (!read_some(until)) return false;
    }
    return true;
  }

  /// Reads to the end of the stream. False when it did not end in time or was reset.
  bool read_to_end(std::chrono::milliseconds patience = testing_support::kPatience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (read_some(until)) {
    }
    return ended;
  }

  /// Sends and reads one answer with Content-Length: returns status and keeps head and body in `text`.
  int ask(std::string_view request) {
    text.clear();
    if (!send(request) || !read_until("\r\n\r\n")) return 0;
    const std::size_t head = text.find("\r\n\r\n") + 4;
    const std::size_t at = text.find("Content-Length: ");
    if (at != std::string::npos && at < head) {
      const std::size_t length = std::stoul(text.substr(at + 16));
      const auto until = testing_support::end_of_patience();
      while (text.size() < head + length && read_some(until)) {
      }
    }
    return status();
  }

  int status() const { return text.starts_with("HTTP/1.1 ") ? std::stoi(text.substr(9, 3)) : 0; }
  std::string body() const {
    const std::size_t head = text.find("\r\n\r\n");
    return head == std::string::npos ? std::string() : text.substr(head + 4);
  }

  std::string text;    ///< everything received since the last `ask`
  bool ended = false;  ///< the server closed in an orderly way

 private:
  bool read_some(std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd p{fd_.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&p, 1, static_cast<int>(left)) <= 0) return false;
    char buffer[65536];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n == 0) ended = true;
    if (n <= 0) return false;
    text.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  os::Fd fd_;
};

}  // namespace patchbay::testing_support
