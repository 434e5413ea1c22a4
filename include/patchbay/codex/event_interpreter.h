#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "patchbay/codex/session_files.h"
#include "patchbay/json/json.h"
#include "patchbay/runner/engine.h"

namespace patchbay::codex {

/// Reads the events of one `codex exec --json` turn and judges how it ended.
///
/// Needs nothing but the events, and Codex's home for an end that they do not tell: a turn's runner makes one
/// without an engine. Unknown events and fields never
/// fail a turn; `error` events are notes (retries print them), only `turn.completed` and `turn.failed` end
/// one. Memory stays bounded by the longest line plus a few kilobytes, whatever the program prints. Not
/// thread-safe.
class EventInterpreter : public runner::Interpreter {
 public:
  explicit EventInterpreter(const runner::InterpreterOptions& options);

  Keep on_event(const Json& event, double now) override;
  void on_stderr(const std::string& line) override;

  const runner::Progress& progress() const override { return progress_; }
  runner::Progress& progress() override { return progress_; }
  bool session_started() const override { return session_started_ || !options_.json_events; }
  bool turn_over() const override { return end_ != End::kNone; }
  bool wrong_session() const override { return wrong_session_; }
  void on_start(double now) override;
  /// The conversation's own file proves an end that the events did not tell.
  void look_for_end() override;

  /// The outcome. A turn whose `turn.completed` was seen is completed, whatever the exit code, a late time
  /// limit or a late cancel say. `result` always has `result_source`, `turn_completed_seen`,
  /// `parsed_output_schema_valid` and `final_structured_result`; when the turn did not complete also
  /// `partial`, `partial_reason`, `status`, and on failure `failure_diagnostic`.
  runner::Outcome finish(const runner::TurnEnd& end) override;

 private:
  enum class End { kNone, kCompleted, kFailed, kInterrupted };
  struct RunningCommand {
    std::string preview;
    double started_at = 0;
  };

  void note_session(const Json& event, std::string_view type);
  void on_item(const Json& item, std::string_view stage, double now);
  void on_command(const Json& item, std::string_view stage, double now);
  void on_agent_message(const std::string& text, double now);
  void show_newest_command();
  void end_turn(End end, const Json& event);
  void note_error(std::string message);

  Json report(const runner::TurnEnd& end) const;
  runner::Outcome completed(const runner::TurnEnd& end, std::string terminal_source);
  runner::Outcome failed(const runner::TurnEnd& end);

  runner::InterpreterOptions options_;
  std::optional<SessionWatch> watch_;
  std::optional<std::string> session_report_;  ///< set while the end is known from the session file
  runner::Progress progress_;
  bool session_started_ = false;
  bool wrong_session_ = false;
  End end_ = End::kNone;
  std::map<std::string, RunningCommand> running_;  ///< by item id
  std::string last_message_;                       ///< newest agent message
  Json last_object_;                               ///< newest `result` event or object with a summary; null when none
  bool object_is_newer_ = false;
  std::string failure_message_;     ///< of the newest `turn.failed`
  std::deque<std::string> errors_;  ///< newest `error` notes, at most 8
};

}  // namespace patchbay::codex
