#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "mcp/request.h"
#include "mcp/request_keys.h"
#include "mcp/session_table.h"
#include "mcp/signer.h"
#include "mcp/subscriptions.h"
#include "patchbay/mcp/server.h"
#include "patchbay/mcp/timers.h"

/// The inside of Server. Its parts are spread over files by subject:
/// http_entry.cpp (eras and ladders over HTTP), connection.cpp (the same for lines), dispatch.cpp (method
/// table and common answers), handshake.cpp, lists.cpp, tools_call.cpp, resources.cpp, prompts.cpp,
/// listen.cpp, identity.cpp (callers, handles, modes).
namespace patchbay::mcp {

class RunningCall;

/// N3: the claim names a revision that is not served without a handshake.
RpcError unsupported_claim(std::string_view claim);
std::optional<std::uint64_t> parse_number(std::string_view text);

struct Server::Impl {
  Impl(Server& server, Options options);
  ~Impl();

  // ---- http_entry.cpp -------------------------------------------------------------------------------
  void post(const HttpSender& sender, std::string_view body, Outlet& outlet);
  void post_batch(const HttpSender& sender, Json batch, Outlet& outlet);
  void post_modern(const HttpSender& sender, Message message, Outlet& outlet);
  void post_legacy(const HttpSender& sender, Message message, Outlet& outlet);
  void post_initialize(const HttpSender& sender, Message message, Outlet& outlet);
  /// L1-L4: fills version and session of a legacy HTTP message.
  std::optional<RpcError> find_legacy_peer(const HttpSender& sender, Request& request);

  Answer answer_batch(const Request& peer, Json batch, Outlet& outlet);
  /// One element of a batch; empty when nothing is to be said. `before`: bytes of the answers before it.
  std::string answer_element(Request& request, std::size_t before);

  // ---- dispatch.cpp ---------------------------------------------------------------------------------
  /// Runs one request of a known version and gives the whole JSON-RPC answer.
  Answer answer(Request& request);
  Reply run_method(Request& request);
  static Answer error_answer(const Json& id, const RpcError& error);
  /// Adds what results of the modern era carry (M2, M3, M8) and writes the text.
  std::string finish(const Request& request, Json result, std::optional<Caching> caching = {}) const;
  /// -32603 with a reference; `detail` goes to the log only (N11).
  RpcError internal_error(std::string_view detail) const;

  Reply ping(Request& request);
  // ---- handshake.cpp --------------------------------------------------------------------------------
  Reply discover(Request& request);
  Json initialize_result(const Version& version) const;
  Json capabilities(Era era) const;
  const Version& negotiate(const Json& params) const;
  // ---- lists.cpp ------------------------------------------------------------------------------------
  Reply list_tools(Request& request);
  Reply list_prompts(Request& request);
  Reply list_resources(Request& request);
  Reply list_templates(Request& request);
  Reply list_page(Request& request, const char* member, Json all, Caching caching);
  // ---- tools_call.cpp -------------------------------------------------------------------------------
  Reply call_tool(Request& request);
  Reply run_tool(Request& request, const Catalog::Entry& entry, Json arguments);
  Reply give_error(Request& request, const Catalog::Entry& entry, const Error& error);
  // ---- resources.cpp, prompts.cpp -------------------------------------------------------------------
  Reply read_resource(Request& request);
  Reply subscribe(Request& request);
  Reply unsubscribe(Request& request);
  Reply get_prompt(Request& request);
  Reply complete(Request& request);
  Reply set_level(Request& request);
  // ---- listen.cpp -----------------------------------------------------------------------------------
  /// Checks and registers a listen; `direct` as in Listen.
  std::variant<std::shared_ptr<Listen>, RpcError> open_listen(Request& request, Listen::Direct direct);
  /// Serves a listen on the thread that brought it until it ends (HTTP).
  Reply listen(Request& request);
  void close_listen(const std::shared_ptr<Listen>& listen);
  void announce(const Change& change);

  // ---- identity.cpp ---------------------------------------------------------------------------------
  /// Who calls; `handle` as given in the arguments. kHandleUnknown (Q4).
  Result<Caller> identify(const Request& request, const std::optional<std::string>& handle);
  /// Caller of a request that names no handle.
  Caller identify(const Request& request);
  Result<std::string> mint_handle(Caller& caller);
  Status bind_handle(const std::string& handle, const std::string& scope_key, Caller& caller);
  Mode base_mode(const Credential& credential, std::optional<Mode> url_mode);
  /// The mode a list shows (7.3).
  Mode listed_mode(const Request& request);
  std::optional<Mode> chosen_mode(const std::string& scope_key);
  Status choose_mode(const std::string& scope_key, Mode mode, const std::string& label);
  void touch_scope(const std::string& scope_key);
  void end_scope(const std::string& scope_key);
  void tell_sessions_of(const std::string& scope_key);
  /// Scope key of the session a call came through, if any (tools_call.cpp).
  std::optional<std::string> session_key_of(const Call& call) const;

  // ---- counters -------------------------------------------------------------------------------------
  /// Places of one credential, for running calls and for listens.
  struct PerCredential {
    std::mutex mutex;
    std::map<std::string, int> used;
  };
  class CredentialPermit {
   public:
    CredentialPermit(PerCredential& table, std::string name) : table_(&table), name_(std::move(name)) {}
    CredentialPermit(CredentialPermit&& other) noexcept : table_(other.table_), name_(std::move(other.name_)) {
      other.table_ = nullptr;
    }
    CredentialPermit& operator=(CredentialPermit&&) = delete;
    ~CredentialPermit();

   private:
    PerCredential* table_;
    std::string name_;
  };
  static std::optional<CredentialPermit> take(PerCredential& table, const std::string& name, int limit);

  /// Requests that a client can cancel by id.
  struct CancelTable {
    struct Row {
      CancelToken cancel, withdrawn;
    };
    std::mutex mutex;
    std::map<std::pair<const void*, std::string>, Row> running;
  };
  void cancel_request(const void* owner, const Json& params);
  /// Makes a request findable for cancel_request, as early as it is known; again is harmless.
  void make_cancellable(Request& request);

  void sweep();
  void schedule_sweep();

  Server& server;
  const Options options;
  const Catalog& catalog;
  StateStore& store;
  const Clock& clock;
  const Limits limits;
  const Signer signer;
  SessionTable sessions;
  ListenTable listens;
  RequestKeys request_keys;
  Slots running{limits.running_calls};
  Slots waiting{limits.waiting_calls};
  Slots streams{limits.streams};
  PerCredential running_by_credential;
  PerCredential listens_by_credential;
  CancelTable cancels;
  Guarded<std::map<std::string, int>> processes;  ///< connections of each front end
  CancelToken stopping;
  std::string server_info_text;  ///< {"name":…,"version":…}
  Json server_info;

  /// What is known in memory about one identity; filled from the store on first use.
  struct ScopeState {
    std::optional<Mode> mode;
    WallTime seen;
    WallTime written;
    bool ended = false;
  };
  struct Scopes {
    std::unordered_map<std::string, ScopeState> known;
    struct UrlMode {
      Mode mode;
      WallTime until;
    };
    std::map<std::string, UrlMode> by_credential;
  };
  mutable Guarded<Scopes> scopes;
  ScopeState& scope_state(Scopes& locked, const std::string& scope_key);

  Timers timers;    ///< deadlines of calls
  Timers sweeping;  ///< writes to the state store, so it has a thread of its own
  Timers::Pending next_sweep;
};

}  // namespace patchbay::mcp
