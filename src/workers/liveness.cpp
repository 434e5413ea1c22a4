#include "workers/liveness.h"

#include <array>

#include "patchbay/base/text.h"

namespace patchbay::workers {
namespace {

using jobs::JobRecord;
using jobs::JobState;

constexpr std::size_t kLineBytes = 260;
enum Category { kStarting, kActive, kQuiet, kStale, kLost, kFailed, kCompleted, kCancelled, kCategories };
constexpr std::array<std::string_view, kCategories> kCategoryNames = {"starting", "active", "quiet",     "stale",
                                                                      "lost",     "failed", "completed", "cancelled"};
/// What to do about a worker, the most urgent first.
enum Action { kReauthenticate, kChooseModel, kRecover, kInspect, kRecheck, kWait, kReadPartial, kRead, kActions };
constexpr std::array<std::string_view, kActions> kActionNames = {
    "reauthenticate", "choose_model", "recover", "inspect", "recheck", "wait", "read_partial", "read"};

std::string failure_category(const JobRecord& job) {
  const Json* diagnostic = json::find(job.result, "failure_diagnostic");
  return diagnostic == nullptr ? std::string() : json::get_string(*diagnostic, "category");
}

/// Looks into the record only where the worker itself does not tell.
Category category_of(const Worker& worker, double now, const WorkersOptions& options) {
  switch (worker.state()) {
    case JobState::kCompleted: return kCompleted;
    case JobState::kCancelled: return kCancelled;
    case JobState::kFailed:
      return failure_category(worker.latest()) == "patchbay_runtime_tracking_lost" ? kLost : kFailed;
    default: break;
  }
  const JobRecord& job = worker.latest();
  if (job.state == JobState::kPending || job.session_id.empty()) return kStarting;
  const double age = now - job.progress.heartbeat_at;
  if (age <= options.heartbeat_fresh_seconds) return kActive;
  return age <= options.heartbeat_quiet_seconds ? kQuiet : kStale;
}

Action action_for(Category category, const Worker& worker) {
  switch (category) {
    case kStarting:
    case kActive: return kWait;
    case kQuiet: return kRecheck;
    case kStale: return kInspect;
    case kLost: return kRecover;
    case kCompleted: return kRead;
    case kCancelled: return kReadPartial;
    default: break;
  }
  const std::string failure = failure_category(worker.latest());
  if (failure == "codex_auth_refresh_failed") return kReauthenticate;
  if (failure == "codex_model_unavailable") return kChooseModel;
  return kReadPartial;
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

TeamStatus team_status(const std::vector<const Worker*>& workers, double now, const WorkersOptions& options) {
  std::array<int, kCategories> counts{};
  Action urgent = kActions;
  for (const Worker* w : workers) {
    const Category category = category_of(*w, now, options);
    ++counts[category];
    urgent = std::min(urgent, action_for(category, *w));
  }
  TeamStatus team;
  team.counts = {{"total", workers.size()}};
  for (std::size_t i = 0; i < kCategories; ++i) team.counts[std::string(kCategoryNames[i])] = counts[i];
  team.suggested_action = urgent < kActions ? std::string(kActionNames[urgent]) : "none";
  team.busy = counts[kStarting] + counts[kActive] + counts[kQuiet] + counts[kStale];
  team.summary = workers.empty()
                     ? "No workers in this scope."
                     : fmt::format("{} workers: {} working, {} done, {} failed or lost, {} stopped.", workers.size(),
                                   team.busy, counts[kCompleted], counts[kFailed] + counts[kLost], counts[kCancelled]);
  return team;
}

Liveness liveness_of(const Worker& worker, double now, const WorkersOptions& options) {
  const JobRecord& job = worker.latest();
  const runner::Progress& p = job.progress;
  Liveness l;
  const Category category = category_of(worker, now, options);
  l.category = kCategoryNames[category];
  const std::string failure = failure_category(job);
  l.phase = job.state == JobState::kFailed && !failure.empty() ? failure : p.phase;
  l.suggested_action = kActionNames[action_for(category, worker)];
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
