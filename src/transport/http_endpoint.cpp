#include "patchbay/transport/http_endpoint.h"

#include <fmt/format.h>

#include <atomic>
#include <memory>

#include "patchbay/base/text.h"
#include "transport/accept.h"
#include "transport/gate.h"
#include "transport/http_outlet.h"
#include "transport/query.h"
#include "transport/sse.h"
#include "transport/stream_watch.h"

namespace patchbay::transport {
namespace {

using http::Response;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{1000};
constexpr std::chrono::seconds kKeepSessionEvery{60};

Response method_not_allowed(Route route, const std::string& allow) {
  Response response = refuse(route, 405, "method_not_allowed", "This method is not served here; allowed: " + allow);
  response.headers.emplace_back("Allow", allow);
  return response;
}

std::optional<mcp::Mode> mode_of(const http::Request& request) {
  for (const auto& [name, value] : parse_query(request.query)) {
    if (name == "mode") return mcp::parse_mode(value);
  }
  return std::nullopt;
}

bool names_modern_version(const http::Request& request) {
  const auto version = request.header("MCP-Protocol-Version");
  return version && mcp::find_version(trim(*version), mcp::Era::kModern) != nullptr;
}

}  // namespace

struct HttpEndpoint::Impl {
  Impl(mcp::Server& given, HttpOptions o, const Credentials* credentials)
      : server(given),
        options(std::move(o)),
        gate(options, credentials, server.clock()),
        requests(options.requests_per_minute, server.clock()),
        stream_watch(std::min(kLookEvery, options.comment_every)) {}

  /// How long a new stream is silent before its first comment: streams that were opened together do not wake together.
  std::chrono::milliseconds first_silence() {
    constexpr int kPhases = 16;
    const auto phase = static_cast<int>(streams_opened++ % kPhases);
    return options.comment_every - options.comment_every * phase / (2 * kPhases);
  }

  std::optional<Response> check(const http::Request& head, Route route);
  std::optional<Response> check_mcp(const http::Request& head);
  std::optional<Response> check_rate(const http::Request& head, Route route);
  std::vector<http::Header> cors_headers(const http::Request& request) const;
  Response preflight(const http::Request& head) const;
  Response page(Route route) const;
  void post(http::Exchange& exchange, const mcp::Credential& credential);
  void get(http::Exchange& exchange, const mcp::Credential& credential);
  void end_session(http::Exchange& exchange, const mcp::Credential& credential);
  void reply(http::Exchange& exchange, Response response) const;
  Response error_response(const mcp::RpcError& error) const;

  mcp::Server& server;
  const HttpOptions options;
  Gate gate;
  Budget requests;
  mcp::Timers timers;
  StreamWatch stream_watch;
  std::atomic<unsigned> streams_opened{0};
};

HttpEndpoint::HttpEndpoint(mcp::Server& server, HttpOptions options, const Credentials* credentials)
    : impl_(std::make_unique<Impl>(server, std::move(options), credentials)) {}
HttpEndpoint::~HttpEndpoint() = default;

void HttpEndpoint::allow_host(const std::string& name) { impl_->gate.allow_host(name); }
void HttpEndpoint::allow_origin(const std::string& origin) { impl_->gate.allow_origin(origin); }
void HttpEndpoint::require_auth(bool required) { impl_->gate.require_auth(required); }
bool HttpEndpoint::wants_peer_user() const { return !impl_->gate.auth_required(); }

std::vector<http::Header> HttpEndpoint::Impl::cors_headers(const http::Request& request) const {
  if (!options.cors) return {};
  std::vector<http::Header> headers{{"Vary", "Origin"}};
  if (const auto origin = gate.cors_origin(request)) {
    headers.emplace_back("Access-Control-Allow-Origin", *origin);
    headers.emplace_back("Access-Control-Expose-Headers", "mcp-session-id, mcp-protocol-version, www-authenticate");
  }
  return headers;
}

Response HttpEndpoint::Impl::preflight(const http::Request& head) const {
  Response response{204, cors_headers(head), {}};
  std::string allowed =
      "authorization, content-type, accept, last-event-id, mcp-protocol-version, mcp-session-id, mcp-method, "
      "mcp-name";
  for (std::string_view asked : split(head.header("Access-Control-Request-Headers").value_or(""), ',')) {
    const std::string name = to_lower_ascii(trim(asked));
    const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
    if (name.starts_with("mcp-param-") && plain) allowed += ", " + name;
  }
  response.headers.emplace_back("Access-Control-Allow-Methods", "POST, GET, DELETE");
  response.headers.emplace_back("Access-Control-Allow-Headers", allowed);
  return response;
}

std::optional<Response> HttpEndpoint::check_head(const http::Request& head) {
  const Route route = route_of(head.path);
  std::optional<Response> refused = impl_->check(head, route);
  if (refused) {
    for (http::Header& header : impl_->cors_headers(head)) {
      if (refused->status != 204) refused->headers.push_back(std::move(header));
    }
  }
  if (impl_->options.on_request) impl_->options.on_request(head, refused ? refused->status : 0);
  return refused;
}

std::optional<Response> HttpEndpoint::Impl::check(const http::Request& head, Route route) {
  if (route == Route::kUnknown) return json_response(404, {{"error", "not_found"}});  // H1, A6
  if (auto refused = gate.check_peer(head, route)) return refused;                    // SEC:A12
  if (auto refused = gate.check_names(head, route)) return refused;                   // H2, H3
  const std::string allow = route == Route::kMcp ? "POST, GET, DELETE" : "GET";
  if (head.method == "OPTIONS") {  // H4
    return gate.cors_origin(head) ? preflight(head) : method_not_allowed(route, allow);
  }
  const bool open = route == Route::kHealth || route == Route::kReady;
  if (!open) {
    if (auto refused = gate.check_login(head, route)) return refused;  // H5
    if (auto refused = check_rate(head, route)) return refused;
  }
  if (route != Route::kMcp) {
    if (head.method != "GET") return method_not_allowed(route, allow);
    return std::nullopt;
  }
  return check_mcp(head);
}

std::optional<Response> HttpEndpoint::Impl::check_rate(const http::Request& head, Route route) {
  if (options.requests_per_minute <= 0) return std::nullopt;
  const auto credential = gate.credential_of(head);
  if (!credential || requests.take(credential->name)) return std::nullopt;
  Response response = refuse(route, 429, "rate_limited", "Too many requests in this minute");
  response.headers.emplace_back("Retry-After", "10");
  return response;
}

std::optional<Response> HttpEndpoint::Impl::check_mcp(const http::Request& head) {
  if (head.method != "POST" && head.method != "GET" && head.method != "DELETE") {  // H6
    return method_not_allowed(Route::kMcp, "POST, GET, DELETE");
  }
  if (head.method != "POST") {
    const bool session = head.count("Mcp-Session-Id") == 1;
    if (!session || names_modern_version(head)) return method_not_allowed(Route::kMcp, "POST");  // H7, H8
    if (head.method == "GET" && !accepts_of(head).events) {
      return rpc_response(406, "This stream is text/event-stream; accept it");
    }
    return std::nullopt;
  }
  if (!is_json_content(head)) {  // H9
    return rpc_response(415, "Content-Type must be application/json", {{"code", "unsupported_media_type"}});
  }
  if (const auto length = head.header("Content-Length"); length && head.count("Content-Length") == 1) {  // H10
    const std::string_view digits = *length;
    const bool number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
    const bool large = number && (digits.size() > 12 || std::stoull(std::string(digits)) > options.max_request_bytes);
    if (large) return rpc_response(413, fmt::format("The body may have at most {} bytes", options.max_request_bytes));
  }
  if (!accepts_of(head).any()) {  // H11
    return rpc_response(406, "Accept application/json or text/event-stream");
  }
  return std::nullopt;
}

Response HttpEndpoint::refusal(int status, std::string_view reason) {
  return rpc_response(status, std::string(reason));
}

Response HttpEndpoint::Impl::error_response(const mcp::RpcError& error) const {
  Response response{error.http_status,
                    {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
                    mcp::error_text(nullptr, error)};
  if (error.retry_after_seconds > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_seconds));
  }
  return response;
}

void HttpEndpoint::Impl::reply(http::Exchange& exchange, Response response) const {
  for (http::Header& header : cors_headers(exchange.request())) response.headers.push_back(std::move(header));
  exchange.reply(std::move(response));
}

Response HttpEndpoint::Impl::page(Route route) const {
  if (route == Route::kHealth) return json_response(200, {{"status", "ok"}});
  if (route == Route::kReady) {
    const bool ready = (!options.ready || options.ready()) && !server.stopping().cancelled();
    return json_response(ready ? 200 : 503, {{"status", ready ? "ready" : "not_ready"}});
  }
  if (route == Route::kSse) {
    return json_response(410, {{"error", "gone"},
                               {"message", "The transport of 2024-11-05 is not served; use POST /mcp"},
                               {"endpoint", "/mcp"}});
  }
  const auto& make = route == Route::kRoot ? options.root_page : options.status_page;
  return make ? json_response(200, make()) : json_response(404, {{"error", "not_found"}});
}

void HttpEndpoint::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  const Route route = route_of(request.path);
  if (route != Route::kMcp) return impl_->reply(exchange, impl_->page(route));
  const auto credential = impl_->gate.credential_of(request);
  // A token can be revoked between the check of the head and the end of the body.
  if (!credential) return impl_->reply(exchange, rpc_response(401, "A token is required"));
  if (request.method == "GET") return impl_->get(exchange, *credential);
  if (request.method == "DELETE") return impl_->end_session(exchange, *credential);
  impl_->post(exchange, *credential);
}

void HttpEndpoint::Impl::post(http::Exchange& exchange, const mcp::Credential& credential) {
  const http::Request& request = exchange.request();
  const mcp::HttpSender sender{credential, mode_of(request), &request.headers};
  HttpOutlet outlet(exchange, server, timers,
                    {accepts_of(request), options.stream_after, options.comment_every, cors_headers(request),
                     [&] { return gate.still_valid(credential); }});
  if (!outlet.reserve()) {
    return reply(exchange, error_response({.code = mcp::rpc::kInternal,
                                           .message = "Too many event streams are open",
                                           .http_status = 429,
                                           .retry_after_seconds = 5}));
  }
  server.post(sender, request.body, outlet);
}

void HttpEndpoint::Impl::end_session(http::Exchange& exchange, const mcp::Credential& credential) {
  const http::Request& request = exchange.request();
  const mcp::HttpSender sender{credential, mode_of(request), &request.headers};
  const auto error = server.end_session(sender, std::string(*request.header("Mcp-Session-Id")));
  reply(exchange, error ? error_response(*error) : Response{204, {}, {}});
}

void HttpEndpoint::Impl::get(http::Exchange& exchange, const mcp::Credential& credential) {
  const http::Request& request = exchange.request();
  const mcp::HttpSender sender{credential, mode_of(request), &request.headers};
  auto opened = server.get(sender, std::string(*request.header("Mcp-Session-Id")), request.header("Last-Event-ID"));
  if (const auto* error = std::get_if<mcp::RpcError>(&opened)) return reply(exchange, error_response(*error));
  auto& source = std::get<mcp::Server::EventStream>(opened);
  std::vector<http::Header> headers = stream_headers();
  for (http::Header& header : cors_headers(request)) headers.push_back(std::move(header));
  std::string first(kOpeningComment);
  if (!source.priming_id.empty()) first += priming_text(source.priming_id);
  http::Stream& stream = exchange.open_stream(200, std::move(headers), first);
  // Waiting on the log, woken early when the server stops, the client is gone or may read no longer.
  const std::shared_ptr<void> leave(nullptr, [&](void*) {
    source.log->detach(source.reader);
    server.keep_session(source.session);
  });
  const auto on_stop = server.stopping().on_cancel([log = source.log] { log->wake(); });
  std::atomic<bool> reachable{true};
  const auto tend = [&, kept = server.clock().mono()]() mutable {
    if (const MonoTime now = server.clock().mono(); now - kept >= kKeepSessionEvery) {
      kept = now;
      server.keep_session(source.session);
    }
    return !stream.closed() && gate.still_valid(credential);
  };
  const auto lost = [&reachable, log = source.log] {
    reachable = false;
    log->wake();
  };
  const StreamWatch::Watched watched = stream_watch.watch(tend, lost);
  MonoTime comment_at = steady_clock::now() + first_silence();
  while (reachable && !server.stopping().cancelled()) {
    const auto silence = std::chrono::ceil<std::chrono::milliseconds>(comment_at - steady_clock::now());
    const auto batch = source.log->wait(source.reader, std::max(silence, std::chrono::milliseconds(0)));
    for (const mcp::Event& event : batch.events) {
      if (reachable && !stream.write(event_text(event.data, event.id))) reachable = false;
    }
    if (batch.state != mcp::EventLog::State::kOpen) break;
    const MonoTime now = steady_clock::now();
    if (now >= comment_at && reachable && !stream.write(kKeepAlive)) reachable = false;
    if (now >= comment_at || !batch.events.empty()) comment_at = now + options.comment_every;
  }
}

}  // namespace patchbay::transport
