#include "workers/liveness.h"

#include <array>

#include "patchbay/base/text.h"

namespace patchbay::workers {
namespace {

using jobs::JobRecord;
using jobs::JobState;

constexpr std::size_t kLineBytes = 260;
constexpr std::string_view kCategories[] = {"starting", "active", "quiet",     "stale",
                                            "lost",     "failed", "completed", "cancelled"};
constexpr std::string_view kByUrgency[] = {"reauthenticate", "choose_model", "recover",      "inspect",
                                           "recheck",        "wait",         "read_partial", "read"};

std::string failure_category(const JobRecord& job) {
  const Json* diagnostic = json::find(job.result, "failure_diagnostic");
  return diagnostic == nullptr ? std::string() : json::get_string(*diagnostic, "category");
}

std::string category_of(const JobRecord& job, double now, const WorkersOptions& options) {
  switch (job.state) {
    case JobState::kCompleted: return "completed";
    case JobState::kCancelled: return "cancelled";
    case JobState::kFailed: return failure_category(job) == "patchbay_runtime_tracking_lost" ? "lost" : "failed";
    default: break;
  }
  if (job.state == JobState::kPending || job.session_id.empty()) return "starting";
  const double age = now - job.progress.heartbeat_at;
  if (age <= options.heartbeat_fresh_seconds) return "active";
  return age <= options.heartbeat_quiet_seconds ? "quiet" : "stale";
}

std::string action_for(const std::string& category, const JobRecord& job) {
  if (category == "starting" || category == "active") return "wait";
  if (category == "quiet") return "recheck";
  if (category == "stale") return "inspect";
  if (category == "lost") return "recover";
  if (category == "completed") return "read";
  if (category == "cancelled") return "read_partial";
  const std::string failure = failure_category(job);
  if (failure == "codex_auth_refresh_failed") return "reauthenticate";
  if (failure == "codex_model_unavailable") return "choose_model";
  return "read_partial";
}

std::string activity(const JobRecord& job, double now) {
  const runner::Progress& p = job.progress;
  if (!p.current_command.empty() && p.current_command_started_at > 0) {
    return "shell command running for " + duration_text(now - p.current_command_started_at);
  }
  return replace_all(p.phase, "_", " ");
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 0) seconds = 0;
  if (seconds < 90) return fmt::format("{} s", static_cast<long>(seconds));
  if (seconds < 90 * 60) return fmt::format("{} min", static_cast<long>(seconds / 60));
  return fmt::format("{} h", static_cast<long>(seconds / 3600));
}

std::string public_state(const JobRecord& job) {
  switch (job.state) {
    case JobState::kPending: return "starting";
    case JobState::kRunning: return "working";
    case JobState::kCompleted: return "idle";
    case JobState::kFailed: return "failed";
    case JobState::kCancelled: return "stopped";
  }
  return "failed";
}

TeamStatus team_status(const std::vector<WorkerPtr>& workers, double now, const WorkersOptions& options) {
  std::array<int, std::size(kCategories)> counts{};
  std::size_t urgent = std::size(kByUrgency);
  for (const WorkerPtr& w : workers) {
    const std::string category = category_of(w->latest(), now, options);
    ++counts[static_cast<std::size_t>(std::find(std::begin(kCategories), std::end(kCategories), category) -
                                      std::begin(kCategories))];
    const std::string action = action_for(category, w->latest());
    for (std::size_t i = 0; i < urgent; ++i) {
      if (action == kByUrgency[i]) urgent = i;
    }
  }
  const auto count = [&](std::string_view category) {
    return counts[static_cast<std::size_t>(std::find(std::begin(kCategories), std::end(kCategories), category) -
                                           std::begin(kCategories))];
  };
  TeamStatus team;
  team.counts = {{"total", workers.size()}};
  for (std::size_t i = 0; i < std::size(kCategories); ++i) team.counts[std::string(kCategories[i])] = counts[i];
  team.suggested_action = urgent < std::size(kByUrgency) ? std::string(kByUrgency[urgent]) : "none";
  team.busy = count("starting") + count("active") + count("quiet") + count("stale");
  team.summary = workers.empty() ? "No workers in this scope."
                                 : fmt::format("{} workers: {} working, {} done, {} failed or lost, {} stopped.",
                                               workers.size(), team.busy, count("completed"),
                                               count("failed") + count("lost"), count("cancelled"));
  return team;
}

Liveness liveness_of(const Worker& worker, double now, const WorkersOptions& options) {
  const JobRecord& job = worker.latest();
  const runner::Progress& p = job.progress;
  Liveness l;
  l.category = category_of(job, now, options);
  const std::string failure = failure_category(job);
  l.phase = job.state == JobState::kFailed && !failure.empty() ? failure : p.phase;
  l.suggested_action = action_for(l.category, job);
  const double heartbeat_age = p.heartbeat_at > 0 ? now - p.heartbeat_at : 0;
  const double elapsed = job.started_at > 0 ? (job.active() ? now : job.completed_at) - job.started_at : 0;

  std::string line = fmt::format("{}: {}", display_safe(worker.name()), public_state(job));
  if (job.active()) {
    line += fmt::format(" for {}, {}, {} events, {} notes, last sign {} ago", duration_text(elapsed),
                        activity(job, now), p.event_count, p.message_count, duration_text(heartbeat_age));
    line += "; no final report yet, which is not a failure";
  } else if (job.state == JobState::kCompleted) {
    line += fmt::format(" after {}, report ready", duration_text(elapsed));
  } else if (!job.error.empty()) {
    line += ", " + display_safe(job.error);
  }
  l.line = std::string(utf8_prefix(line, kLineBytes));

  l.json = {{"category", l.category},
            {"phase", l.phase},
            {"suggested_action", l.suggested_action},
            {"heartbeat_age_seconds", static_cast<std::int64_t>(heartbeat_age)},
            {"last_heartbeat_at", p.heartbeat_at > 0 ? Json(p.heartbeat_at) : Json(nullptr)},
            {"last_stdout_at", p.last_stdout_at > 0 ? Json(p.last_stdout_at) : Json(nullptr)},
            {"current_phase", p.phase},
            {"elapsed_seconds", static_cast<std::int64_t>(elapsed)},
            {"event_count", p.event_count},
            {"stdout_bytes_seen", p.stdout_bytes},
            {"stderr_bytes_seen", p.stderr_bytes},
            {"partial_notes", p.message_count},
            {"command_running", !p.current_command.empty()},
            {"cleanup", job.cleanup.empty() ? Json(nullptr) : Json(job.cleanup)}};
  return l;
}

}  // namespace patchbay::workers
