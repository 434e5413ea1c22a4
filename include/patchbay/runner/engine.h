#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/base/flat_map.h"
#include "patchbay/json/json.h"
#include "patchbay/os/process.h"

/// What an agent program looks like to the rest of PatchBay. `codex exec` is one engine; other programs and other
/// protocols of the same program fit behind the same two interfaces.
namespace patchbay::runner {

/// What a turn should do, in terms every engine understands. Values come from a request and are not yet trusted.
struct TurnRequest {
  std::string prompt;     ///< at most 1,048,576 characters; empty is allowed for a resume
  std::string cwd;        ///< absolute; where the program runs
  bool pass_cwd = false;  ///< also name the folder on the command line (isolated worktrees)
  std::string sandbox;    ///< "read-only", "workspace-write", "danger-full-access"; empty: the engine's default
  std::string model;      ///< empty: the program's default
  std::string reasoning_effort;
  std::string resume_session;  ///< empty: a new conversation
  bool in_git_repository = true;
  bool structured_output = true;
  /// The remaining documented options of job tools as an object (images, features, profile, add_dirs,
  /// dangerously_bypass, approval_policy, network, search, config_overrides, full_auto, json_events).
  Json options = Json::object();
};

/// A program ready to be started.
struct Command {
  std::vector<std::string> argv;  ///< argv[0] absolute
  os::Environment env;
  std::string cwd;
  bool prompt_on_stdin = false;
  std::string effective_sandbox;  ///< after every option; decides whether the base checkout may be written
  std::string startup_gate;       ///< lock file that serialises start-ups, empty when none is needed
  std::string last_message_file;  ///< the program writes its final message there; may be empty
  std::string temp_dir = {};      ///< for temporary files of this turn alone, named in `env` too; may be empty
  std::string session_home = {};  ///< where the program keeps conversations; for the interpreter; may be empty
};

/// Token counts as the program reports them (cumulative over the conversation).
using Usage = FlatMap<std::string, std::int64_t>;

/// An intermediate note of the agent.
struct Checkpoint {
  double at = 0;        ///< epoch seconds
  std::string summary;  ///< at most 2000 characters, redacted
};

/// What is known about a running turn. Kept small: it is written to disk several times a second at most.
struct Progress {
  std::string session_id;
  std::string phase = "launching";  ///< workers.md 9.4
  std::string last_event;
  std::string current_item_type, current_item_status;
  std::string current_command;  ///< redacted, at most 200 characters; empty when none runs
  double current_command_started_at = 0;
  std::string last_command;
  double last_command_completed_at = 0;
  std::int64_t event_count = 0;
  std::int64_t stdout_bytes = 0, stderr_bytes = 0;
  double last_stdout_at = 0, last_stderr_at = 0, heartbeat_at = 0;
  std::int64_t oversized_lines = 0, invalid_lines = 0, dropped_items = 0;
  std::int64_t message_count = 0;
  bool turn_over = false;               ///< the program said that the turn ended; its process may still linger
  bool cleaning_up = false;             ///< the result is written, but some of what the agent started still lives
  std::vector<Checkpoint> checkpoints;  ///< newest last, at most 8
  std::optional<Usage> usage;

  Json to_json() const;
  static Progress from_json(const Json& j);
};

/// How the process of a turn ended, before the engine judges what that means.
struct TurnEnd {
  enum class Reason { kExited, kCompletedAndLingered, kTimeout, kSessionStartTimeout, kCancelled, kSpawnFailed };
  Reason reason = Reason::kExited;
  os::ExitStatus status;
  std::string spawn_error;   ///< public sentence when kSpawnFailed
  std::string stderr_tail;   ///< redacted, at most 4000 bytes
  std::string stdout_tail;   ///< redacted, at most 40 lines
  std::string last_message;  ///< content of Command::last_message_file, redacted
};

/// The engine's judgement of a finished turn.
struct Outcome {
  enum class State { kCompleted, kFailed, kCancelled };
  State state = State::kFailed;
  std::string terminal_source;  ///< "process_exit", "stdout_turn_completed", "timeout", "manager_cancellation" ...
  std::string error;            ///< public sentence when not completed
  ErrorCode error_code = ErrorCode::kInternal;  ///< meaningful when failed
  Json result = Json::object();  ///< report members, redacted; also partial results; may carry failure_diagnostic

  Json to_json() const;
  static Outcome from_json(const Json& j);
};

/// Follows one turn's output. Single-threaded.
class Interpreter {
 public:
  virtual ~Interpreter() = default;

  enum class Keep { kAlways, kWhileRoom };
  /// One event, already redacted. Tells whether the line must survive a full log.
  virtual Keep on_event(const Json& event, double now) = 0;
  /// Called when the program's standard error said something (one line, redacted).
  virtual void on_stderr(const std::string& line) = 0;

  virtual const Progress& progress() const = 0;
  virtual Progress& progress() = 0;
  /// The conversation was announced (or is known from the start for engines that do not announce it).
  virtual bool session_started() const = 0;
  /// The program said that the turn is over; it should leave by itself soon. False again when it took up another turn.
  virtual bool turn_over() const = 0;
  /// The program is about to be started (`now`: epoch seconds).
  virtual void on_start(double now) { (void)now; }
  /// Asked every few seconds while the program says nothing: its own files may tell what its output does not, and
  /// turn_over() answers accordingly afterwards.
  virtual void look_for_end() {}
  /// The turn must be stopped at once: the program opened another conversation than the one asked for.
  virtual bool wrong_session() const = 0;

  /// Judges the turn by what is known. Called when the turn is over, to have that in writing, and again at the end.
  virtual Outcome finish(const TurnEnd& end) = 0;
};

/// What `make_interpreter` needs to know about the turn.
struct InterpreterOptions {
  std::string expected_session;   ///< UUID for a resume, else empty
  std::string session_home = {};  ///< of the command; empty: unknown
  bool structured_output = true;
  bool json_events = true;
};

/// One agent program as jobs and workers see it. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Validates the request and builds the command. kCodexCliMissing, kInvalidArgument, kContentTooLarge ...
  virtual Result<Command> command(const TurnRequest& request, const std::string& job_dir) = 0;
  virtual std::unique_ptr<Interpreter> make_interpreter(const InterpreterOptions& options) const = 0;
  /// After a crash that took the runner with it: what the program's own files say about a turn of `session_id` that
  /// began at `started_at` (epoch seconds). Nothing when they do not prove its end.
  virtual std::optional<Outcome> recover(const std::string& session_id, double started_at) const {
    (void)session_id, (void)started_at;
    return std::nullopt;
  }
};

}  // namespace patchbay::runner
