#pragma once

#include <chrono>
#include <string>

#include "patchbay/base/cancel.h"
#include "patchbay/mcp/server.h"
#include "patchbay/os/fd.h"

/// MCP as one JSON message per line: a process's own pipes, or one connection of a unix socket.
namespace patchbay::transport {

struct LineOptions {
  int fd_in = 0;   ///< borrowed
  int fd_out = 1;  ///< borrowed; may equal fd_in (a socket)
  std::size_t max_line_bytes = 1u << 20;
  std::string label;
  std::string client_id = {};  ///< Hello::client
  mcp::Credential credential;
  std::chrono::milliseconds finish_within{1500};  ///< for running calls after the input ended
};

/// Serves until the input ends, the output breaks or `stop` is cancelled; then running calls get
/// `finish_within` to answer, are cancelled, and are waited for.
void serve_lines(mcp::Server& server, const LineOptions& options, CancelToken stop);

/// What a front end says first on the owner's socket.
struct Hello {
  std::string label;
  std::string version;
  /// 32 hex digits that the front end made up once: it is the same client on every connection it makes (7.1 row 4).
  std::string client = {};
};
std::string hello_line(const Hello& hello);
/// Reads the hello line, byte by byte so that nothing behind it is consumed. kInvalidArgument when it is
/// malformed, longer than 4 KiB or late.
Result<Hello> read_hello(int fd, std::chrono::milliseconds within);

/// Takes standard output away from everybody else: returns a private duplicate of `fd` (descriptor 1) and
/// points `fd` at standard error (S1).
Result<os::Fd> claim_stdout(int fd = 1);

}  // namespace patchbay::transport
