// The line rules S1-S9: the same dispatcher without headers, one connection for both eras.

#include <atomic>

#include "mcp/server_impl.h"
#include "patchbay/base/ids.h"

namespace patchbay::mcp {
namespace {

RpcError refused(std::string message) { return {.code = rpc::kInvalidRequest, .message = std::move(message)}; }

RpcError too_many_at_once() {
  return {.code = rpc::kInternal, .message = "Too many calls are running; try again in a moment"};
}

/// Methods that may take long, so that they must not hold up the reader.
bool takes_long(std::string_view method) {
  return method == "tools/call" || method == "resources/read" || method == "prompts/get" ||
         method == "completion/complete";
}

}  // namespace

struct Connection::State {
  State(Server& given, Server::ConnectOptions o)
      : impl(*given.impl_), options(with_shown_label(std::move(o))), process(process_name(options)) {
    ++(*impl.processes.lock())[process];
  }

  static Server::ConnectOptions with_shown_label(Server::ConnectOptions options) {
    options.label = shown_label(options.label);
    return options;
  }
  static std::string process_name(const Server::ConnectOptions& options) {
    const std::string& id = options.client_id;
    return "front-end " + options.credential.name + '\0' + (id.empty() ? random_hex(32) : id);
  }
  /// True for the last connection of a front end: one that lost its connection may be back already.
  bool leaves_alone() const {
    auto locked = impl.processes.lock();
    const auto it = locked->find(process);
    if (--it->second > 0) return false;
    locked->erase(it);
    return true;
  }

  Server::Impl& impl;
  const Server::ConnectOptions options;
  const std::string process;  ///< scope value of this front end (7.1 row 4)
  CancelToken closed;         ///< the input ended
  CancelToken gone;           ///< running calls are given up
  std::atomic<int> running{0};

  std::mutex mutex;
  std::shared_ptr<Session> session;                        ///< after the legacy handshake
  std::map<std::string, std::shared_ptr<Listen>> listens;  ///< by request id

  void write(std::string_view text) const { options.write(text); }
  void write_error(const Json& id, const RpcError& error) const { write(error_text(id, error)); }
  std::shared_ptr<Session> legacy_session() {
    std::lock_guard lock(mutex);
    return session;
  }
};

namespace {

/// Writes everything as lines, until the client has withdrawn the request (M32).
class LineOutlet final : public Outlet {
 public:
  LineOutlet(const Session::LineSink& write, CancelToken gone, CancelToken withdrawn)
      : write_(write), gone_(std::move(gone)), withdrawn_(std::move(withdrawn)) {}
  bool send(std::string_view message) override {
    if (withdrawn_.cancelled()) return false;
    write_(message);
    return true;
  }
  bool can_send() const override { return true; }
  void answer(Answer answer) override {
    if (!answer.body.empty() && !withdrawn_.cancelled()) write_(answer.body);
  }
  CancelToken gone() const override { return gone_; }

 private:
  const Session::LineSink& write_;
  const CancelToken gone_;
  const CancelToken withdrawn_;
};

}  // namespace

Connection::Connection(Server& server, Server::ConnectOptions options)
    : state_(std::make_unique<State>(server, std::move(options))) {}

Connection::~Connection() { close(); }

std::shared_ptr<Connection> Server::connect(ConnectOptions options) {
  return std::make_shared<Connection>(*this, std::move(options));
}

int Connection::running() const { return state_->running; }

void Connection::refuse_oversized() { state_->write_error(nullptr, refused("The message is too large")); }  // S8

void Connection::cancel_all() { state_->gone.cancel(); }

void Connection::close() {
  State& s = *state_;
  if (s.closed.cancelled()) return;
  s.closed.cancel();
  std::map<std::string, std::shared_ptr<Listen>> listens;
  std::shared_ptr<Session> session;
  {
    std::lock_guard lock(s.mutex);
    listens.swap(s.listens);
    session.swap(s.session);
  }
  for (const auto& [id, listen] : listens) s.impl.close_listen(listen);
  if (session) session->end();
  // When it is the server that leaves, the front end stays and comes back to the next one.
  if (!s.leaves_alone() || s.impl.stopping.cancelled()) return;
  s.impl.end_scope(s.impl.signer.scope_key(ScopeKind::kProcess, s.process));
}

void Connection::receive(std::string_view line) {
  State& s = *state_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.find_first_not_of(" \t") == std::string_view::npos) return;
  auto parsed = json::parse(line, s.impl.limits.json);
  if (!parsed.ok()) {
    return s.write_error(nullptr, {.code = rpc::kParseError, .message = "Parse error: " + parsed.error().message});
  }
  if (parsed->is_array()) return receive_batch(std::move(parsed).value());
  Json id;
  auto read = read_message(std::move(parsed).value(), &id);
  if (const auto* error = std::get_if<RpcError>(&read)) return s.write_error(id, *error);
  Message& m = std::get<Message>(read);
  if (m.kind == Message::Kind::kResponse) {
    if (const auto session = s.legacy_session()) session->deliver_answer(m.response);
    return;
  }
  if (m.kind == Message::Kind::kNotification) return receive_notification(m);
  receive_request(std::move(m));
}

void Connection::receive_notification(const Message& m) {
  State& s = *state_;
  if (m.method != "notifications/cancelled") return;
  s.impl.cancel_request(&s, m.params);  // M32
  const Json* id = json::find(m.params, "requestId");
  if (id == nullptr) return;
  std::shared_ptr<Listen> listen;
  {
    std::lock_guard lock(s.mutex);
    if (const auto it = s.listens.find(json::dump(*id)); it != s.listens.end()) {
      listen = it->second;
      s.listens.erase(it);
    }
  }
  if (listen) s.impl.close_listen(listen);
}

void Connection::receive_batch(Json batch) {
  State& s = *state_;
  const auto session = s.legacy_session();
  if (batch.empty()) return s.write_error(nullptr, refused("An empty batch says nothing"));
  bool modern = false, handshake = false;
  for (const Json& item : batch) {
    const Json* params = json::find(item, "params");
    modern = modern || (params != nullptr && has_claim(*params));
    handshake = handshake || json::get_string(item, "method") == "initialize";
  }
  if (modern || handshake || !session || !session->version().batches) {
    return s.write_error(nullptr, refused("Batches do not exist in this protocol version"));
  }
  auto peer = std::make_shared<Request>(base_request());
  peer->version = &session->version();
  peer->session = session;
  peer->capabilities = session->identity().capabilities;
  peer->label = session->identity().label;
  auto work = [self = shared_from_this(), peer, items = std::make_shared<Json>(std::move(batch))] {
    LineOutlet outlet(self->state_->options.write, self->state_->gone, CancelToken());
    outlet.answer(self->state_->impl.answer_batch(*peer, std::move(*items), outlet));
  };
  if (!run(std::move(work))) s.write_error(nullptr, too_many_at_once());
}

Request Connection::base_request() const {
  Request request;
  request.credential = state_->options.credential;
  request.process = state_->process;
  request.label = state_->options.label;
  request.owner = state_.get();
  return request;
}

void Connection::receive_request(Message m) {
  State& s = *state_;
  auto request = std::make_shared<Request>(base_request());
  const bool claimed = has_claim(m.params);
  if (m.method == "initialize" && envelope_trouble(m.params)) return initialize(std::move(m));
  if (claimed) {  // S4, S6
    if (const auto error = envelope_trouble(m.params)) return s.write_error(m.id, *error);
    const Json& meta = *json::find(m.params, "_meta");
    const std::string claim = json::get_string(meta, meta_key::kVersion);
    request->version = find_version(claim, Era::kModern);
    if (request->version == nullptr) return s.write_error(m.id, unsupported_claim(claim));
    request->capabilities = *json::find(meta, meta_key::kCapabilities);
    if (auto label = client_label(json::find(meta, meta_key::kClientInfo)); !label.empty()) request->label = label;
  } else {
    request->session = s.legacy_session();
    if (!request->session && m.method != "ping") {  // S5
      return s.write_error(m.id, refused("Not initialized"));
    }
    request->version = request->session ? &request->session->version() : &newest(Era::kLegacy);
    if (request->session) {
      request->capabilities = request->session->identity().capabilities;
      request->label = request->session->identity().label;
    }
  }
  request->message = std::move(m);
  if (claimed && request->message.method == "subscriptions/listen") return listen(*request);
  auto work = [self = shared_from_this(), request] {
    if (request->withdrawn.cancelled()) return;
    LineOutlet outlet(self->state_->options.write, self->state_->gone, request->withdrawn);
    request->outlet = &outlet;
    outlet.answer(self->state_->impl.answer(*request));
  };
  if (!takes_long(request->message.method)) return work();
  s.impl.make_cancellable(*request);  // a cancellation may follow before the other thread has begun
  if (!run(std::move(work))) s.write_error(request->message.id, too_many_at_once());
}

bool Connection::run(std::function<void()> work) {
  State& s = *state_;
  const Limits& limits = s.impl.limits;
  if (s.running >= limits.running_calls_per_credential + limits.waiting_calls) return false;
  ++s.running;
  const bool runs = s.options.run([self = shared_from_this(), work = std::move(work)] {
    work();
    --self->state_->running;
  });
  if (!runs) --s.running;
  return runs;
}

void Connection::initialize(Message m) {
  State& s = *state_;
  const Version& version = s.impl.negotiate(m.params);
  Session::Identity identity;
  identity.credential = s.options.credential.name;
  identity.scope_key = s.impl.signer.scope_key(ScopeKind::kProcess, s.process);
  identity.label = client_label(json::find(m.params, "clientInfo"));
  if (!s.options.label.empty()) {
    identity.label = s.options.label + (identity.label.empty() ? "" : " (" + identity.label + ")");
  }
  identity.base_mode = s.impl.base_mode(s.options.credential, std::nullopt);
  identity.version = &version;
  const Json* declared = json::find(m.params, "capabilities");
  if (declared != nullptr && declared->is_object()) identity.capabilities = *declared;
  auto session = std::make_shared<Session>(std::move(identity), s.impl.limits, s.impl.clock, s.options.write);
  {
    std::lock_guard lock(s.mutex);
    s.session = session;
  }
  s.write(result_text(m.id, json::dump(s.impl.initialize_result(version))));
  s.impl.sessions.add_line(session);  // from here on announcements reach it, and none before the answer
}

void Connection::listen(Request& request) {
  State& s = *state_;
  auto opened = s.impl.open_listen(request, [write = s.options.write](const std::string& text) { write(text); });
  if (const auto* error = std::get_if<RpcError>(&opened)) return s.write_error(request.message.id, *error);
  const auto listen = std::get<std::shared_ptr<Listen>>(opened);
  const std::string key = json::dump(request.message.id);
  std::shared_ptr<Listen> replaced;
  {
    std::lock_guard lock(s.mutex);
    if (s.listens.size() >= static_cast<std::size_t>(s.impl.limits.listens_per_credential)) {
      replaced = listen;
    } else {
      replaced = std::exchange(s.listens[key], listen);
    }
  }
  if (replaced) s.impl.close_listen(replaced);
  if (replaced == listen) {
    return s.write_error(request.message.id, {.code = rpc::kInternal, .message = "Too many subscriptions are open"});
  }
  listen->begin();
}

void Connection::announce_end() {
  State& s = *state_;
  std::map<std::string, std::shared_ptr<Listen>> listens;
  {
    std::lock_guard lock(s.mutex);
    listens.swap(s.listens);
  }
  for (const auto& [id, listen] : listens) {  // M20
    s.impl.close_listen(listen);
    s.write(notification_text("notifications/cancelled", {{"requestId", listen->id()}, {"reason", "shutting down"}}));
    s.write(result_text(listen->id(), listen->result()));
  }
}

}  // namespace patchbay::mcp
