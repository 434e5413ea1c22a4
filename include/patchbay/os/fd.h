#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>

#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"

namespace patchbay::os {

/// Owns one file descriptor; closes it when destroyed. Every descriptor the project creates is close-on-exec.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Fd& operator=(Fd&& o) noexcept {
    if (this != &o) {
      reset();
      fd_ = std::exchange(o.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read, write;
};
Result<Pipe> make_pipe();

struct SocketPair {
  Fd a, b;
};
Result<SocketPair> make_socket_pair();  ///< AF_UNIX, SOCK_STREAM

/// Copies the descriptor with close-on-exec set.
Result<Fd> duplicate(int fd);

/// Writes all of `data`, waiting as needed. EINTR is retried, SIGPIPE never raised for sockets.
Status write_all(int fd, std::string_view data);

/// Reads until end of file or `limit` bytes. More than `limit` available: kFileTooLarge.
Result<std::string> read_to_end(int fd, std::size_t limit);

/// Waits until `fd` is readable (or at end of file). False when `deadline` passed first.
Result<bool> wait_readable(int fd, MonoTime deadline);

/// An anonymous file in memory (memfd) holding `data`, positioned at its start.
Result<Fd> memory_file(std::string_view data);

void set_nonblocking(int fd, bool on);

}  // namespace patchbay::os
