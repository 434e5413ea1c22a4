#include "tools/calls.h"
#include "tools/registry.h"
#include "tools/untrusted.h"

namespace patchbay::tools::worker_inspect {
namespace {

using Reply = Untrusted<workers::InspectReply>;

Result<Reply> worker_inspect(Services& services, mcp::Call& call, const workers::InspectArgs& args) {
  return Reply{PB_TRY(services.workers.inspect(actor_of(call), context_of(services, call), args)), "worker_report"};
}

mcp::Declaration declaration() {
  return {
      .name = "codex_worker_inspect",
      .title = "Codex Worker Inspect",
      .description =
          "Read one worker: its report, changed files, a diff or file (with file_path), or the preview of an "
          "integration. Changes nothing. After a clean preview ask the user, then codex_worker_integrate.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Asking worker",
      .invoked = "Worker answered",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration,
                     &worker_inspect,
                     {"worker_id", "state", "report", "can_message", "changed_files", "can_apply", "preview_token",
                      "next_cursor", "error_code"}};

}  // namespace
}  // namespace patchbay::tools::worker_inspect
