// What the monitor learns about a turn, on its way into the record.

#include "jobs/decision.h"
#include "patchbay/base/log.h"
#include "patchbay/jobs/jobs.h"

namespace patchbay::jobs {
namespace {

/// For what was just killed to disappear. What takes longer is looked at again later.
constexpr double kKillSeconds = 0.5;

runner::Usage difference(const runner::Usage& now, const runner::Usage& before) {
  runner::Usage d;
  for (const auto& [k, v] : now) {
    const auto it = before.find(k);
    d[k] = it == before.end() ? v : v - it->second;
  }
  return d;
}

/// The record takes over what the runner has told; the session is a member of its own.
void take_over(JobRecord& record, const runner::Progress& progress) {
  record.progress = progress;
  if (!progress.session_id.empty()) record.session_id = progress.session_id;
  record.progress.session_id = {};
}

/// The phase of a turn that has ended: of a failed one the kind of its failure.
std::string last_phase(const JobRecord& record, const TerminalDecision& decision) {
  if (record.state != JobState::kFailed) return "done";
  const Json* why = json::find(decision.result, "failure_diagnostic");
  const std::string category = why == nullptr ? std::string() : json::get_string(*why, "category");
  return category.empty() ? record.progress.phase : category;
}

}  // namespace

void Jobs::apply_progress(const std::string& job_id, const runner::Progress& progress) {
  std::lock_guard lock(stripe(job_id));
  const JobPtr current = find(job_id);
  if (!current || !current->active()) return;
  JobRecord copy = *current;
  const bool was_queued = queued(copy);
  take_over(copy, progress);
  if (was_queued && copy.state == JobState::kPending) copy.progress.phase = "queued";
  if (copy.session_id != current->session_id) {
    if (!commit(copy).ok()) publish(std::move(copy));  // progress.json has it on stable storage already
  } else {
    publish(std::move(copy));
  }
}

TerminalDecision Jobs::decide(const JobRecord& job, const std::optional<runner::Progress>& progress) const {
  const std::string dir = job_dir(job.job_id);
  auto outcome = runner::read_outcome(dir);
  if (!outcome) outcome = runner::read_evidence(dir);
  if (!outcome) outcome = told_by_engine(job, progress);
  return outcome ? decision_of(*outcome) : lost_decision();
}

std::optional<runner::Outcome> Jobs::told_by_engine(const JobRecord& job,
                                                    const std::optional<runner::Progress>& progress) const {
  std::string session = job.session_id;
  if (session.empty() && progress) session = progress->session_id;
  if (session.empty() || job.started_at == 0) return std::nullopt;
  return engine_.recover(session, job.started_at);
}

Jobs::Settled Jobs::finalize(const std::string& job_id) {
  const std::string dir = job_dir(job_id);
  const JobPtr job = find(job_id);
  if (!job || (is_terminal(job->state) && job->cleanup == "done")) return Settled::kDone;
  const bool runner_lives = runner::live_runner(dir).has_value();
  const auto exit = runner::read_exit(dir);
  if (runner_lives && !exit && !runner::read_outcome(dir)) return Settled::kCleaningUp;
  bool gone = exit && exit->tree_empty;
  // The runner died without proof. Its descendants carry the marker of the job.
  if (!gone && !runner_lives) gone = runner::kill_marked(job->marker, kKillSeconds);
  const std::string cleanup = gone ? "done" : runner_lives ? "cleanup_pending" : "cleanup_incomplete";
  if (cleanup == "cleanup_incomplete" && job->cleanup == cleanup) return Settled::kCleaningUp;

  const auto progress = runner::read_progress(dir);
  TerminalDecision decision = decide(*job, progress);
  if (exit) decision.exit_code = exit->exit_code;

  const Status saved = update(job_id, [&](JobRecord& r) {
    if (progress) {
      take_over(r, *progress);
      r.usage = progress->usage;
    }
    if (r.usage && !r.session_id.empty()) {
      runner::Usage before;
      for (const JobPtr& other : all()) {
        if (other->sequence < r.sequence && other->session_id == r.session_id && other->usage) before = *other->usage;
      }
      r.usage_turn = difference(*r.usage, before);
    }
    // A stop that was decided while the agent was finishing keeps its decision, but not at the price of the report.
    if (r.state == JobState::kCancelled && decision.result.is_object()) {
      Json partial = decision.result;
      partial["partial"] = true;
      if (r.result.is_null()) r.result = std::move(partial);
    }
    transition_terminal(r, decision, epoch_seconds(clock_.wall()));
    r.progress.phase = last_phase(r, decision);
    r.cleanup = cleanup;
    return true;
  });
  if (!saved.ok()) {
    log::error("job {}: its end could not be recorded yet: {}", job_id, saved.error().message);
    return Settled::kNotRecorded;
  }
  return gone ? Settled::kDone : Settled::kCleaningUp;
}

}  // namespace patchbay::jobs
