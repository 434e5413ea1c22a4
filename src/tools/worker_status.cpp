#include "tools/calls.h"
#include "tools/registry.h"
#include "tools/untrusted.h"

namespace patchbay::tools::worker_status {
namespace {

using Reply = Untrusted<workers::StatusReply>;

Result<Reply> worker_status(Services& services, mcp::Call& call, const workers::StatusArgs& args) {
  return Reply{PB_TRY(services.workers.status(actor_of(call), context_of(services, call), args)), "worker_report"};
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_status",
      .title = "Codex Worker Status",
      .description = "Compact state of all workers and what changed since you last asked; for following work.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Checking workers",
      .invoked = "Workers checked",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &worker_status, {"summary", "counts", "suggested_action", "worker_lines"}};

}  // namespace
}  // namespace patchbay::tools::worker_status
