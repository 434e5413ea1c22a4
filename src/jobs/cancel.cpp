#include "jobs/decision.h"
#include "jobs/monitor.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/runner/turn.h"

namespace patchbay::jobs {
namespace {

constexpr std::chrono::seconds kFinishingTurn{5};

bool has_ended(const std::string& dir) {
  const auto progress = runner::read_progress(dir);
  return (progress && progress->turn_over) || runner::read_exit(dir);
}

}  // namespace

/// The outcome of a turn that is over although its process lives. A turn that is being stopped is not over by itself.
std::optional<TerminalDecision> Jobs::already_over(const JobRecord& job) const {
  const std::string dir = job_dir(job.job_id);
  auto outcome = runner::read_outcome(dir);
  if (!outcome) outcome = runner::read_evidence(dir);
  if (!outcome) outcome = told_by_engine(job, runner::read_progress(dir));
  if (!outcome || outcome->state == runner::Outcome::State::kCancelled) return std::nullopt;
  return decision_of(*outcome);
}

/// Ends what is left of a job that has its decision. True when it is proven that nothing is.
bool Jobs::prove_gone(const std::string& job_id, std::chrono::milliseconds wait_for) {
  const auto gone = [&] {
    const JobPtr now = find(job_id);
    return !now || !now->unresolved();
  };
  if (!gone() && !runner::live_runner(job_dir(job_id))) (void)finalize(job_id);
  return wait(gone, clock_.mono() + wait_for, {});
}

CancelReply Jobs::cancel(const std::string& job_id, const std::string& reason, std::chrono::milliseconds wait_for) {
  CancelReply reply;
  const JobPtr job = find(job_id);
  if (!job) {
    reply.reason = "Unknown job: " + job_id;
    return reply;
  }
  reply.found = true;
  const std::string dir = job_dir(job_id);
  const auto settled = [&] {
    const JobPtr now = find(job_id);
    return !now || is_terminal(now->state);
  };

  // A turn that said it is over is only waiting for its process: it stays completed (lesson 10).
  const bool ended = job->active() && has_ended(dir);
  if (ended) wait(settled, clock_.mono() + kFinishingTurn, {});
  std::optional<TerminalDecision> decision;
  if (!settled()) decision = already_over(*job);
  if (!settled() && ended && !decision) {
    // Over, and nobody can say how: the runner will.
    reply.process_signalled = runner::request_stop(dir);
    reply.state = job->state;
    reply.reason = "already_completed";
    reply.cleanup_pending = true;
    return reply;
  }
  const bool stops = !decision;
  if (stops) decision = TerminalDecision{JobState::kCancelled, "manager_cancellation", reason, {}, {}, {}};

  bool decided = false;
  const Status saved = update(job_id, [&](JobRecord& r) {
    if (is_terminal(r.state)) return false;
    decided = transition_terminal(r, *decision, epoch_seconds(clock_.wall()));
    if (stops) r.cancel_reason = reason;
    // A job without a runner has nothing to clean up.
    r.cleanup = r.process_pid == 0 && !runner::live_runner(dir) ? "done" : "cleanup_pending";
    return true;
  });
  const JobPtr now = find(job_id);
  reply.state = now ? now->state : job->state;
  if (!saved.ok()) {
    reply.reason = saved.error().message;
    return reply;
  }
  reply.cancelled = decided && stops;
  if (!reply.cancelled) {
    reply.reason = reply.state == JobState::kCompleted ? "already_completed" : "Job is not running";
  }
  if (now && now->unresolved()) {
    reply.process_signalled = runner::request_stop(dir);
    reply.cleanup_pending = !prove_gone(job_id, wait_for);
  }
  if (decided) grant_slots();
  return reply;
}

}  // namespace patchbay::jobs
