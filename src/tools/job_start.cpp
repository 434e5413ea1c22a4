#include "tools/job_start.h"

#include "patchbay/os/file.h"
#include "tools/calls.h"

namespace patchbay::tools {
namespace {

constexpr int kFirstLookMs = 20'000;

/// The options that were given, under their public names.
Json options_of(const CodexArgs& args) {
  Json given = json::to_json(args);
  for (const char* own_member : {"model", "sandbox", "structured_output"}) given.erase(own_member);
  return given;
}

/// Plan jobs look; they write only when the operator or the caller says so (design: built-in posture).
std::string plan_sandbox(const Services& services, const CodexArgs& args) {
  if (!args.sandbox.empty() || args.full_auto.value_or(false)) return args.sandbox;
  const bool chosen = services.launch.provenance.of("security.default_sandbox") != config::Source::kBuiltIn;
  return chosen ? std::string(name_of(services.launch.config.security.default_sandbox)) : "read-only";
}

JobStartReply busy_reply(JobStartReply reply, const Error& busy, const std::string& workspace) {
  reply.status = "refused";
  reply.note = busy.message;
  if (!workspace.empty()) reply.workspace_name = workspace;
  reply.refusal = workers::busy_refusal(busy, "codex_" + reply.mode + "_job");
  reply.refusal.note.reset();
  return reply;
}

}  // namespace

std::string JobStartReply::text() const {
  if (!job_id) return fmt::format("Not started: {} {}", note, refusal.required_action.value_or(""));
  std::string out = fmt::format("Job {} ({}) is {}. {}", *job_id, mode, state.value_or(""), note);
  if (next) out += fmt::format(" Next: {} in {} s.", next->tool, next->after_ms / 1000);
  return out;
}

Result<JobStartReply> start_job(Services& services, mcp::Call& call, jobs::JobMode mode, const JobStartArgs& args) {
  workers::JobRequest request;
  request.mode = mode;
  request.spec = args.spec;
  request.repo_path = args.repo_path;
  request.model = args.codex.model;
  request.sandbox = mode == jobs::JobMode::kPlan ? plan_sandbox(services, args.codex) : args.codex.sandbox;
  request.structured_output = args.codex.structured_output;
  request.options = options_of(args.codex);
  request.owner = owner_of(call, services.clock);
  request.may_write_base = call.caller().scope >= mcp::Scope::kPower;

  JobStartReply reply;
  reply.operation_type = reply.mode = std::string(name_of(mode));
  auto started = services.plain_jobs.start(request);
  if (!started.ok()) {
    if (started.error().code != ErrorCode::kRepoBusy) return std::move(started).error();
    const auto workspace = services.roots.choose(args.repo_path);
    return busy_reply(std::move(reply), started.error(), workspace.ok() ? os::base_name(workspace->path) : "");
  }

  const jobs::JobRecord& job = *started->job;
  reply.job_id = job.job_id;
  reply.state = std::string(name_of(job.state));
  if (!job.branch_name.empty()) reply.branch_name = job.branch_name;
  if (!started->base_revision.empty()) {
    reply.base_revision = started->base_revision;
    reply.base_dirty = started->base_dirty;
  }
  reply.note = mode != jobs::JobMode::kApply ? "Codex works on the checkout itself."
               : started->base_dirty         ? "The job started from the last commit; uncommitted changes of the "
                                               "checkout are not part of it."
                                             : "The job works in a git worktree of its own.";
  reply.next = workers::NextCall{"codex_get_result", {{"job_id", job.job_id}, {"wait_seconds", 25}}, kFirstLookMs};
  return reply;
}

}  // namespace patchbay::tools
