#include "tools/job_start.h"
#include "tools/registry.h"

namespace patchbay::tools::plan_job {
namespace {

Result<JobStartReply> plan_job(Services& services, mcp::Call& call, const JobStartArgs& args) {
  return start_job(services, call, jobs::JobMode::kPlan, args);
}

mcp::Declaration declaration() {
  return {
      .name = "codex_plan_job",
      .title = "Codex Plan Job",
      .description =
          "Start one Codex job on the checkout itself, for analysis and plans. It may write there if its "
          "sandbox lets it. Answers at once; read codex_get_result.",
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
    &declaration, &plan_job, {"status", "job_id", "state", "mode", "next", "repo_busy", "error_code", "note"}};

}  // namespace
}  // namespace patchbay::tools::plan_job
