#include "tools/calls.h"
#include "tools/registry.h"

namespace patchbay::tools {
namespace {

Result<workers::IntegrateReply> worker_integrate(Services& services, mcp::Call& call,
                                                 const workers::IntegrateArgs& args) {
  return services.workers.integrate(actor_of(call), context_of(services, call), args);
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_integrate",
      .title = "Codex Worker Integrate",
      .description =
          "Put an accepted isolated worker's changes into the base checkout, all or nothing. Does not "
          "commit; the "
          "worktree stays. First read view integration_preview and pass its preview_token.",
      .effect = mcp::Effect::kDestroys,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kEachTimeAgain,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kIntegrate,
      .invoking = "Applying result",
      .invoked = "Result applied",
      .takes_handle = true,
      .takes_request_key = true,
  };
}

const Register kTool{&declaration,
                     &worker_integrate,
                     {"applied", "can_apply", "apply_check", "changed_files", "main_changed_files",
                      "integration_state", "conflict_summary", "error_code", "required_action", "note"}};

}  // namespace
}  // namespace patchbay::tools
