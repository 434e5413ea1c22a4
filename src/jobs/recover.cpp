#include "jobs/monitor.h"
#include "patchbay/base/log.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/runner/turn.h"

namespace patchbay::jobs {

Status Jobs::recover() {
  std::mutex loading;
  std::vector<JobPtr> loaded;
  const store::LoadReport report =
      PB_TRY(records_.load_all([&](const std::string& id, const store::RecordOrder& order, Json&& content) {
        auto record = JobRecord::from_json(std::move(content));
        if (!record) {
          log::warn("job record {} is not usable: {}", id, record.error().message);
          return;
        }
        record->sequence = order.created;
        auto job = std::make_shared<const JobRecord>(std::move(*record));
        std::lock_guard lock(loading);
        loaded.push_back(std::move(job));
      }));
  for (const auto& bad : report.quarantined) log::warn("job record {} was set aside: {}", bad.id, bad.reason);
  std::sort(loaded.begin(), loaded.end(), [](const JobPtr& a, const JobPtr& b) { return a->sequence < b->sequence; });
  for (const JobPtr& job : loaded) take_in(job);
  for (const JobPtr& job : loaded) {
    if (job->unresolved()) adopt(job);
  }
  grant_slots();
  wake_waiters();
  return {};
}

void Jobs::adopt(const JobPtr& job) {
  const std::string dir = job_dir(job->job_id);
  if (const auto runner = runner::live_runner(dir)) {
    // A cancel may have been decided just before its signal could be sent.
    if (job->state == JobState::kCancelled) runner::request_stop(dir);
    // The last owner may have died between the runner's receipt and its own record of it.
    const auto progress = runner::read_progress(dir);
    const bool waits = progress && progress->phase == "queued";
    (void)update(job->job_id, [&](JobRecord& r) {
      r.process_pid = runner->pid;
      r.process_identity = runner->to_string();
      if (waits) r.progress.phase = "queued";
      if (r.state == JobState::kPending && !waits) {
        r.state = JobState::kRunning;
        if (r.started_at == 0) r.started_at = r.created_at;
      }
      return true;
    });
    monitor_->follow(job->job_id, dir, *runner);
    return;
  }
  const bool never_ran = !runner::read_exit(dir) && !runner::read_progress(dir);
  if (job->state == JobState::kPending && job->process_pid == 0 && never_ran) {
    abandon(job->job_id,
            Error{ErrorCode::kJobLost, "The server stopped before this turn had started.", "Start it again.", {}});
    return;
  }
  if (finalize(job->job_id) != Settled::kDone) monitor_->settle_later(job->job_id, dir);
}

}  // namespace patchbay::jobs
