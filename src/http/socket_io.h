#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

/// The socket calls of this module. They live here and not in os/ because only an HTTP server needs them.
namespace patchbay::http {

/// Listens on host:port (0: any). Only SO_REUSEADDR is set, so a port is never shared (H12). kPortInUse,
/// kConfigRefused.
Result<os::Fd> listen_tcp(const std::string& host, int port);

int local_port(int fd);

struct Accepted {
  os::Fd fd;
  std::string address;  ///< numeric
  int port = 0;
};

/// Accepts without waiting, close-on-exec (H11). Without a descriptor `*err` says why.
Accepted accept_tcp(int listener, int* err);

/// Sets TCP_NODELAY.
void prepare_connection(int fd);

enum class Received { kBytes, kNothing, kClosed };

/// One recv that does not wait.
Received receive(int fd, char* data, std::size_t capacity, std::size_t* received);

/// Waits until bytes, or the end of the stream, are there to be received.
bool await_bytes(int fd, std::chrono::milliseconds patience);

/// Sends everything. False when the peer is gone or takes fewer than 64 KiB in `deadline` (H5, H19). Changes
/// `parts`.
bool send_all(int fd, std::span<iovec> parts, std::chrono::milliseconds deadline);

/// One attempt that never waits.
void send_now(int fd, std::string_view data);

/// True when the peer has closed its side or the connection is broken.
bool peer_closed(int fd);

}  // namespace patchbay::http
