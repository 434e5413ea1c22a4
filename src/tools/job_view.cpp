#include "tools/job_view.h"

#include "patchbay/base/text.h"
#include "patchbay/workers/public_text.h"

namespace patchbay::tools {

Result<jobs::JobPtr> find_job(const Services& services, const std::string& job_id) {
  jobs::JobPtr job = services.jobs.find(job_id);
  if (job && job->worker_id().empty()) return job;
  return Error{ErrorCode::kJobNotFound,
               "Reference not found: " + job_id,
               "Use a job_id from codex_plan_job or codex_apply_job; for a worker use codex_worker_inspect.",
               {}};
}

std::optional<double> time_or_null(double epoch_seconds) {
  return epoch_seconds > 0 ? std::optional(epoch_seconds) : std::nullopt;
}

Liveness liveness_of(const jobs::JobRecord& job, double now, const config::Workers& limits) {
  Liveness l;
  l.phase = job.progress.phase;
  if (!job.active()) {
    l.category = std::string(name_of(job.state));
    return l;
  }
  const double beat = std::max(job.progress.heartbeat_at, job.progress.last_stdout_at);
  if (beat > 0) l.heartbeat_age_seconds = std::max(0.0, now - beat);
  if (!job.progress.current_command.empty() && job.progress.current_command_started_at > 0) {
    l.command_running_seconds = std::max(0.0, now - job.progress.current_command_started_at);
  }
  const double age = l.heartbeat_age_seconds.value_or(0);
  l.category = job.state == jobs::JobState::kPending || job.session_id.empty() ? "starting"
               : age <= limits.heartbeat_fresh_seconds                         ? "active"
               : age <= limits.heartbeat_quiet_seconds                         ? "quiet"
                                                                               : "stale";
  return l;
}

codex::PrivateStrings private_strings(const Services& services, const jobs::JobRecord& job) {
  codex::PrivateStrings secrets;
  secrets.paths = {job.repo_path, job.worktree_path, services.jobs.job_dir(job.job_id), services.launch.home.root(),
                   services.codex.options().codex_home};
  if (!job.branch_name.empty()) secrets.branches = {job.branch_name};
  return secrets;
}

std::string public_text(std::string_view text, const codex::PrivateStrings& secrets) {
  return workers::hide_branches(codex::public_report(text, secrets));
}

Json public_result(const Json& result, const codex::PrivateStrings& secrets) {
  if (result.is_string()) return public_text(result.get_ref<const std::string&>(), secrets);
  if (result.is_array()) {
    Json list = Json::array();
    for (const Json& item : result) list.push_back(public_result(item, secrets));
    return list;
  }
  if (!result.is_object()) return result;
  Json object = Json::object();
  for (const auto& [name, value] : result.items()) {
    if (!name.starts_with('_')) object[name] = public_result(value, secrets);
  }
  return object;
}

std::string progress_line(const Services& services, const std::string& job_id) {
  const jobs::JobPtr job = services.jobs.find(job_id);
  if (!job) return "The job is gone.";
  return fmt::format("{} job: {}, {} events", name_of(job->mode), replace_all(job->progress.phase, "_", " "),
                     job->progress.event_count);
}

workers::NextCall ask_again(const std::string& job_id) {
  constexpr int kPauseMs = 20'000;
  return {"codex_get_result", {{"job_id", job_id}, {"wait_seconds", workers::kWaitCapSeconds}}, kPauseMs};
}

}  // namespace patchbay::tools
