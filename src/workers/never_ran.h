#pragma once

#include "patchbay/jobs/record.h"
#include "patchbay/os/file.h"

namespace patchbay::workers {

/// Whether it is certain that no process of this turn has ever run, so that its worktree holds nobody's work (SEC:I9):
/// its start failed, and no runner left a trace in the job's folder.
inline bool never_ran(const jobs::JobRecord& job, const std::string& job_dir) {
  if (job.state != jobs::JobState::kFailed || job.terminal_source != "launch_failed") return false;
  if (job.process_pid != 0 || !job.session_id.empty() || job.unresolved()) return false;
  return !os::exists(os::join(job_dir, "exit.json")) && !os::exists(os::join(job_dir, "progress.json")) &&
         !os::exists(os::join(job_dir, "result.json"));
}

}  // namespace patchbay::workers
