// Who calls, and what that identity chose: scope keys, handles, tool modes (mcp 7).

#include <algorithm>

#include "mcp/server_impl.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"

namespace patchbay::mcp {
namespace {

constexpr std::string_view kConversationHint = "openai/session";
constexpr std::size_t kMaxHint = 512;
constexpr std::chrono::seconds kWriteEvery{60};
constexpr std::size_t kMaxKnownScopes = 8192;

/// What is dropped here comes back from the store when it is asked for.
template <class Known>
void forget_older_half(Known& known) {
  std::vector<WallTime> times;
  times.reserve(known.size());
  for (const auto& [key, state] : known) times.push_back(state.seen);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  const WallTime limit = *middle;
  std::erase_if(known, [&](const auto& row) { return row.second.seen <= limit; });
}

}  // namespace

Caller Server::Impl::identify(const Request& request) {
  Caller caller;
  caller.credential = request.credential.name;
  caller.scope = request.credential.scope;
  caller.label = request.label;
  caller.has_session = request.session != nullptr;
  const std::string hint = json::get_string(request.meta(), kConversationHint);
  if (!hint.empty() && hint.size() <= kMaxHint) {
    caller.kind = ScopeKind::kConversation;
    caller.scope_key = signer.scope_key(caller.kind, caller.credential + '\0' + hint);
  } else if (request.session && request.process.empty()) {
    caller.kind = ScopeKind::kSession;
    caller.scope_key = request.session->identity().scope_key;
  } else if (!request.process.empty()) {
    caller.kind = ScopeKind::kProcess;
    caller.scope_key = signer.scope_key(caller.kind, request.process);
  } else {
    caller.kind = ScopeKind::kCredential;
    caller.scope_key = signer.scope_key(caller.kind, caller.credential);
  }
  caller.client_ref = client_ref_of(caller.scope_key);
  caller.base_mode = base_mode(request.credential, request.url_mode);
  caller.mode = chosen_mode(caller.scope_key).value_or(caller.base_mode);
  // A session may have chosen before its conversation was named.
  if (caller.kind == ScopeKind::kConversation && request.session) {
    caller.mode = chosen_mode(caller.scope_key)
                      .value_or(chosen_mode(request.session->identity().scope_key).value_or(caller.base_mode));
  }
  return caller;
}

Result<Caller> Server::Impl::identify(const Request& request, const std::optional<std::string>& handle) {
  Caller caller = identify(request);
  if (!handle) return caller;
  const std::string hash = sha256_hex(*handle);
  const WallTime now = clock.wall();
  const auto record = PB_TRY(store.find_handle(hash));
  const bool good = record && record->credential == caller.credential && now - record->used <= limits.handle_idle &&
                    now - record->created <= limits.handle_age;
  if (!good) {  // Q2, Q4: another credential's handle looks like no handle at all
    return Error{ErrorCode::kHandleUnknown,
                 "The handle is unknown or expired.",
                 catalog.options().handle_tool.empty() ? std::string("Call again without it.")
                                                       : "Call " + catalog.options().handle_tool + " for a new one.",
                 {}};
  }
  if (now - record->used >= kWriteEvery) store.touch_handle(hash, now);
  caller.kind = ScopeKind::kHandle;
  caller.scope_key = record->scope_key;
  caller.client_ref = client_ref_of(caller.scope_key);
  caller.mode = chosen_mode(caller.scope_key).value_or(caller.base_mode);
  return caller;
}

Result<std::string> Server::Impl::mint_handle(Caller& caller) {
  const std::string handle = "pbh_" + random_base32(26);
  const WallTime now = clock.wall();
  HandleRecord record{caller.credential, caller.scope_key, caller.kind, now, now};
  // A caller known only by its credential shares that identity with everybody on the URL; the handle gives it
  // one of its own. Anybody else keeps the identity it has.
  const bool fresh = caller.kind == ScopeKind::kCredential;
  if (fresh) record.scope_key = signer.scope_key(ScopeKind::kHandle, handle);
  PB_TRY(store.put_handle(sha256_hex(handle), record));
  if (fresh) {
    caller.kind = ScopeKind::kHandle;
    caller.scope_key = record.scope_key;
    caller.client_ref = client_ref_of(caller.scope_key);
    touch_scope(caller.scope_key);
  }
  return handle;
}

Status Server::Impl::bind_handle(const std::string& handle, const std::string& scope_key, Caller& caller) {
  const std::string hash = sha256_hex(handle);
  auto record = PB_TRY(store.find_handle(hash));
  if (!record || record->credential != caller.credential)
    return Error{ErrorCode::kHandleUnknown, "The handle is unknown or expired.", {}, {}};
  record->scope_key = scope_key;
  PB_TRY(store.put_handle(hash, *record));
  caller.scope_key = scope_key;
  caller.client_ref = client_ref_of(scope_key);
  touch_scope(scope_key);
  return {};
}

Mode Server::Impl::base_mode(const Credential& credential, std::optional<Mode> url_mode) {
  {
    auto locked = scopes.lock();
    const auto it = locked->by_credential.find(credential.name);
    if (it != locked->by_credential.end() && it->second.until > clock.wall()) return catalog.capped(it->second.mode);
  }
  return url_mode ? catalog.capped(*url_mode) : catalog.options().default_mode;
}

Mode Server::Impl::listed_mode(const Request& request) {
  const Mode base = base_mode(request.credential, request.url_mode);
  if (request.modern() || !request.session) return base;
  return chosen_mode(request.session->identity().scope_key).value_or(base);
}

Server::Impl::ScopeState& Server::Impl::scope_state(Scopes& locked, const std::string& scope_key) {
  const auto it = locked.known.find(scope_key);
  if (it != locked.known.end()) return it->second;
  if (locked.known.size() >= kMaxKnownScopes) {
    const WallTime oldest = clock.wall() - limits.session_idle;
    std::erase_if(locked.known, [&](const auto& row) { return row.second.seen < oldest; });
    if (locked.known.size() >= kMaxKnownScopes) forget_older_half(locked.known);
  }
  ScopeState state;
  if (const auto record = store.find_scope(scope_key)) {
    state.mode = record->mode;
    state.seen = state.written = record->seen;
    state.ended = record->ended;
  }
  return locked.known[scope_key] = state;
}

std::optional<Mode> Server::Impl::chosen_mode(const std::string& scope_key) {
  auto locked = scopes.lock();
  const ScopeState& state = scope_state(*locked, scope_key);
  if (!state.mode || clock.wall() - state.seen > limits.mode_idle) return std::nullopt;
  return catalog.capped(*state.mode);
}

Status Server::Impl::choose_mode(const std::string& scope_key, Mode mode, const std::string& label) {
  const WallTime now = clock.wall();
  PB_TRY(store.put_scope(scope_key, {mode, label, now}));
  auto locked = scopes.lock();
  ScopeState& state = scope_state(*locked, scope_key);
  state.mode = mode;
  state.seen = state.written = now;
  return {};
}

void Server::Impl::touch_scope(const std::string& scope_key) {
  auto locked = scopes.lock();
  ScopeState& state = scope_state(*locked, scope_key);
  state.seen = clock.wall();
  const bool back = std::exchange(state.ended, false);
  if (!back && state.seen - state.written < kWriteEvery) return;
  state.written = state.seen;
  // A failure costs only that a restart takes the conversation for over, and its mode with it.
  auto record = store.find_scope(scope_key).value_or(ScopeRecord{});
  record.seen = state.seen;
  record.ended = false;
  [[maybe_unused]] const Status stored = store.put_scope(scope_key, record);
}

void Server::Impl::end_scope(const std::string& scope_key) {
  auto locked = scopes.lock();
  scope_state(*locked, scope_key).ended = true;
  auto record = store.find_scope(scope_key);
  if (!record) return;  // a restart knows nothing of it, and takes it for over as well
  record->ended = true;
  [[maybe_unused]] const Status stored = store.put_scope(scope_key, *record);
}

void Server::Impl::tell_sessions_of(const std::string& scope_key) {
  for (const auto& session : sessions.all()) {
    if (session->identity().scope_key == scope_key) session->notify("notifications/tools/list_changed", {});
  }
}

bool Server::scope_live(const std::string& scope_key, std::chrono::seconds idle) const {
  auto locked = impl_->scopes.lock();
  const Impl::ScopeState& state = impl_->scope_state(*locked, scope_key);
  return !state.ended && impl_->clock.wall() - state.seen <= idle;
}

Json Server::mode_info(const Call& call) const {
  const Caller& caller = call.caller();
  return impl_->catalog.mode_info(caller.mode, caller.scope);
}

Result<Json> Server::change_mode(Call& call, const ModeChange& change) {
  Impl& impl = *impl_;
  const CatalogOptions& options = impl.catalog.options();
  const auto refuse = [](std::string message) {
    return Error{ErrorCode::kModeNotPermitted,
                 std::move(message),
                 "Only the operator can change that, in the server's configuration.",
                 {}};
  };
  if (!options.allow_switch) return refuse("Changing the tool mode is switched off on this server.");
  if (!impl.catalog.permits(change.mode)) {
    return refuse("Mode '" + std::string(name_of(change.mode)) + "' is wider than the widest allowed one, '" +
                  std::string(name_of(options.max_mode)) + "'.");
  }
  if (change.for_url && !options.allow_url_switch) {
    return refuse("Changing the mode of the whole URL is switched off on this server.");
  }
  const Caller before = call.caller();
  const Mode previous = change.for_url ? before.base_mode : before.mode;
  std::optional<std::string> handle = call.handle();
  if (change.for_url) {
    auto locked = impl.scopes.lock();
    locked->by_credential[before.credential] = {change.mode, impl.clock.wall() + impl.limits.url_mode_age};
  } else {
    if (!handle) handle = PB_TRY(call.mint_handle());
    const std::string listing = impl.session_key_of(call).value_or(call.caller().scope_key);
    // What the session lists may differ from what this caller could use (G23).
    const Mode listed = impl.chosen_mode(listing).value_or(before.base_mode);
    PB_TRY(impl.choose_mode(call.caller().scope_key, change.mode, before.label));
    if (listing != call.caller().scope_key) PB_TRY(impl.choose_mode(listing, change.mode, before.label));
    if (listed != change.mode) impl.tell_sessions_of(listing);
  }
  if (change.for_url && previous != change.mode) {
    impl.announce({.kind = Change::Kind::kTools, .credential = before.credential});
  }

  Json out = impl.catalog.mode_info(change.mode, before.scope);
  out["previous_mode"] = name_of(previous);
  out["changed"] = previous != change.mode;
  out["reason"] = change.reason;
  out["switch_scope"] = change.for_url ? "url" : std::string(name_of(call.caller().kind));
  if (handle) out["handle"] = *handle;
  out["note"] = change.for_url ? "Everybody on this URL lists this mode for at most an hour."
                : before.has_session
                    ? "This session lists the new mode at once; calls that pass the handle use it everywhere."
                    : "Pass the handle with your calls to use the new mode; the list of this URL stays as it is.";
  return out;
}

}  // namespace patchbay::mcp
