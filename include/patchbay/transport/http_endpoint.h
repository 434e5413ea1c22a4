#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/http/server.h"
#include "patchbay/mcp/server.h"
#include "patchbay/transport/credentials.h"

namespace patchbay::transport {

struct HttpOptions {
  // who may talk to us
  bool auth_required = false;
  /// Without authentication: refuse also a peer whose user the kernel cannot tell (SEC:A12).
  bool strict_peer_uid = false;
  bool allow_query_token = true;
  std::vector<std::string> query_token_names = {};
  std::string realm = {};                         ///< of WWW-Authenticate
  std::string loopback_host = {};                 ///< the address listened on when it is 127.0.0.2, say: as 127.0.0.1
  std::vector<std::string> allowed_hosts = {};    ///< names besides loopback (X2)
  std::vector<std::string> allowed_origins = {};  ///< origins besides loopback (X3)
  bool cors = false;
  std::string hosts_setting = "server.allowed_hosts";  ///< named in refusals (X4)
  std::string origins_setting = "server.allowed_origins";
  int requests_per_minute = 0;        ///< per credential; 0: off
  int failed_logins_per_minute = 10;  ///< A7
  // what they get
  std::chrono::milliseconds stream_after{5000};
  std::chrono::milliseconds comment_every{15'000};
  std::size_t max_request_bytes = 1u << 20;
  std::function<Json()> root_page = {};    ///< body of GET /; absent: 404
  std::function<Json()> status_page = {};  ///< body of GET /status
  std::function<bool()> ready = {};        ///< GET /readyz; absent: always ready
  /// Called for every request whose head is complete; `refused_with` is the status of a refusal, else 0.
  std::function<void(const http::Request& head, int refused_with)> on_request = {};
  std::function<void(const std::string& peer)> on_login_failure = {};  ///< for the audit log; never sees the value
};

/// Streamable HTTP for one mcp::Server: every check (H1-H13) in its order, then the protocol.
///
/// Threads: `check_head` and `handle` from many threads at once.
class HttpEndpoint {
 public:
  /// `credentials` may be null when no token is known. Both outlive the endpoint.
  HttpEndpoint(mcp::Server& server, HttpOptions options, const Credentials* credentials);
  ~HttpEndpoint();

  /// Everything that can be refused before the body is read.
  std::optional<http::Response> check_head(const http::Request& head);
  /// Answers one request that passed check_head.
  void handle(http::Exchange& exchange);
  /// Body of a refusal by the HTTP server itself.
  static http::Response refusal(int status, std::string_view reason);

  /// Host names that become known while running (a tunnel's). Adds to the allow list of Host.
  void allow_host(const std::string& name);
  /// Switches authentication on or off for requests that arrive from now on (a tunnel was opened).
  void require_auth(bool required);
  /// True while `http::Request::peer_user` decides who may come in: without authentication only this user's
  /// and root's processes do (SEC:A12).
  bool wants_peer_user() const;
  /// Additional allowed origins (a public URL exists: X3).
  void allow_origin(const std::string& origin);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// HttpEndpoint on a listening http::Server.
class HttpTransport {
 public:
  struct Listen {
    std::string host = "127.0.0.1";
    int port = 0;
    http::Limits limits = {};
    std::string also_host = {};  ///< http::Server::Options::also_host
  };
  static Result<std::unique_ptr<HttpTransport>> start(mcp::Server& server, Listen listen, HttpOptions options,
                                                      const Credentials* credentials);
  ~HttpTransport();
  int port() const;
  HttpEndpoint& endpoint();
  /// Stops accepting, ends streams, waits up to `grace` for running requests.
  void stop(std::chrono::milliseconds grace);

 private:
  HttpTransport() = default;
  std::unique_ptr<HttpEndpoint> endpoint_;
  std::unique_ptr<http::Server> http_;
  mcp::Server* mcp_ = nullptr;
};

}  // namespace patchbay::transport
