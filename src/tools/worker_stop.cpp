#include "tools/calls.h"
#include "tools/registry.h"
#include "tools/untrusted.h"

namespace patchbay::tools::worker_stop {
namespace {

using Reply = Untrusted<workers::StopReply>;

Result<Reply> worker_stop(Services& services, mcp::Call& call, const workers::StopArgs& args) {
  return Reply{PB_TRY(services.workers.stop(actor_of(call), context_of(services, call), args)), "worker_report"};
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_stop",
      .title = "Codex Worker Stop",
      .description =
          "Stop a worker's running turn. codex_worker_message can continue it later, unless "
          "cleanup_workspace removes its worktree.",
      .effect = mcp::Effect::kDestroys,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kEachTimeAgain,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kWorker,
      .invoking = "Stopping worker",
      .invoked = "Worker stopped",
      .takes_handle = true,
      .takes_request_key = true,
  };
}

const Register kTool{&declaration, &worker_stop, {"stopped", "workspace_cleaned", "state", "error_code"}};

}  // namespace
}  // namespace patchbay::tools::worker_stop
