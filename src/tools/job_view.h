#pragma once

#include "patchbay/codex/report.h"
#include "patchbay/tools/services.h"

/// Jobs as clients see them: no prompt, no absolute path, no log.
namespace patchbay::tools {

/// The job of a public id. kJobNotFound also for the turn of a worker: those are reached by the worker's
/// name.
Result<jobs::JobPtr> find_job(const Services& services, const std::string& job_id);

/// Category of workers.md 9.4 and what is behind it.
struct Liveness {
  std::string category;  ///< starting, active, quiet, stale, completed, failed, cancelled
  std::string phase;
  std::optional<double> heartbeat_age_seconds, command_running_seconds;

  template <class V>
  static void describe(V& v) {
    v.field("category", &Liveness::category);
    v.field("phase", &Liveness::phase);
    v.field("heartbeat_age_seconds", &Liveness::heartbeat_age_seconds);
    v.field("command_running_seconds", &Liveness::command_running_seconds);
  }
};
Liveness liveness_of(const jobs::JobRecord& job, double now, const config::Workers& limits);

/// What must not leave this machine with text of the job.
codex::PrivateStrings private_strings(const Services& services, const jobs::JobRecord& job);

/// A text of the job as it may be shown: no secret, no private path, no branch of any worker or job.
std::string public_text(std::string_view text, const codex::PrivateStrings& secrets);

/// Every string of a result made public; members that begin with '_' are left out.
Json public_result(const Json& result, const codex::PrivateStrings& secrets);

/// What a person is told while a call waits for the job.
std::string progress_line(const Services& services, const std::string& job_id);

/// "Ask again" for a job that is still at work.
workers::NextCall ask_again(const std::string& job_id);

std::optional<double> time_or_null(double epoch_seconds);

}  // namespace patchbay::tools
