#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "patchbay/transport/http_endpoint.h"
#include "transport/budget.h"

namespace patchbay::transport {

enum class Route { kMcp, kRoot, kStatus, kHealth, kReady, kSse, kUnknown };
/// Raw comparison; nothing is decoded or normalised (SEC:H14).
Route route_of(std::string_view path);

/// A JSON answer.
http::Response json_response(int status, const Json& body);
/// A JSON-RPC error without id, for /mcp.
http::Response rpc_response(int status, const std::string& message, const Json& data = nullptr);
/// The same refusal in the words of the route: JSON-RPC on /mcp, {"error":…,"message":…} elsewhere.
http::Response refuse(Route route, int status, std::string_view code, const std::string& message);

/// Decides from the head of a request who may come in: Host, Origin, forwarded headers, credential.
///
/// Threads: any.
class Gate {
 public:
  Gate(const HttpOptions& options, const Credentials* credentials, const Clock& clock);

  /// SEC:A12: without authentication only processes of our user and of root may come in.
  std::optional<http::Response> check_peer(const http::Request& head, Route route) const;
  /// H2, H3, SEC:H2, SEC:F3.
  std::optional<http::Response> check_names(const http::Request& head, Route route);
  /// H5. Counts failures (A7).
  std::optional<http::Response> check_login(const http::Request& head, Route route);
  /// The credential of a request that passed check_login.
  std::optional<mcp::Credential> credential_of(const http::Request& request) const;
  /// Whether a credential that came in may stay (SEC:A6).
  bool still_valid(const mcp::Credential& credential) const;
  /// The origin to allow in CORS headers: sent and on the list.
  std::optional<std::string> cors_origin(const http::Request& request) const;

  void allow_host(const std::string& name);
  void allow_origin(const std::string& origin);
  void require_auth(bool required) { auth_required_ = required; }
  bool auth_required() const { return auth_required_; }

 private:
  struct Login {
    bool malformed = false;  ///< more than one credential of a kind (400)
    std::optional<mcp::Credential> credential;
  };
  Login login(const http::Request& request) const;
  bool listed(std::string_view host) const;
  bool host_allowed(std::string_view host) const;
  bool origin_allowed(std::string_view origin) const;

  const HttpOptions& options_;
  const Credentials* const credentials_;
  std::atomic<bool> auth_required_;
  Budget failures_;      ///< per peer
  Budget all_failures_;  ///< of everybody: peers may be many, or look like one behind a tunnel
  mutable std::mutex mutex_;
  std::set<std::string> hosts_;    ///< lower case
  std::set<std::string> origins_;  ///< lower case
};

}  // namespace patchbay::transport
