#include "patchbay/codex/event_interpreter.h"

#include <algorithm>

#include "codex/failure.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/codex/turn_result.h"

namespace patchbay::codex {
namespace {

using runner::Outcome;
using runner::TurnEnd;

constexpr std::size_t kMostCheckpoints = 8;
constexpr std::size_t kCheckpointBytes = 2000;
constexpr std::size_t kCommandBytes = 200;
constexpr std::size_t kWordBytes = 60;
constexpr std::size_t kMostRunning = 64;
constexpr std::size_t kMostErrors = 8;
constexpr std::size_t kErrorBytes = 4000;
constexpr std::size_t kMostUsageNumbers = 32;
constexpr std::size_t kDiagnosticsBytes = 2000;

/// A type or status word of the program, made safe to show.
std::string word(const Json& object, std::string_view key) {
  return display_safe(utf8_prefix(json::get_string(object, key), kWordBytes));
}

std::string thread_id_of(const Json& event) {
  if (auto id = json::find_string(event, "thread_id")) return *id;
  const Json* data = json::find(event, "data");
  return data == nullptr ? std::string() : json::get_string(*data, "thread_id");
}

std::string checkpoint_summary(const std::string& message) {
  if (trim(message).starts_with('{')) {
    if (const auto parsed = json::parse(trim(message)); parsed && parsed->is_object()) {
      if (auto summary = json::find_string(*parsed, "summary")) return *summary;
    }
  }
  return message;
}

/// The first UUID behind "session id" in a line of the human-readable output.
std::string announced_session(const std::string& line) {
  const std::size_t label = to_lower_ascii(line).find("session id");
  if (label == std::string::npos) return {};
  for (std::size_t at = label; at + 36 <= line.size(); ++at) {
    if (is_uuid(std::string_view(line).substr(at, 36))) return line.substr(at, 36);
  }
  return {};
}

std::optional<int> exit_code_of(const TurnEnd& end) {
  if (end.reason == TurnEnd::Reason::kSpawnFailed || end.status.signalled) return std::nullopt;
  return end.status.code;
}

std::optional<int> signal_of(const TurnEnd& end) {
  if (end.reason == TurnEnd::Reason::kSpawnFailed || !end.status.signalled) return std::nullopt;
  return end.status.code;
}

bool has_report(const Json& result) { return json::get_string(result, "result_source") != "stdout_preview"; }

void mark_partial(Json& result, std::string_view reason, std::string_view status) {
  result["partial"] = true;
  result["partial_reason"] = reason;
  result["status"] = status;
}

std::string cleaned_lines(const std::string& text) {
  std::string out;
  for (const std::string_view line : split(utf8_suffix(text, 4 * kDiagnosticsBytes), '\n')) {
    if (const std::string clean = public_message(line); !clean.empty()) out.append(clean).append("\n");
  }
  return std::string(trim(utf8_suffix(out, kDiagnosticsBytes)));
}

}  // namespace

EventInterpreter::EventInterpreter(const runner::InterpreterOptions& options) : options_(options) {
  progress_.session_id = to_lower_ascii(options.expected_session);
}

EventInterpreter::Keep EventInterpreter::on_event(const Json& event, double now) {
  ++progress_.event_count;
  progress_.heartbeat_at = now;
  if (!event.is_object()) return Keep::kWhileRoom;
  const std::string type = json::get_string(event, "type");
  progress_.last_event = word(event, "type");
  note_session(event, type);

  if (type == "thread.started") {
    progress_.phase = "model_reasoning";
    return Keep::kAlways;
  }
  if (type == "turn.started") {
    // A program that begins again after an end is not over.
    end_ = End::kNone;
    session_report_.reset();
    progress_.phase = "model_reasoning";
    return Keep::kAlways;
  }
  if (type.starts_with("turn.")) {
    if (type == "turn.completed") end_turn(End::kCompleted, event);
    if (type == "turn.failed") end_turn(End::kFailed, event);
    if (type == "turn.interrupted") end_turn(End::kInterrupted, event);
    return Keep::kAlways;
  }
  if (type == "error") {
    note_error(json::get_string(event, "message"));
    return Keep::kAlways;
  }
  if (type.starts_with("item.")) {
    const Json* item = json::find(event, "item");
    if (item == nullptr || !item->is_object()) return Keep::kWhileRoom;
    on_item(*item, std::string_view(type).substr(5), now);
    return json::get_string(*item, "type") == "agent_message" ? Keep::kAlways : Keep::kWhileRoom;
  }
  const Json* data = json::find(event, "data");
  const bool is_result = type == "result" && data != nullptr && data->is_object();
  if (is_result || json::find(event, "summary") != nullptr) {
    last_object_ = is_result ? *data : event;
    object_is_newer_ = true;
    return Keep::kAlways;
  }
  return Keep::kWhileRoom;
}

void EventInterpreter::on_stderr(const std::string& line) {
  // With events on, ids on standard error belong to messages about other conversations.
  if (options_.json_events || !progress_.session_id.empty()) return;
  if (const std::string id = announced_session(line); !id.empty()) {
    progress_.session_id = to_lower_ascii(id);
    progress_.phase = "model_reasoning";
  }
}

void EventInterpreter::note_session(const Json& event, std::string_view type) {
  const std::string id = to_lower_ascii(thread_id_of(event));
  const bool announces = type == "thread.started";
  if (!announces && (id.empty() || !progress_.session_id.empty())) return;
  const bool usable = is_uuid(id);
  if (announces && !session_started_) {
    if (!options_.expected_session.empty() && id != to_lower_ascii(options_.expected_session)) {
      wrong_session_ = true;
      return;
    }
    session_started_ = usable;
  }
  if (usable && progress_.session_id.empty()) progress_.session_id = id;
}

void EventInterpreter::on_item(const Json& item, std::string_view stage, double now) {
  const std::string type = json::get_string(item, "type");
  progress_.current_item_type = word(item, "type");
  progress_.current_item_status = word(item, "status");
  if (type == "command_execution") {
    on_command(item, stage, now);
  } else if (type == "agent_message") {
    if (stage == "completed") on_agent_message(json::get_string(item, "text"), now);
  } else if (type != "error" && running_.empty()) {  // an error item is a warning, not a step
    progress_.phase = "model_reasoning";
  }
}

void EventInterpreter::on_command(const Json& item, std::string_view stage, double now) {
  const std::string id(utf8_prefix(json::get_string(item, "id"), kWordBytes));
  const std::string preview = display_safe(utf8_prefix(
      collapse_whitespace(utf8_prefix(json::get_string(item, "command"), 4 * kCommandBytes)), kCommandBytes));
  if (stage != "completed") {
    if (running_.size() < kMostRunning) running_.try_emplace(id, RunningCommand{preview, now});
    progress_.phase = "command_running";
  } else {
    running_.erase(id);
    progress_.last_command = utf8_prefix(preview, kCommandBytes);
    progress_.last_command_completed_at = now;
    progress_.phase = running_.empty() ? "command_completed_waiting_for_model" : "command_running";
  }
  show_newest_command();
}

void EventInterpreter::show_newest_command() {
  const auto newest = std::max_element(running_.begin(), running_.end(), [](const auto& a, const auto& b) {
    return a.second.started_at < b.second.started_at;
  });
  const bool any = newest != running_.end();
  progress_.current_command = any ? std::string(utf8_prefix(newest->second.preview, kCommandBytes)) : std::string();
  progress_.current_command_started_at = any ? newest->second.started_at : 0;
}

void EventInterpreter::on_agent_message(const std::string& text, double now) {
  ++progress_.message_count;
  progress_.phase = "agent_message_emitted";
  if (trim(text).empty()) return;
  last_message_ = text;
  object_is_newer_ = false;
  progress_.checkpoints.push_back({now, std::string(utf8_prefix(checkpoint_summary(text), kCheckpointBytes))});
  if (progress_.checkpoints.size() > kMostCheckpoints) progress_.checkpoints.erase(progress_.checkpoints.begin());
}

void EventInterpreter::end_turn(End end, const Json& event) {
  end_ = end;
  session_report_.reset();
  progress_.phase = "finalizing_report";
  if (const Json* error = json::find(event, "error")) {
    failure_message_ = utf8_prefix(
        error->is_string() ? error->get_ref<const std::string&>() : json::get_string(*error, "message"), kErrorBytes);
  }
  const Json* usage = json::find(event, "usage");
  if (usage == nullptr || !usage->is_object()) return;
  runner::Usage numbers;
  for (const auto& [name, value] : usage->items()) {
    if (!value.is_number_integer() || name.size() > kWordBytes || numbers.size() >= kMostUsageNumbers) continue;
    if (const auto number = json::find_int(*usage, name); number && *number >= 0) numbers[name] = *number;
  }
  if (!numbers.empty()) progress_.usage = std::move(numbers);
}

void EventInterpreter::on_start(double now) {
  if (!options_.session_home.empty()) watch_.emplace(options_.session_home, options_.expected_session, now);
}

void EventInterpreter::look_for_end() {
  if (!watch_ || turn_over() || wrong_session_ || progress_.session_id.empty()) return;
  const auto end = watch_->look(progress_.session_id);
  if (!end) return;
  end_ = End::kCompleted;
  session_report_ = redact(sanitize_utf8(end->last_agent_message));
  progress_.phase = "finalizing_report";
}

void EventInterpreter::note_error(std::string message) {
  if (trim(message).empty()) return;
  errors_.push_back(std::string(utf8_prefix(message, kErrorBytes)));
  if (errors_.size() > kMostErrors) errors_.pop_front();
}

Json EventInterpreter::report(const TurnEnd& end) const {
  const bool done = end_ == End::kCompleted && !session_report_;
  if (session_report_ && !trim(*session_report_).empty()) {
    return report_from_text(*session_report_, ResultSource::kSessionTaskComplete, options_.structured_output, done);
  }
  if (!options_.json_events) {
    const bool from_file = !trim(end.last_message).empty();
    const std::string& text = from_file ? end.last_message : end.stdout_tail;
    if (trim(text).empty()) return report_from_stdout({}, done);
    const ResultSource source = from_file ? ResultSource::kLastMessageFile : ResultSource::kAgentMessage;
    return report_from_text(text, source, options_.structured_output, done);
  }
  if (object_is_newer_) return report_from_object(last_object_, ResultSource::kResultEvent, done);
  if (!last_message_.empty()) {
    return report_from_text(last_message_, ResultSource::kAgentMessage, options_.structured_output, done);
  }
  if (!trim(end.last_message).empty()) {
    return report_from_text(end.last_message, ResultSource::kLastMessageFile, options_.structured_output, done);
  }
  return report_from_stdout(end.stdout_tail, done);
}

Outcome EventInterpreter::completed(const TurnEnd& end, std::string terminal_source) {
  Outcome outcome;
  outcome.state = Outcome::State::kCompleted;
  outcome.terminal_source = std::move(terminal_source);
  outcome.result = report(end);
  progress_.phase = "done";
  if (const auto signal = signal_of(end)) {
    outcome.result["transport_warning"] = fmt::format("Codex was ended by signal {} after the turn.", *signal);
  } else if (end.reason == TurnEnd::Reason::kCompletedAndLingered) {
    outcome.result["transport_warning"] = "Codex did not leave by itself after the turn.";
  } else if (end.status.code != 0) {
    outcome.result["transport_warning"] = fmt::format("Codex left with exit code {} after the turn.", end.status.code);
  }
  return outcome;
}

Outcome EventInterpreter::failed(const TurnEnd& end) {
  const FailureEvidence evidence{
      failure_message_, {errors_.begin(), errors_.end()}, end.stderr_tail, exit_code_of(end), signal_of(end)};
  Outcome outcome;
  Failure failure;
  if (wrong_session_) {
    failure = codex::wrong_session();
    outcome.terminal_source = "wrong_session";
  } else if (end.reason == TurnEnd::Reason::kSpawnFailed) {
    failure = spawn_failure(end.spawn_error);
    outcome.terminal_source = "spawn_failed";
  } else if (end.reason == TurnEnd::Reason::kTimeout) {
    failure = turn_timeout();
    outcome.terminal_source = "timeout";
  } else if (end.reason == TurnEnd::Reason::kSessionStartTimeout) {
    failure = session_start_timeout();
    outcome.terminal_source = "session_start_timeout";
  } else {
    failure = classify(evidence);
    outcome.terminal_source = end_ == End::kNone ? "process_exit" : "stdout_turn_failed";
  }
  outcome.state = Outcome::State::kFailed;
  outcome.error = failure.public_message;
  outcome.error_code = failure.code;
  progress_.phase = failure.category;

  // What another conversation said is not this worker's report.
  outcome.result = wrong_session_ ? report_from_stdout({}, false) : report(end);
  mark_partial(outcome.result, failure.category, "failed");
  outcome.result["failure_diagnostic"] = to_diagnostic(failure, evidence);
  if (const std::string lines = cleaned_lines(end.stderr_tail); !lines.empty() && !wrong_session_) {
    outcome.result["diagnostics"] = lines;
  }
  return outcome;
}

Outcome EventInterpreter::finish(const TurnEnd& end) {
  running_.clear();
  if (!progress_.current_command.empty()) progress_.last_command = progress_.current_command;
  show_newest_command();
  progress_.current_item_type.clear();
  progress_.current_item_status.clear();

  if (wrong_session_ || end.reason == TurnEnd::Reason::kSpawnFailed) return failed(end);
  if (end_ == End::kCompleted) {
    return completed(end, session_report_ ? "session_task_complete" : "stdout_turn_completed");
  }
  if (end.reason == TurnEnd::Reason::kCancelled) {
    Outcome outcome;
    outcome.state = Outcome::State::kCancelled;
    outcome.terminal_source = "manager_cancellation";
    outcome.error = "The turn was stopped on request.";
    outcome.error_code = ErrorCode::kCancelled;
    outcome.result = report(end);
    mark_partial(outcome.result, "cancelled", "cancelled");
    progress_.phase = "done";
    return outcome;
  }
  const bool left_quietly = end.reason == TurnEnd::Reason::kExited && !end.status.signalled && end.status.code == 0;
  // Exit code 0 alone is weak evidence: it counts unless the program itself said that something failed.
  const bool said_failure = end_ != End::kNone || (!errors_.empty() && !has_report(report(end)));
  if (left_quietly && !said_failure) return completed(end, "process_exit");
  return failed(end);
}

}  // namespace patchbay::codex
