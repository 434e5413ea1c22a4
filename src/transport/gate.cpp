#include "transport/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"
#include "patchbay/os/private_file.h"
#include "transport/query.h"

namespace patchbay::transport {
namespace {

constexpr std::size_t kMaxShownName = 120;
/// Failed logins of all peers together, in budgets of one peer.
constexpr int kPeersWorth = 10;

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Host without port, lower case; empty when it is malformed.
std::string name_of_host(std::string_view host) {
  std::string_view name = host;
  std::string_view port;
  bool has_port = false;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return {};
    name = host.substr(0, end + 1);
    const std::string_view rest = host.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return {};
    has_port = !rest.empty();
    port = rest.empty() ? rest : rest.substr(1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    port = host.substr(colon + 1);
    has_port = true;
  }
  if (name.empty()) return {};
  if (has_port && (!all_digits(port) || port.size() > 5 || std::stoi(std::string(port)) > 65535)) return {};
  return to_lower_ascii(name);
}

bool is_loopback_name(std::string_view name) { return name == "localhost" || name == "127.0.0.1" || name == "[::1]"; }

/// Headers that a proxy or tunnel adds (SEC:F3).
bool came_through_a_proxy(const http::Request& head) {
  return std::ranges::any_of(head.headers, [](const http::Header& header) {
    const std::string name = to_lower_ascii(header.first);
    return name.starts_with("x-forwarded-") || name == "forwarded" || name.starts_with("cf-") || name == "x-real-ip" ||
           name.starts_with("ngrok-");
  });
}

std::string shown(std::string_view name) { return display_safe(utf8_prefix(sanitize_utf8(name), kMaxShownName)); }

}  // namespace

Route route_of(std::string_view path) {
  if (path == "/mcp" || path == "/mcp/") return Route::kMcp;
  if (path == "/") return Route::kRoot;
  if (path == "/status") return Route::kStatus;
  if (path == "/health" || path == "/healthz") return Route::kHealth;
  if (path == "/readyz") return Route::kReady;
  if (path == "/sse") return Route::kSse;
  return Route::kUnknown;
}

http::Response json_response(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, json::dump(body)};
}

http::Response rpc_response(int status, const std::string& message, const Json& data) {
  // Too much at once is nothing the request could have done better.
  const bool overload = status == 429 || status == 503;
  const mcp::RpcError error{.code = overload ? mcp::rpc::kInternal : mcp::rpc::kInvalidRequest,
                            .message = message,
                            .http_status = status,
                            .data = data};
  return {
      status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, mcp::error_text(nullptr, error)};
}

http::Response refuse(Route route, int status, std::string_view code, const std::string& message) {
  if (route == Route::kMcp) return rpc_response(status, message, {{"code", code}});
  return json_response(status, {{"error", code}, {"message", message}});
}

Gate::Gate(const HttpOptions& options, const Credentials* credentials, const Clock& clock)
    : options_(options),
      credentials_(credentials),
      auth_required_(options.auth_required),
      failures_(options.failed_logins_per_minute, clock),
      all_failures_(options.failed_logins_per_minute * kPeersWorth, clock) {
  for (const std::string& host : options.allowed_hosts) allow_host(host);
  for (const std::string& origin : options.allowed_origins) allow_origin(origin);
}

void Gate::allow_host(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (std::string host = name_of_host(name); !host.empty()) hosts_.insert(std::move(host));
}

void Gate::allow_origin(const std::string& origin) {
  std::lock_guard lock(mutex_);
  origins_.insert(to_lower_ascii(origin));
}

bool Gate::listed(std::string_view host) const {
  std::lock_guard lock(mutex_);
  return hosts_.contains(name_of_host(host));
}

bool Gate::host_allowed(std::string_view host) const {
  const std::string name = name_of_host(host);
  if (name.empty()) return false;
  // Without authentication a public name means that somebody put a tunnel in front of us (SEC:F3).
  return is_loopback_name(name) || name == options_.loopback_host || (auth_required_ && listed(host));
}

bool Gate::origin_allowed(std::string_view origin) const {
  const std::string wanted = to_lower_ascii(origin);
  for (std::string_view scheme : {"http://", "https://"}) {
    if (wanted.starts_with(scheme) && is_loopback_name(name_of_host(wanted.substr(scheme.size())))) return true;
  }
  std::lock_guard lock(mutex_);
  return origins_.contains(wanted);
}

std::optional<std::string> Gate::cors_origin(const http::Request& request) const {
  const auto origin = request.header("Origin");
  if (!options_.cors || !origin || !origin_allowed(*origin)) return std::nullopt;
  return std::string(*origin);
}

std::optional<http::Response> Gate::check_peer(const http::Request& head, Route route) const {
  if (auth_required_) return std::nullopt;
  const os::PeerUser& peer = head.peer_user;
  const bool ours = peer.found() && (peer.uid == os::current_uid() || peer.uid == 0);
  const bool unknown = peer.answer == os::PeerUser::Answer::kUnknown;
  if (ours || (unknown && !options_.strict_peer_uid)) return std::nullopt;
  return refuse(route, 403, "peer_forbidden",
                unknown ? "The system cannot tell which user this connection is from, and the server asks for no "
                          "token; set one up first"
                        : "This connection is not from the user the server runs as, and the server asks for no "
                          "token; set one up first");
}

std::optional<http::Response> Gate::check_names(const http::Request& head, Route route) {
  if (head.count("Host") != 1) return refuse(route, 400, "bad_host", "Exactly one Host header is needed");
  const std::string_view host = *head.header("Host");
  if (!host_allowed(host)) {
    // A listed name is refused only while nobody needs a token; saying "add it" would send people in circles.
    const std::string way_out = listed(host)
                                    ? std::string("it is listed, but a public name needs a token; set one up first")
                                    : fmt::format("add it to {}", options_.hosts_setting);
    return refuse(route, 403, "host_forbidden", fmt::format("Host '{}' is not allowed; {}", shown(host), way_out));
  }
  if (!auth_required_ && came_through_a_proxy(head)) {
    return refuse(route, 403, "host_forbidden",
                  "This request came through a proxy, but the server asks for no token; set one up first");
  }
  const auto origin = head.header("Origin");
  if (origin && (head.count("Origin") != 1 || !origin_allowed(*origin))) {
    return refuse(route, 403, "origin_forbidden",
                  fmt::format("Origin '{}' is not allowed; add it to {}", shown(*origin), options_.origins_setting));
  }
  const auto site = head.header("Sec-Fetch-Site");
  if (!origin && site && iequals_ascii(*site, "cross-site")) {
    return refuse(route, 403, "origin_forbidden", "Requests from other web sites are not served");
  }
  return std::nullopt;
}

Gate::Login Gate::login(const http::Request& request) const {
  Login result;
  if (request.count("Authorization") > 1) {
    result.malformed = true;
    return result;
  }
  std::optional<std::string> bearer, from_query;
  if (const auto header = request.header("Authorization")) {
    constexpr std::string_view kScheme = "bearer ";
    if (header->size() > kScheme.size() && iequals_ascii(header->substr(0, kScheme.size()), kScheme)) {
      bearer = std::string(trim(header->substr(kScheme.size())));
    }
  }
  if (options_.allow_query_token) {
    for (const auto& [name, value] : parse_query(request.query)) {
      if (value.empty() || std::ranges::find(options_.query_token_names, name) == options_.query_token_names.end()) {
        continue;
      }
      if (from_query) result.malformed = true;
      from_query = value;
    }
  }
  if (result.malformed) return result;
  const bool differ = bearer && from_query && !equal_constant_time(sha256(*bearer), sha256(*from_query));
  const std::string candidate = bearer ? *bearer : from_query.value_or("");
  // Looked up even when there is nothing to look up, so that both take the same time.
  if (credentials_ != nullptr) result.credential = credentials_->check(candidate);
  if (differ || candidate.empty()) result.credential.reset();
  return result;
}

std::optional<http::Response> Gate::check_login(const http::Request& head, Route route) {
  if (!auth_required_) return std::nullopt;
  const Login found = login(head);
  if (found.credential) return std::nullopt;
  if (found.malformed) return refuse(route, 400, "bad_credentials", "More than one credential was sent");
  if (failures_.exhausted(head.peer_address) || all_failures_.exhausted({})) {
    http::Response response = refuse(route, 429, "rate_limited", "Too many failed attempts; wait a minute");
    response.headers.emplace_back("Retry-After", "60");
    return response;
  }
  failures_.spend(head.peer_address);
  all_failures_.spend({});
  if (options_.on_login_failure) options_.on_login_failure(head.peer_address);
  http::Response response =
      route == Route::kMcp ? rpc_response(401, "A token is required") : json_response(401, {{"error", "Unauthorized"}});
  response.headers.emplace_back("WWW-Authenticate", fmt::format("Bearer realm=\"{}\"", options_.realm));
  return response;
}

bool Gate::still_valid(const mcp::Credential& credential) const {
  return !auth_required_ || (credentials_ != nullptr && credentials_->valid(credential));
}

std::optional<mcp::Credential> Gate::credential_of(const http::Request& request) const {
  if (!auth_required_) return mcp::Credential{};
  return login(request).credential;
}

}  // namespace patchbay::transport
