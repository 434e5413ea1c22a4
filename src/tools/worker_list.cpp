#include "tools/calls.h"
#include "tools/registry.h"
#include "tools/untrusted.h"

namespace patchbay::tools::worker_list {
namespace {

using Reply = Untrusted<workers::ListReply>;

Result<Reply> worker_list(Services& services, mcp::Call& call, const workers::ListArgs& args) {
  return Reply{PB_TRY(services.workers.list(actor_of(call), args)), "worker_report"};
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_list",
      .title = "Codex Worker List",
      .description = "List workers with state and latest report, active ones first.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Listing workers",
      .invoked = "Workers listed",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &worker_list, {"workers", "count", "active", "team_report"}};

}  // namespace
}  // namespace patchbay::tools::worker_list
