#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/json/json.h"
#include "patchbay/runner/engine.h"

namespace patchbay::jobs {

enum class JobState { kPending, kRunning, kCompleted, kFailed, kCancelled };
enum class JobMode { kPlan, kApply, kInteractive, kResume, kReview, kCommand };

std::string_view name_of(JobState state);
std::string_view name_of(JobMode mode);
std::optional<JobState> parse_state(std::string_view text);
std::optional<JobMode> parse_mode(std::string_view text);

inline bool is_terminal(JobState s) {
  return s == JobState::kCompleted || s == JobState::kFailed || s == JobState::kCancelled;
}

/// One run of the agent, as kept in `record.json`. The prompt is not part of it: only its size and digest are.
///
/// Times are epoch seconds, 0 when the thing has not happened. `options` holds the public options of the job tools and
/// private keys that begin with "_"; no private key ever reaches a client.
struct JobRecord {
  std::string job_id;
  std::uint64_t sequence = 0;  ///< creation order, given by the record store; wall time orders nothing
  JobState state = JobState::kPending;
  JobMode mode = JobMode::kPlan;
  std::string repo_path;
  Json options = Json::object();
  std::string worktree_path, branch_name;
  std::string session_id;
  double created_at = 0, started_at = 0, completed_at = 0;
  std::string error, error_code;
  std::optional<int> exit_code;
  Json result;  ///< null until a result exists; short members only, the whole is in result.json
  std::string marker;
  std::string prompt_sha256;
  std::int64_t prompt_bytes = 0;
  std::string process_identity;
  std::int64_t process_pid = 0;
  std::string terminal_source;
  double terminal_observed_at = 0;
  std::string late_terminal_source;
  double late_terminal_observed_at = 0;
  std::string cleanup;  ///< "", "cleanup_pending", "done", "cleanup_incomplete"
  std::string cancel_reason;
  std::optional<runner::Usage> usage, usage_turn;
  runner::Progress progress;  ///< its session_id stays empty: the record has it

  bool active() const { return !is_terminal(state); }
  /// The agent's processes may still exist.
  bool unresolved() const { return active() || cleanup == "cleanup_pending" || cleanup == "cleanup_incomplete"; }
  std::string option(std::string_view key) const { return json::get_string(options, key); }
  std::string worker_id() const { return option("_worker_id"); }

  Json to_json() const;
  /// Tolerant: unknown keys are ignored, absent ones keep their defaults. kStateCorrupt without a job id or state.
  static Result<JobRecord> from_json(Json j);
};

/// Records are shared as immutable snapshots.
using JobPtr = std::shared_ptr<const JobRecord>;

/// The one way into a terminal state: the first durable decision wins (workers.md 1.6).
///
/// From pending or running it sets state, source, time and error. A repeat of the same state fills in missing members
/// only. Another terminal state is refused and noted as late evidence. True when the record is now in `state`.
struct TerminalDecision {
  JobState state;
  std::string source;
  std::string error, error_code;
  std::optional<int> exit_code;
  Json result;
};
bool transition_terminal(JobRecord& record, const TerminalDecision& decision, double now);

}  // namespace patchbay::jobs
