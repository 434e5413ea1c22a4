#pragma once

#include <functional>
#include <optional>
#include <string>

#include "patchbay/base/result.h"
#include "patchbay/os/lock.h"
#include "patchbay/os/process.h"
#include "patchbay/os/program.h"
#include "patchbay/runner/engine.h"

/// The small program around one turn, `patchbay run-turn`: it starts the agent, is the only reader of its pipes,
/// enforces the time limit, ends whatever the turn started and leaves proof of that. It outlives the owner.
///
/// Folder of a turn (all 0600):
///   run.lock       held by the runner while it lives; its text is the runner's pid and identity
///   progress.json  Progress, replaced at most four times a second; on stable storage once the session is known
///   stdout.log, stderr.log   redacted output; cut to head and tail after the end
///   evidence.json  Outcome as it was when the program said that the turn is over; gone once result.json is there
///   result.json    Outcome, written at every end
///   exit.json      TurnExit, the last file to appear: the process tree is empty. Until then the runner stays, and with
///                  it the repository lock, however long that takes
namespace patchbay::runner {

struct TurnLimits {
  double timeout_seconds = 0;                  ///< 0: none
  double session_start_timeout_seconds = 180;  ///< 0: none
  double completion_grace_seconds = 2;         ///< for the program to leave after the turn ended
  double interrupt_seconds = 1;                ///< between SIGINT and SIGTERM
  double terminate_seconds = 4;                ///< between SIGTERM and SIGKILL
  double sweep_seconds = 3;       ///< for the last descendants to go, before the result is told without that
  double quiet_look_seconds = 5;  ///< without output, until the program's own files are asked; 0: never
  double startup_gate_seconds = 30;
  std::int64_t capture_max_bytes = 4'000'000;
  std::int64_t line_max_bytes = 8'000'000;
  std::int64_t log_max_bytes = 200'000;
  bool raw_logs = false;

  Json to_json() const;
  static TurnLimits from_json(const Json& j);
};

/// Everything a runner is told. Travels through a descriptor; the prompt is never on disk.
struct TurnOrder {
  std::string job_id;
  std::string job_dir;  ///< exists, 0700
  Command command;
  std::string prompt;
  std::string marker;  ///< value of PB_JOB_MARKER in the agent's environment
  InterpreterOptions interpreter;
  TurnLimits limits;
  bool wait_for_slot = false;  ///< stay queued until `go` appears in the folder
  std::string log_dir = {};    ///< for the two logs; empty: job_dir
  /// What the owner was started with, and the agent gets back.
  mode_t file_mask = os::operator_umask();
  std::size_t open_files = os::original_open_files();
};

/// Proof of an end (exit.json).
struct TurnExit {
  std::string reason;  ///< "exited", "lingered", "timeout", "session_start_timeout", "cancelled", "spawn_failed"
  std::optional<int> exit_code;
  std::optional<int> signal;
  double started_at = 0, ended_at = 0;  ///< epoch seconds; started_at 0 when the agent never ran
  bool tree_empty = false;

  Json to_json() const;
  static TurnExit from_json(const Json& j);
};

/// The runner of a turn's folder while it lives (its lock is held), else nothing.
std::optional<os::ProcessIdentity> live_runner(const std::string& job_dir);

/// Asks the runner to end the turn (INT, TERM, KILL, sweep). False when there is no runner.
bool request_stop(const std::string& job_dir);
/// Lets a queued turn begin.
Status grant_slot(const std::string& job_dir);

std::optional<Progress> read_progress(const std::string& job_dir);
std::optional<Outcome> read_outcome(const std::string& job_dir);
/// What was known when the program said that the turn is over, for as long as there is no outcome.
std::optional<Outcome> read_evidence(const std::string& job_dir);
std::optional<TurnExit> read_exit(const std::string& job_dir);

using InterpreterFactory = std::function<std::unique_ptr<Interpreter>(const InterpreterOptions&)>;

/// Body of `patchbay run-turn`. Descriptor 3 is a socket of the owner: the order arrives there as a memory file, with
/// the repository locks behind it, and the confirmation leaves there. When it closes without an order the program just
/// ends. Returns the exit code of the program.
int run_turn_main(const InterpreterFactory& factory);

/// Kills every process whose environment carries PB_JOB_MARKER=`marker`; true when none is left. Crash recovery only:
/// while a runner lives it knows its own tree.
bool kill_marked(const std::string& marker, double seconds);

inline constexpr char kMarkerVariable[] = "PB_JOB_MARKER";

}  // namespace patchbay::runner
