#include "tools/calls.h"
#include "tools/registry.h"
#include "tools/untrusted.h"

namespace patchbay::tools::worker_message {
namespace {

using Reply = Untrusted<workers::TurnReply>;

Result<Reply> worker_message(Services& services, mcp::Call& call, const workers::MessageArgs& args) {
  return Reply{PB_TRY(services.workers.message(actor_of(call), context_of(services, call), args)), "worker_report"};
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_message",
      .title = "Codex Worker Message",
      .description =
          "Continue an idle worker with new instructions: same conversation, same workspace. Answers at "
          "once; follow `next`.",
      .effect = mcp::Effect::kWrites,
      .world = mcp::World::kOpen,
      .repeat = mcp::Repeat::kEachTimeAgain,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kWorker,
      .invoking = "Briefing worker",
      .invoked = "Worker briefed",
      .takes_handle = true,
      .takes_request_key = true,
  };
}

const Register kTool{&declaration, &worker_message, {"accepted", "worker_id", "state", "next", "error_code"}};

}  // namespace
}  // namespace patchbay::tools::worker_message
