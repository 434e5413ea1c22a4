#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/mcp/catalog.h"
#include "patchbay/mcp/event_log.h"
#include "patchbay/mcp/jsonrpc.h"
#include "patchbay/mcp/limits.h"
#include "patchbay/mcp/outlet.h"
#include "patchbay/mcp/provider.h"
#include "patchbay/mcp/session.h"
#include "patchbay/mcp/state_store.h"

/// The protocol itself: messages in, messages out, both eras. Knows neither sockets nor what the tools do.
namespace patchbay::mcp {

struct ServerInfo {
  std::string name;
  std::string title;
  std::string version;
  std::string instructions = {};
};

/// Who a transport found the sender to be.
struct Credential {
  std::string name = "local";
  Scope scope = Scope::kPower;
  /// Changes when the secret behind the name does; what was opened with another one is over (SEC:A6). Empty
  /// without secrets.
  std::string generation = {};
};

/// What a transport knows about an HTTP message besides its body.
struct HttpSender {
  Credential credential;
  std::optional<Mode> url_mode;  ///< ?mode= of the Server URL
  const HeaderList* headers = nullptr;
};

/// How a new mode was asked for.
struct ModeChange {
  Mode mode = Mode::kWorker;
  std::string reason;
  bool for_url = false;  ///< scope:"url"
};

class Connection;
struct Request;

/// The dispatcher.
///
/// Ownership:  borrows catalogue, providers, store and clock; they outlive it.
/// Threads:    every method from any thread. Handlers run on the thread that brought the message.
/// Lifetime:   construct, serve, `shutdown()` once, then destroy when no transport calls it any more.
class Server {
 public:
  struct Impl;  ///< private to mcp/
  struct Options {
    ServerInfo info;
    const Catalog* catalog = nullptr;
    std::vector<ResourceProvider*> resources = {};
    std::vector<PromptProvider*> prompts = {};
    std::vector<CompletionProvider*> completions = {};
    StateStore* store = nullptr;
    const Clock* clock = nullptr;
    std::string key;  ///< signs cursors, session ids, scope keys; at least 32 bytes
    Limits limits = {};
    bool sessionless_legacy = true;    ///< L5
    Json extensions = Json::object();  ///< declared in capabilities.extensions of the modern era and legacy alike
    bool logging = true;               ///< declares the legacy `logging` capability
    /// Whether these lists ever change while the server runs: what is declared happens (M7).
    bool prompts_change = true;
    bool resources_change = true;
  };

  explicit Server(Options options);
  ~Server();

  // ---- HTTP -----------------------------------------------------------------------------------------
  /// Handles the body of one POST. Returns when the answer was given.
  void post(const HttpSender& sender, std::string_view body, Outlet& outlet);

  /// What a GET on a session reads (G13-G16).
  struct EventStream {
    std::shared_ptr<Session> session;
    std::shared_ptr<EventLog> log;
    EventLog::Reader reader;
    std::string priming_id;  ///< begin with an event that has this id and no data (G15); empty: do not
    Slots::Permit permit;
  };
  std::variant<EventStream, RpcError> get(const HttpSender& sender, const std::string& session_id,
                                          std::optional<std::string_view> last_event_id);
  /// To be called at least once a minute while a client reads a stream of this session, and when it stops: it
  /// is in use (G10), also in the eyes of the next start (G11).
  void keep_session(const std::shared_ptr<Session>& session);
  /// Ends a session; absent when that worked.
  std::optional<RpcError> end_session(const HttpSender& sender, const std::string& session_id);

  // ---- lines ----------------------------------------------------------------------------------------
  struct ConnectOptions {
    Credential credential;
    std::string label;  ///< of the front end, for people
    /// Names the front end across connections (7.1 row 4): its identity outlives a replaced owner. Empty: this
    /// connection is an identity of its own.
    std::string client_id = {};
    Session::LineSink write;  ///< writes one line, whole; from any thread, does not wait
    /// Runs a task on another thread, so that one slow call does not hold up the next message. False: it will
    /// not run.
    std::function<bool(std::function<void()>)> run;
  };
  /// One stdio client: a process's own pipes or an accepted socket.
  std::shared_ptr<Connection> connect(ConnectOptions options);

  // ---- for the program ------------------------------------------------------------------------------
  /// Announces changes to everyone who asked to hear of them.
  void notify_tools_changed();
  void notify_resources_changed();
  void notify_prompts_changed();
  void notify_resource_updated(const std::string& uri);

  /// Result of the tool that changes the mode: the overview for the new mode plus previous_mode, changed,
  /// reason, switch_scope, handle, note. kModeNotPermitted when the operator does not allow it.
  Result<Json> change_mode(Call& call, const ModeChange& change);
  /// Result of the tool that explains the modes.
  Json mode_info(const Call& call) const;

  /// A permit to hold an event stream open; absent when the server holds as many as it may.
  std::optional<Slots::Permit> begin_stream();
  /// The right to wait inside a call (`wait_seconds`), while it lives. A call that waits does not count as a
  /// running one, so that those who wait keep nobody else out (SEC:H17).
  struct Wait {
    Slots::Permit permit;
    std::shared_ptr<void> running_again;  ///< its end makes the call count as running
  };
  /// Absent when as many wait as may: answer at once with the current state.
  std::optional<Wait> begin_wait(Call& call);
  /// True while the conversation with this scope key is in use: heard of within `idle` and not ended (7.4).
  bool scope_live(const std::string& scope_key, std::chrono::seconds idle) const;
  int session_count() const;
  int running_calls() const;
  const Catalog& catalog() const;
  const Limits& limits() const;
  const Clock& clock() const;

  /// Ends event streams and waits inside the protocol; calls still running are cancelled (M20).
  void shutdown();
  /// Cancelled when `shutdown` begins.
  CancelToken stopping() const;

 private:
  friend class Connection;
  std::unique_ptr<Impl> impl_;
};

/// One line-based client (rows S).
///
/// Messages are fed in order by one reader thread; answers come through ConnectOptions::write in any order.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct State;
  Connection(Server& server, Server::ConnectOptions options);
  ~Connection();

  /// One line without its newline; blank lines are ignored.
  void receive(std::string_view line);
  /// Answers a line that was longer than allowed and has been skipped (S8).
  void refuse_oversized();
  /// The input ended: subscriptions end, running calls may finish their answer.
  void close();
  /// Gives up every running call of this connection.
  void cancel_all();
  /// Calls that are still running.
  int running() const;

  /// Ends subscriptions in the words of M20: the server goes away while the client still listens.
  void announce_end();

 private:
  void receive_batch(Json batch);
  void receive_notification(const Message& message);
  void receive_request(Message message);
  void initialize(Message message);
  void listen(Request& request);
  bool run(std::function<void()> work);  ///< false: too many run already
  Request base_request() const;

  std::unique_ptr<State> state_;
};

}  // namespace patchbay::mcp
