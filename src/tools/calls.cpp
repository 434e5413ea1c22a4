#include "tools/calls.h"

namespace patchbay::tools {

workers::Actor actor_of(const mcp::Call& call) {
  const mcp::Caller& caller = call.caller();
  workers::Actor actor;
  actor.scope_key = caller.scope_key;
  actor.scope_kind = std::string(name_of(caller.kind));
  actor.credential = caller.credential;
  actor.client_ref = caller.client_ref;
  actor.label = caller.label;
  actor.may_write_shared = caller.scope >= mcp::Scope::kIntegrate;
  return actor;
}

workers::CallContext context_of(Services& services, mcp::Call& call) {
  workers::CallContext context;
  context.deadline = call.deadline();
  context.cancel = call.cancel();
  context.progress = [&call](std::string_view message) { call.progress(message); };
  // Shared, because std::function wants to be copied; released with the last copy, when the call is over.
  auto permit = std::make_shared<std::optional<mcp::Server::Wait>>();
  context.may_wait = [server = services.server, permit, &call] {
    if (!*permit) *permit = server->begin_wait(call);
    return permit->has_value();
  };
  return context;
}

Json owner_of(const mcp::Call& call, const Clock& clock) {
  const mcp::Caller& caller = call.caller();
  const double now = epoch_seconds(clock.wall());
  return {{"_mcp_owner_session_hash", caller.scope_key},
          {"_mcp_owner_scope", name_of(caller.kind)},
          {"_mcp_owner_credential", caller.credential},
          {"_mcp_owner_client_ref", caller.client_ref},
          {"_mcp_owner_label", caller.label},
          {"_mcp_owner_created_at", now},
          {"_mcp_owner_last_seen_at", now}};
}

bool wait_until(Services& services, mcp::Call& call, int seconds, const std::function<bool()>& done,
                const std::function<std::string()>& say) {
  if (seconds <= 0 || done()) return done();
  const auto permit = services.server->begin_wait(call);
  if (!permit) return done();
  const MonoTime deadline =
      std::min(call.deadline() - kAnswerTime, services.clock.mono() + std::chrono::seconds(seconds));
  MonoTime told = services.clock.mono();
  const auto look = [&] {
    if (done()) return true;
    if (const MonoTime now = services.clock.mono(); now - told >= std::chrono::seconds(1)) {
      told = now;
      call.progress(say());
    }
    return false;
  };
  return services.jobs.wait(look, deadline, call.cancel());
}

}  // namespace patchbay::tools
