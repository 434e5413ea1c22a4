#include "tools/calls.h"
#include "tools/registry.h"

namespace patchbay::tools::worker_start {
namespace {

Result<workers::TurnReply> worker_start(Services& services, mcp::Call& call, const workers::StartArgs& args) {
  workers::Actor actor = actor_of(call);
  std::optional<std::string> minted;
  if (!call.handle()) {
    // The worker belongs to the identity that the handle stands for; who asked tells a repeated call apart.
    const std::string asked_as = actor.scope_key;
    minted = PB_TRY(call.mint_handle());
    actor = actor_of(call);
    actor.asked_as = asked_as;
  }
  workers::TurnReply reply = PB_TRY(services.workers.start(actor, context_of(services, call), args));
  if (reply.accepted) reply.handle = minted;
  if (minted && !reply.goes_on_as.empty()) PB_TRY(call.bind_handle(reply.goes_on_as));
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_start",
      .title = "Codex Worker Start",
      .description =
          "Give a new named Codex worker its assignment. By default it works in a git worktree of its own "
          "and leaves the checkout as it is. Answers at once; follow `next`.",
      .effect = mcp::Effect::kWrites,
      .world = mcp::World::kOpen,
      .repeat = mcp::Repeat::kEachTimeAgain,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kWorker,
      .invoking = "Hiring worker",
      .invoked = "Worker hired",
      .takes_handle = true,
      .takes_request_key = true,
  };
}

const Register kTool{&declaration, &worker_start, {"accepted", "worker_id", "state", "next", "handle", "error_code"}};

}  // namespace
}  // namespace patchbay::tools::worker_start
