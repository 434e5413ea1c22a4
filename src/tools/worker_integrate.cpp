#include "tools/calls.h"
#include "tools/registry.h"

namespace patchbay::tools::worker_integrate {
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
          "commit; the worktree stays. Pass the preview_token of its integration_preview.",
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
                     {"applied", "apply_check", "changed_files", "conflict_summary", "error_code", "required_action"}};

}  // namespace
}  // namespace patchbay::tools::worker_integrate
