#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/result.h"
#include "patchbay/os/peer_user.h"

/// A strict HTTP/1.1 server for a few hundred connections on loopback (security.md 4, rows H).
///
/// It knows no MCP. Requests are checked against deadlines and limits before anything else sees them; what is
/// malformed is refused with `Connection: close` and never reaches a handler.
namespace patchbay::http {

using Header = std::pair<std::string, std::string>;

struct Request {
  std::string method;           ///< a token, as sent
  std::string path;             ///< raw, undecoded, without the query
  std::string query;            ///< raw, without '?'; empty when absent
  std::vector<Header> headers;  ///< in order; names as sent, values trimmed, never percent-decoded
  std::string body;             ///< empty while `HeadCheck` runs
  std::string peer_address;     ///< numeric
  int peer_port = 0;
  os::PeerUser peer_user = {};  ///< unknown unless Server::Options asks for it

  /// First value of a header, name compared without case.
  std::optional<std::string_view> header(std::string_view name) const;
  /// How often it was sent.
  int count(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<Header> headers;  ///< Content-Length, Date-less; the standing security headers are added (H16)
  std::string body;
};

/// An open response body that is written piece by piece (server-sent events). Thread-safe.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Sends one piece as a chunk. False once the peer is gone or took longer than the write deadline.
  virtual bool write(std::string_view data) = 0;
  /// True once the peer has closed its side or a write failed. Cheap enough to poll every second.
  virtual bool closed() = 0;
};

/// One request being answered. Exactly one of `reply` and `open_stream` is called, once.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual void reply(Response response) = 0;
  /// Sends status and headers together with `first` (the first body bytes). The body ends when the handler
  /// returns.
  virtual Stream& open_stream(int status, std::vector<Header> headers, std::string_view first) = 0;
  /// True when the client has closed the connection. Does not block.
  virtual bool peer_gone() = 0;
};

struct Limits {
  std::size_t request_line_bytes = 8u << 10;
  std::size_t head_bytes = 32u << 10;
  std::size_t header_value_bytes = 8u << 10;
  std::size_t header_count = 100;
  std::size_t body_bytes = 1u << 20;
  std::chrono::milliseconds head_deadline{10'000};
  std::chrono::milliseconds body_deadline{30'000};
  std::size_t body_bytes_per_second = 1u << 10;      ///< slower than this after the first 5 s: 408
  std::chrono::milliseconds write_deadline{30'000};  ///< for every 64 KiB that the peer takes
  std::chrono::milliseconds idle_deadline{75'000};   ///< keep-alive connection without a request
  int max_threads = 512;                             ///< requests in handlers; idle and slow connections hold no thread
  int max_connections = 1024;  ///< above it the longest idle one is closed, or the new one gets 503
};

/// Runs on a pool thread when the head is complete and before a byte of the body is read (and before `100
/// Continue`): a returned response refuses the request.
using HeadCheck = std::function<std::optional<Response>(const Request& head)>;
/// Answers one request; runs on a pool thread that it may keep for as long as it likes.
using Handler = std::function<void(Exchange&)>;

/// Turns a refusal of the server itself (400, 405, 408, 413, 414, 415, 417, 431, 500, 503, 505) into headers
/// and body, so that the user of the server decides its format. Called from any of the server's threads; must
/// not wait.
using RefusalBody = std::function<Response(int status, std::string_view reason)>;

class Server {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;  ///< 0: any free port
    /// A second address on the same port; left out when this machine does not have it, or not that port there.
    std::string also_host = {};
    Limits limits = {};
    HeadCheck head_check = {};  ///< may be empty
    Handler handler = {};
    RefusalBody refusal = {};  ///< may be empty: plain text
    /// Whether `Request::peer_user` is wanted; asked before each head check until it is true, and then the kernel
    /// is asked once per connection. Empty: never.
    std::function<bool()> wants_peer_user = {};
  };

  /// Binds and starts accepting. kPortInUse when the port is taken (it is never shared), kConfigRefused for a
  /// host that cannot be bound.
  static Result<std::unique_ptr<Server>> start(Options options);

  virtual ~Server() = default;  ///< stops
  virtual int port() const = 0;
  /// Stops accepting, wakes `stopping()` waiters, waits up to `grace` for running handlers, then closes every
  /// connection and joins every thread.
  virtual void stop(std::chrono::milliseconds grace) = 0;
  /// Cancelled when `stop` begins: streams end themselves on it.
  virtual CancelToken stopping() const = 0;
};

}  // namespace patchbay::http
