#include "tools/job_start.h"
#include "tools/registry.h"

namespace patchbay::tools::apply_job {
namespace {

Result<JobStartReply> apply_job(Services& services, mcp::Call& call, const JobStartArgs& args) {
  return start_job(services, call, jobs::JobMode::kApply, args);
}

mcp::Declaration declaration() {
  return {
      .name = "codex_apply_job",
      .title = "Codex Apply Job",
      .description =
          "Start one Codex job that edits files in a new git worktree on its own branch; the checkout stays "
          "as it is. Answers at once; read codex_get_result, then codex_get_diff.",
      .effect = mcp::Effect::kDestroys,
      .world = mcp::World::kOpen,
      .repeat = mcp::Repeat::kEachTimeAgain,
      .modes = mcp::kStandardFull,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kWorker,
      .invoking = "Launching Codex",
      .invoked = "Codex launched",
      .takes_handle = true,
      .takes_request_key = true,
  };
}

const Register kTool{
    &declaration,
    &apply_job,
    {"status", "job_id", "state", "mode", "branch_name", "base_revision", "base_dirty", "next", "error_code", "note"}};

}  // namespace
}  // namespace patchbay::tools::apply_job
