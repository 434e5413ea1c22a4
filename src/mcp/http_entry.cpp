// Which era a POST belongs to (E1-E13) and the ladders of both over HTTP (N1-N6, L1-L6).

#include <fmt/format.h>

#include "mcp/capabilities.h"
#include "mcp/headers.h"
#include "mcp/server_impl.h"
#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

RpcError bad_request(std::string message) {
  return {.code = rpc::kInvalidRequest, .message = std::move(message), .http_status = 400};
}

std::string joined_versions(Era era) {
  std::string out;
  for (const Version& version : versions()) {
    if (version.era != era) continue;
    if (!out.empty()) out += ", ";
    out += version.name;
  }
  return out;
}

RpcError unknown_header_version(std::string_view given) {
  return bad_request(
      fmt::format("MCP-Protocol-Version '{}' is not served here. This server speaks {} without a handshake, "
                  "and {} after initialize.",
                  display_safe(given), joined_versions(Era::kModern), joined_versions(Era::kLegacy)));
}

RpcError session_not_found() {
  return {.code = rpc::kSessionNotFound,
          .message = "Session not found; send initialize without a session id",
          .http_status = 404};
}

RpcError every_session_busy() {
  return {.code = rpc::kInternal,
          .message = "Every session is in use; try again in a moment",
          .http_status = 503,
          .retry_after_seconds = 5};
}

RpcError too_many_streams() {
  return {.code = rpc::kInternal,
          .message = "Too many event streams are open",
          .http_status = 429,
          .retry_after_seconds = 5};
}

/// Counts a request of a session while it lives, so that the session is not the one to go (G10).
class InUse {
 public:
  explicit InUse(std::shared_ptr<Session> session) : session_(std::move(session)) {
    if (session_) session_->enter();
  }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;
  ~InUse() {
    if (session_) session_->leave();
  }

 private:
  const std::shared_ptr<Session> session_;
};

const HeaderList& headers_of(const HttpSender& sender) {
  static const HeaderList kNone;
  return sender.headers != nullptr ? *sender.headers : kNone;
}

/// The header's version row, when it is a served one.
struct HeaderVersion {
  std::optional<std::string> text;
  const Version* row = nullptr;
  bool modern() const { return row != nullptr && row->era == Era::kModern; }
};

HeaderVersion version_of(const HttpSender& sender) {
  HeaderVersion v;
  v.text = header_value(headers_of(sender), "MCP-Protocol-Version").value;
  if (v.text) v.row = find_version(*v.text);
  return v;
}

}  // namespace

RpcError unsupported_claim(std::string_view claim) {
  Json supported = Json::array();
  for (const Version& version : versions()) {
    if (version.era == Era::kModern) supported.push_back(version.name);
  }
  return {.code = rpc::kUnsupportedVersion,
          .message = fmt::format("Protocol version {} is not served here. This server speaks {} without a handshake, "
                                 "and {} after initialize.",
                                 display_safe(claim), joined_versions(Era::kModern), joined_versions(Era::kLegacy)),
          .http_status = 400,
          .data = {{"supported", std::move(supported)}, {"requested", claim}}};
}

void Server::Impl::post(const HttpSender& sender, std::string_view body, Outlet& outlet) {
  auto parsed = json::parse(body, limits.json);
  if (!parsed.ok()) {
    outlet.answer(error_answer(
        nullptr, {.code = rpc::kParseError, .message = "Parse error: " + parsed.error().message, .http_status = 400}));
    return;
  }
  if (parsed->is_array()) return post_batch(sender, std::move(parsed).value(), outlet);
  Json id;
  auto read = read_message(std::move(parsed).value(), &id);
  if (const auto* error = std::get_if<RpcError>(&read)) {
    outlet.answer(error_answer(id, *error));
    return;
  }
  Message& message = std::get<Message>(read);
  const HeaderVersion v = version_of(sender);

  if (message.kind == Message::Kind::kResponse && v.modern()) {  // E5
    outlet.answer(error_answer(nullptr, bad_request("Responses do not exist in this protocol version")));
    return;
  }
  if (message.kind == Message::Kind::kNotification && (v.modern() || has_claim(message.params))) {  // E6
    outlet.answer({.status = 202});
    return;
  }
  if (message.kind != Message::Kind::kRequest) return post_legacy(sender, std::move(message), outlet);  // E5, E7

  if (message.method == "initialize" && envelope_trouble(message.params)) {  // E8, E9
    if (v.modern()) {
      outlet.answer(error_answer(message.id, {.code = rpc::kHeaderMismatch,
                                              .message = "initialize does not exist in the version that "
                                                         "MCP-Protocol-Version names",
                                              .http_status = 400,
                                              .data = {{"header", *v.text}, {"body", nullptr}}}));
      return;
    }
    return post_initialize(sender, std::move(message), outlet);
  }
  if (has_claim(message.params)) return post_modern(sender, std::move(message), outlet);  // E10
  if (v.modern()) {                                                                       // E11
    outlet.answer(error_answer(message.id, *envelope_trouble(message.params)));
    return;
  }
  post_legacy(sender, std::move(message), outlet);  // E12, E13
}

void Server::Impl::post_modern(const HttpSender& sender, Message message, Outlet& outlet) {
  Request request;
  request.message = std::move(message);
  request.credential = sender.credential;
  request.url_mode = sender.url_mode;
  request.headers = &headers_of(sender);
  request.outlet = &outlet;
  const Message& m = request.message;
  const auto refuse = [&](const RpcError& error) { outlet.answer(error_answer(m.id, error)); };

  if (const auto error = envelope_trouble(m.params)) return refuse(*error);  // N1
  const std::string claim = json::get_string(request.meta(), meta_key::kVersion);
  if (const auto error = check_version_header(*request.headers, claim)) return refuse(*error);  // N2
  request.version = find_version(claim, Era::kModern);
  if (request.version == nullptr) return refuse(unsupported_claim(claim));                        // N3
  if (const auto error = check_method_header(*request.headers, m.method)) return refuse(*error);  // N4
  request.capabilities = *json::find(request.meta(), meta_key::kCapabilities);
  request.label = client_label(json::find(request.meta(), meta_key::kClientInfo));
  outlet.answer(answer(request));
}

std::optional<RpcError> Server::Impl::find_legacy_peer(const HttpSender& sender, Request& request) {
  request.credential = sender.credential;
  request.url_mode = sender.url_mode;
  request.headers = &headers_of(sender);
  const HeaderVersion v = version_of(sender);
  if (v.text && (v.row == nullptr || v.row->era != Era::kLegacy)) return unknown_header_version(*v.text);  // E12, L2
  if (const auto id = header_value(*request.headers, "Mcp-Session-Id").value) {
    auto found = sessions.find(*id, sender.credential, base_mode(sender.credential, sender.url_mode));
    if (found.no_room) return every_session_busy();
    if (!found.session) return session_not_found();  // L1
    request.session = std::move(found.session);
  }
  if (request.session) {
    request.version = &request.session->version();  // L3, L4
    request.capabilities = request.session->identity().capabilities;
    request.label = request.session->identity().label;
    request.owner = request.session.get();
  } else {
    request.version = v.row != nullptr ? v.row : &version_without_header();
  }
  return std::nullopt;
}

void Server::Impl::post_legacy(const HttpSender& sender, Message message, Outlet& outlet) {
  Request request;
  request.message = std::move(message);
  request.outlet = &outlet;
  const Message& m = request.message;
  if (const auto error = find_legacy_peer(sender, request)) {
    outlet.answer(error_answer(m.id, *error));
    return;
  }
  if (m.kind == Message::Kind::kResponse) {
    if (request.session) request.session->deliver_answer(m.response);
    outlet.answer({.status = 202});
    return;
  }
  if (m.kind == Message::Kind::kNotification) {
    if (m.method == "notifications/cancelled") cancel_request(request.owner, m.params);
    outlet.answer({.status = 202});
    return;
  }
  if (!request.session && !options.sessionless_legacy) {  // L5
    outlet.answer(error_answer(m.id, bad_request("Send initialize first, then pass its Mcp-Session-Id")));
    return;
  }
  if (!request.session) {
    outlet.answer(answer(request));
    return;
  }
  const InUse in_use(request.session);
  if (!outlet.use_session(request.session)) return outlet.answer(error_answer(m.id, too_many_streams()));
  outlet.answer(answer(request));
}

void Server::Impl::post_initialize(const HttpSender& sender, Message message, Outlet& outlet) {
  const Json* declared = json::find(message.params, "capabilities");
  SessionTable::Handshake handshake;
  handshake.credential = sender.credential;
  handshake.version = &negotiate(message.params);
  if (declared != nullptr && declared->is_object()) handshake.capabilities = *declared;
  handshake.label = client_label(json::find(message.params, "clientInfo"));
  handshake.base_mode = base_mode(sender.credential, sender.url_mode);
  const Version& version = *handshake.version;
  const auto session = sessions.create(std::move(handshake));
  if (!session) {
    outlet.answer(error_answer(message.id, every_session_busy()));
    return;
  }
  outlet.answer({.status = 200,
                 .body = result_text(message.id, json::dump(initialize_result(version))),
                 .session_id = session->identity().id});
}

void Server::Impl::post_batch(const HttpSender& sender, Json batch, Outlet& outlet) {
  const auto refuse = [&](const RpcError& error) { outlet.answer(error_answer(nullptr, error)); };
  if (batch.empty()) return refuse(bad_request("An empty batch says nothing"));  // E1
  const HeaderVersion v = version_of(sender);
  bool claimed = v.modern();
  bool handshake = false;
  for (const Json& item : batch) {
    const Json* params = json::find(item, "params");
    claimed = claimed || (params != nullptr && has_claim(*params));
    handshake = handshake || json::get_string(item, "method") == "initialize";
  }
  if (claimed) {  // E2
    return refuse(bad_request(fmt::format("Batches do not exist in {}", newest(Era::kModern).name)));
  }
  Request peer;
  if (const auto error = find_legacy_peer(sender, peer)) return refuse(*error);
  if (!peer.version->batches || handshake) {  // E3
    return refuse(bad_request(handshake ? "initialize cannot be part of a batch"
                                        : fmt::format("Batches do not exist in {}", peer.version->name)));
  }
  if (!peer.session && !options.sessionless_legacy) {
    return refuse(bad_request("Send initialize first, then pass its Mcp-Session-Id"));
  }
  const InUse in_use(peer.session);
  if (peer.session && !outlet.use_session(peer.session)) return refuse(too_many_streams());
  outlet.answer(answer_batch(peer, std::move(batch), outlet));  // E4
}

Answer Server::Impl::answer_batch(const Request& peer, Json batch, Outlet& outlet) {
  if (batch.size() > limits.batch_elements) {
    return error_answer(nullptr, bad_request(fmt::format("A batch has at most {} elements", limits.batch_elements)));
  }
  struct Element {
    std::string trouble;  ///< the answer to what is no message
    Request request;
  };
  std::vector<Element> elements;
  const MonoTime deadline = clock.mono() + limits.max_call;
  for (Json& item : batch) {
    Json id;
    auto read = read_message(std::move(item), &id);
    Element& element = elements.emplace_back(Element{{}, peer});
    if (const auto* error = std::get_if<RpcError>(&read)) {
      element.trouble = error_text(id, *error);
      continue;
    }
    element.request.message = std::move(std::get<Message>(read));
    element.request.outlet = &outlet;
    element.request.deadline = deadline;
    // All of them can be cancelled from the start, also those whose turn has not come.
    if (element.request.message.kind == Message::Kind::kRequest) make_cancellable(element.request);
  }
  std::string body;
  for (Element& element : elements) {
    const std::string text =
        element.trouble.empty() ? answer_element(element.request, body.size()) : std::move(element.trouble);
    if (text.empty()) continue;
    body += body.empty() ? "[" : ",";
    body += text;
  }
  if (body.empty()) return {.status = 202};
  return {.status = 200, .body = body + "]"};
}

std::string Server::Impl::answer_element(Request& request, std::size_t before) {
  const Message& m = request.message;
  if (m.kind == Message::Kind::kResponse) {
    if (request.session) request.session->deliver_answer(m.response);
    return {};
  }
  if (m.kind == Message::Kind::kNotification) {
    if (m.method == "notifications/cancelled") cancel_request(request.owner, m.params);
    return {};
  }
  const auto refused = [&](std::string message) {
    return error_text(m.id, {.code = rpc::kInternal, .message = std::move(message)});
  };
  if (request.withdrawn.cancelled()) return {};
  if (clock.mono() >= *request.deadline) return refused("The batch ran out of time before this request");
  std::string text = answer(request).body;
  if (request.withdrawn.cancelled()) return {};
  if (before + text.size() > limits.response_bytes) {
    return refused(
        fmt::format("The answer to the batch would have more than {} bytes; ask for less", limits.response_bytes));
  }
  return text;
}

std::variant<Server::EventStream, RpcError> Server::get(const HttpSender& sender, const std::string& session_id,
                                                        std::optional<std::string_view> last_event_id) {
  Impl& impl = *impl_;
  EventStream stream;
  auto found = impl.sessions.find(session_id, sender.credential, impl.base_mode(sender.credential, sender.url_mode));
  if (found.no_room) return every_session_busy();
  if (!found.session) return session_not_found();
  stream.session = std::move(found.session);
  auto permit = impl.streams.take();
  if (!permit) return too_many_streams();
  stream.permit = std::move(*permit);
  if (!last_event_id) {
    stream.log = stream.session->general_stream();
    if (!stream.session->may_read(*stream.log)) return too_many_streams();
    stream.reader = stream.log->attach();
    if (stream.session->version().priming_event) stream.priming_id = stream.log->priming_id(stream.reader);
    return stream;
  }
  const std::size_t dash = last_event_id->find('-');
  const auto number = parse_number(last_event_id->substr(0, dash));
  const auto sequence = dash == std::string_view::npos ? std::nullopt : parse_number(last_event_id->substr(dash + 1));
  std::optional<EventLog::Reader> reader;
  if (number && sequence) stream.log = stream.session->find_stream(*number);
  if (stream.log && !stream.session->may_read(*stream.log)) return too_many_streams();
  if (stream.log) reader = stream.log->attach_after(*sequence);
  if (!reader) return bad_request("Last-Event-ID is unknown or too old");
  stream.reader = *reader;
  return stream;
}

void Server::keep_session(const std::shared_ptr<Session>& session) { impl_->sessions.touch(session); }

std::optional<RpcError> Server::end_session(const HttpSender& sender, const std::string& session_id) {
  const SessionTable::Ended ended = impl_->sessions.end(session_id, sender.credential);
  if (ended == SessionTable::Ended::kUnknown) return session_not_found();
  if (ended == SessionTable::Ended::kNotStored) {
    return RpcError{.code = rpc::kInternal,
                    .message = "The end of the session cannot be written down; try again",
                    .http_status = 503,
                    .retry_after_seconds = 5};
  }
  impl_->end_scope(impl_->signer.scope_key(ScopeKind::kSession, session_id));
  return std::nullopt;
}

}  // namespace patchbay::mcp
