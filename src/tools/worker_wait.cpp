#include "tools/calls.h"
#include "tools/registry.h"
#include "tools/untrusted.h"

namespace patchbay::tools::worker_wait {
namespace {

using Reply = Untrusted<workers::StatusReply>;

Result<Reply> worker_wait(Services& services, mcp::Call& call, const workers::WaitArgs& args) {
  return Reply{PB_TRY(services.workers.wait(actor_of(call), context_of(services, call), args)), "worker_report"};
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_wait",
      .title = "Codex Worker Wait",
      .description = "Wait up to 25 seconds until any worker changes state, then answer like codex_worker_status.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Waiting for workers",
      .invoked = "Workers checked",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &worker_wait, {"summary", "counts", "suggested_action", "worker_lines"}};

}  // namespace
}  // namespace patchbay::tools::worker_wait
