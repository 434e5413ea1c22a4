#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/process.h"
#include "patchbay/runner/engine.h"

namespace patchbay::codex {

/// Decides whether a path of a request may be shown to Codex. Gives the canonical absolute path (links
/// resolved), or the refusal of the workspace layer (kRootNotAllowed, kNotFound ...).
using PathCheck = std::function<Result<std::string>(const std::string& absolute_path)>;

/// What the operator settled about Codex. Plain values; the engine copies them.
struct EngineOptions {
  std::string executable;  ///< program name or absolute path; empty: `codex` on PATH
  std::string codex_home;  ///< absolute; given to every Codex process as CODEX_HOME and created (0700) when absent
  /// Names a Codex process may inherit: exact ("PATH"), by prefix ("LC_*"), or "*" for all (SEC:C6).
  std::vector<std::string> allowed_env;
  std::vector<std::string> secret_env;  ///< never inherited even when listed: the server's own token variables
  std::string default_sandbox = "workspace-write";
  bool allow_dangerously_bypass = false;
  /// Beginnings a `-c key=value` of a request may have; empty: none, "" allows every key.
  std::vector<std::string> allowed_config_override_prefixes;
  bool ignore_user_config = false;  ///< every turn, besides the turns that ask for it
  std::string private_dir;          ///< for the output schema; created 0700 on first use
  std::string gate_dir;             ///< per-user folder outside any home of ours; for the start-up gate
  bool serialize_startup = true;
  /// The longest a short question to the program may take: its version, its login, its models. The first one
  /// after a start of the machine reads 290 MB from the disk.
  std::chrono::seconds answer_limit{10};
  PathCheck check_path;                        ///< for `images` and `add_dirs`; without it both are refused
  std::optional<os::Environment> environment;  ///< to filter instead of this process's own
};

/// The version whose behaviour the engine was written against; `doctor` warns about another one (SEC:C13).
inline constexpr char kObservedVersion[] = "0.169.0";

/// The oldest one whose options, events and exit codes are those the engine relies on.
inline constexpr char kMinimumVersion[] = "0.142.2";

/// The program that will really be started.
struct Program {
  std::string path;   ///< absolute; the native program even when PATH names the npm wrapper
  std::string found;  ///< what the operator or PATH named
};

struct Probe {
  std::string path;
  std::string version;  ///< "0.169.0"; the whole first line when it has another shape
};

struct LoginStatus {
  enum class State { kLoggedIn, kLoggedOut, kUnknown };
  State state = State::kUnknown;
  std::string summary;  ///< one public sentence without any credential
};

/// `codex exec` as an engine: builds its command line and environment, and reads its event stream.
///
/// Threads:  every method from any thread; a probe that runs keeps only other probes waiting, at most its
/// limit. Errors:   requests are data from outside; nothing of a request reaches argv unless its grammar
/// allows it (SEC:C2). Source:   the command line of codex-cli 0.169.0. `--full-auto`, `--search`, `-a` and
/// `--trust` are never sent.
class CodexEngine : public runner::Engine {
 public:
  explicit CodexEngine(EngineOptions options);
  ~CodexEngine() override;

  /// The command for one turn. `job_dir` is private to the job. Nothing is created in it here, but it must
  /// exist when the command starts: Codex writes its final message there and fails without the folder.
  ///
  /// kCodexCliMissing; kContentTooLarge for a prompt above 1,048,576 characters; kMissingArgument for a new
  /// conversation without a prompt; kModeNotPermitted when bypass or an override is not permitted here;
  /// kUnknownArgument for an option nobody knows; the check's own error for a path; kInvalidArgument for the
  /// rest.
  Result<runner::Command> command(const runner::TurnRequest& request, const std::string& job_dir) override;
  std::unique_ptr<runner::Interpreter> make_interpreter(const runner::InterpreterOptions& options) const override;
  /// Completed when the conversation's session file holds the end of a turn that began at `started_at` or
  /// later, and no further turn began after it. Nothing in doubt: no file, two files, no start time.
  std::optional<runner::Outcome> recover(const std::string& session_id, double started_at) const override;

  /// Where Codex is, without running it. Remembered until the file changes. kCodexCliMissing with a hint.
  Result<Program> program() const;
  /// `codex --version`, run once per program file, within the answer limit; a failure is remembered for 60 s.
  /// kCodexCliMissing, kTimeout, kSpawnFailed.
  Result<Probe> probe() const;
  /// `codex login status`, remembered for 60 s, within the answer limit, seen together with the provider that config.toml
  /// chooses. A failure to ask is State::kUnknown.
  LoginStatus login_status() const;

  /// Runs a short subcommand to its end with the environment of every Codex process: `debug models` and the
  /// like. Output above `max_bytes` per stream is dropped, the process group ends at the limit. Nothing of a
  /// request may be among `arguments`.
  Result<os::RunResult> run_helper(const std::vector<std::string>& arguments, std::chrono::seconds limit,
                                   std::size_t max_bytes) const;

  /// The environment every Codex process gets.
  os::Environment environment() const;
  const EngineOptions& options() const { return options_; }

 private:
  struct State;
  Status ensure_home() const;
  Result<std::string> schema_file() const;

  EngineOptions options_;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::codex
