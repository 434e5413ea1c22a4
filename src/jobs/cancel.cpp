#include "jobs/monitor.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/runner/turn.h"

namespace patchbay::jobs {
namespace {

constexpr std::chrono::seconds kFinishingTurn{5};

}  // namespace

CancelReply Jobs::cancel(const std::string& job_id, const std::string& reason, std::chrono::milliseconds wait_for) {
  CancelReply reply;
  const JobPtr job = find(job_id);
  if (!job) {
    reply.reason = "Unknown job: " + job_id;
    return reply;
  }
  reply.found = true;
  const std::string dir = job_dir(job_id);
  const auto settled = [&](bool also_cleanup) {
    const JobPtr now = find(job_id);
    return is_terminal(now->state) && (!also_cleanup || !now->unresolved());
  };

  // A turn that said it is over is only waiting for its process: it stays completed (lesson 10).
  const auto progress = runner::read_progress(dir);
  if (job->active() && ((progress && progress->turn_over) || runner::read_exit(dir))) {
    wait([&] { return settled(false); }, clock_.mono() + kFinishingTurn, {});
  }

  bool decided = false;
  const Status saved = update(job_id, [&](JobRecord& r) {
    if (is_terminal(r.state)) return false;
    decided = transition_terminal(r,
                                  {.state = JobState::kCancelled,
                                   .source = "manager_cancellation",
                                   .error = reason,
                                   .error_code = {},
                                   .exit_code = {},
                                   .result = {}},
                                  epoch_seconds(clock_.wall()));
    r.cancel_reason = reason;
    // A job without a runner has nothing to clean up.
    r.cleanup = r.process_pid == 0 && !runner::live_runner(dir) ? "done" : "cleanup_pending";
    return true;
  });
  if (!saved.ok()) {
    reply.reason = saved.error().message;
    reply.state = find(job_id)->state;
    return reply;
  }
  if (!decided) {
    reply.state = find(job_id)->state;
    reply.reason = reply.state == JobState::kCompleted ? "already_completed" : "Job is not running";
    return reply;
  }
  reply.cancelled = true;
  reply.state = JobState::kCancelled;
  reply.process_signalled = runner::request_stop(dir);
  if (find(job_id)->cleanup == "cleanup_pending") {
    wait([&] { return settled(true); }, clock_.mono() + wait_for, {});
  }
  reply.cleanup_pending = find(job_id)->unresolved();
  grant_slots();
  return reply;
}

}  // namespace patchbay::jobs
