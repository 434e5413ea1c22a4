#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/http/server.h"

namespace patchbay::http {

struct ClientResponse {
  int status = 0;
  std::vector<Header> headers;
  std::string body;

  /// First value of a header, name compared without case.
  std::optional<std::string_view> header(std::string_view name) const;
};

/// A small HTTP client for our own servers on loopback: the demo, `doctor` and the tests. Never for addresses
/// that come from outside.
///
/// The connection is kept alive between requests. Threads: one request at a time; `abort` from any thread.
/// Errors: kNotFound when nobody listens, kTimeout, kIoError for a connection that broke. Any status is a
/// success.
class Client {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds read_timeout{60'000};  ///< between two pieces of the answer
    std::vector<Header> headers = {};                ///< sent with every request
  };

  explicit Client(Options options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  Result<ClientResponse> send(std::string_view method, const std::string& target,
                              const std::vector<Header>& headers = {}, std::string body = {});

  Result<ClientResponse> get(const std::string& target, const std::vector<Header>& headers = {}) {
    return send("GET", target, headers);
  }
  /// Content-Type is application/json unless `headers` says otherwise.
  Result<ClientResponse> post(const std::string& target, std::string body, const std::vector<Header>& headers = {}) {
    return send("POST", target, headers, std::move(body));
  }
  Result<ClientResponse> del(const std::string& target, const std::vector<Header>& headers = {}) {
    return send("DELETE", target, headers);
  }

  /// Called for every line of the body as it arrives, without its line end. False ends the request.
  using OnLine = std::function<bool(std::string_view line)>;
  /// Like `send`, for answers that come little by little; the reply's body stays empty.
  Result<ClientResponse> stream(std::string_view method, const std::string& target, const std::vector<Header>& headers,
                                std::string body, const OnLine& on_line);

  /// Ends the request that is under way, which then fails with kIoError.
  void abort();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::http
