#include "patchbay/os/file.h"
#include "patchbay/runner/engine.h"
#include "patchbay/runner/turn.h"
#include "runner/order_json.h"

namespace patchbay::runner {
namespace {

constexpr std::size_t kMaxStateBytes = 64u << 20;

Json strings_to_json(const std::map<std::string, std::string>& m) {
  Json j = Json::object();
  for (const auto& [k, v] : m) j[k] = v;
  return j;
}

template <class T>
std::optional<T> read_state(const std::string& path) {
  const auto text = os::read_file(path, kMaxStateBytes);
  if (!text) return std::nullopt;
  const auto parsed = json::parse(*text, {.max_depth = 128, .max_members = 100'000, .max_nodes = 2'000'000});
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return T::from_json(*parsed);
}

}  // namespace

Json Progress::to_json() const {
  Json notes = Json::array();
  for (const Checkpoint& c : checkpoints) notes.push_back({{"at", c.at}, {"summary", c.summary}});
  Json j = {{"session_id", session_id},
            {"phase", phase},
            {"last_event", last_event},
            {"current_item_type", current_item_type},
            {"current_item_status", current_item_status},
            {"current_command", current_command},
            {"current_command_started_at", current_command_started_at},
            {"last_command", last_command},
            {"last_command_completed_at", last_command_completed_at},
            {"event_count", event_count},
            {"stdout_bytes", stdout_bytes},
            {"stderr_bytes", stderr_bytes},
            {"last_stdout_at", last_stdout_at},
            {"last_stderr_at", last_stderr_at},
            {"heartbeat_at", heartbeat_at},
            {"oversized_lines", oversized_lines},
            {"invalid_lines", invalid_lines},
            {"dropped_items", dropped_items},
            {"message_count", message_count},
            {"turn_over", turn_over},
            {"cleaning_up", cleaning_up},
            {"checkpoints", std::move(notes)}};
  if (usage) {
    Json u = Json::object();
    for (const auto& [k, v] : *usage) u[k] = v;
    j["usage"] = std::move(u);
  }
  return j;
}

Progress Progress::from_json(const Json& j) {
  Progress p;
  p.session_id = json::get_string(j, "session_id");
  p.phase = json::get_string(j, "phase", p.phase);
  p.last_event = json::get_string(j, "last_event");
  p.current_item_type = json::get_string(j, "current_item_type");
  p.current_item_status = json::get_string(j, "current_item_status");
  p.current_command = json::get_string(j, "current_command");
  p.current_command_started_at = json::get_double(j, "current_command_started_at");
  p.last_command = json::get_string(j, "last_command");
  p.last_command_completed_at = json::get_double(j, "last_command_completed_at");
  p.event_count = json::get_int(j, "event_count");
  p.stdout_bytes = json::get_int(j, "stdout_bytes");
  p.stderr_bytes = json::get_int(j, "stderr_bytes");
  p.last_stdout_at = json::get_double(j, "last_stdout_at");
  p.last_stderr_at = json::get_double(j, "last_stderr_at");
  p.heartbeat_at = json::get_double(j, "heartbeat_at");
  p.oversized_lines = json::get_int(j, "oversized_lines");
  p.invalid_lines = json::get_int(j, "invalid_lines");
  p.dropped_items = json::get_int(j, "dropped_items");
  p.message_count = json::get_int(j, "message_count");
  p.turn_over = json::get_bool(j, "turn_over");
  p.cleaning_up = json::get_bool(j, "cleaning_up");
  if (const Json* notes = json::find(j, "checkpoints"); notes != nullptr && notes->is_array()) {
    for (const Json& n : *notes) p.checkpoints.push_back({json::get_double(n, "at"), json::get_string(n, "summary")});
  }
  if (const Json* usage = json::find(j, "usage"); usage != nullptr && usage->is_object()) {
    p.usage.emplace();
    for (const auto& [k, v] : usage->items()) {
      if (v.is_number_integer()) (*p.usage)[k] = v.get<std::int64_t>();
    }
  }
  return p;
}

Json Outcome::to_json() const {
  static constexpr const char* kStates[] = {"completed", "failed", "cancelled"};
  return {{"state", kStates[static_cast<int>(state)]},
          {"terminal_source", terminal_source},
          {"error", error},
          {"error_code", std::string(name_of(error_code))},
          {"result", result}};
}

Outcome Outcome::from_json(const Json& j) {
  Outcome o;
  const std::string state = json::get_string(j, "state");
  o.state = state == "completed" ? State::kCompleted : state == "cancelled" ? State::kCancelled : State::kFailed;
  o.terminal_source = json::get_string(j, "terminal_source");
  o.error = json::get_string(j, "error");
  const std::string code = json::get_string(j, "error_code");
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    if (name_of(static_cast<ErrorCode>(i)) == code) o.error_code = static_cast<ErrorCode>(i);
  }
  if (const Json* result = json::find(j, "result"); result != nullptr && result->is_object()) o.result = *result;
  return o;
}

Json TurnLimits::to_json() const {
  return {{"timeout_seconds", timeout_seconds},
          {"session_start_timeout_seconds", session_start_timeout_seconds},
          {"completion_grace_seconds", completion_grace_seconds},
          {"interrupt_seconds", interrupt_seconds},
          {"terminate_seconds", terminate_seconds},
          {"sweep_seconds", sweep_seconds},
          {"quiet_look_seconds", quiet_look_seconds},
          {"startup_gate_seconds", startup_gate_seconds},
          {"capture_max_bytes", capture_max_bytes},
          {"line_max_bytes", line_max_bytes},
          {"log_max_bytes", log_max_bytes},
          {"raw_logs", raw_logs}};
}

TurnLimits TurnLimits::from_json(const Json& j) {
  TurnLimits l;
  l.timeout_seconds = json::get_double(j, "timeout_seconds", l.timeout_seconds);
  l.session_start_timeout_seconds =
      json::get_double(j, "session_start_timeout_seconds", l.session_start_timeout_seconds);
  l.completion_grace_seconds = json::get_double(j, "completion_grace_seconds", l.completion_grace_seconds);
  l.interrupt_seconds = json::get_double(j, "interrupt_seconds", l.interrupt_seconds);
  l.terminate_seconds = json::get_double(j, "terminate_seconds", l.terminate_seconds);
  l.sweep_seconds = json::get_double(j, "sweep_seconds", l.sweep_seconds);
  l.quiet_look_seconds = json::get_double(j, "quiet_look_seconds", l.quiet_look_seconds);
  l.startup_gate_seconds = json::get_double(j, "startup_gate_seconds", l.startup_gate_seconds);
  l.capture_max_bytes = json::get_int(j, "capture_max_bytes", l.capture_max_bytes);
  l.line_max_bytes = json::get_int(j, "line_max_bytes", l.line_max_bytes);
  l.log_max_bytes = json::get_int(j, "log_max_bytes", l.log_max_bytes);
  l.raw_logs = json::get_bool(j, "raw_logs", l.raw_logs);
  return l;
}

Json order_to_json(const TurnOrder& o) {
  return {{"job_id", o.job_id},
          {"job_dir", o.job_dir},
          {"argv", o.command.argv},
          {"env", strings_to_json(o.command.env)},
          {"cwd", o.command.cwd},
          {"prompt_on_stdin", o.command.prompt_on_stdin},
          {"startup_gate", o.command.startup_gate},
          {"last_message_file", o.command.last_message_file},
          {"temp_dir", o.command.temp_dir},
          {"marker", o.marker},
          {"expected_session", o.interpreter.expected_session},
          {"session_home", o.command.session_home},
          {"structured_output", o.interpreter.structured_output},
          {"json_events", o.interpreter.json_events},
          {"limits", o.limits.to_json()},
          {"wait_for_slot", o.wait_for_slot},
          {"log_dir", o.log_dir},
          {"file_mask", o.file_mask},
          {"open_files", o.open_files}};
}

TurnOrder order_from_json(const Json& j) {
  TurnOrder o;
  o.job_id = json::get_string(j, "job_id");
  o.job_dir = json::get_string(j, "job_dir");
  if (const Json* argv = json::find(j, "argv"); argv != nullptr && argv->is_array()) {
    for (const Json& a : *argv) o.command.argv.push_back(a.is_string() ? a.get<std::string>() : std::string());
  }
  if (const Json* env = json::find(j, "env"); env != nullptr && env->is_object()) {
    for (const auto& [k, v] : env->items()) {
      if (v.is_string()) o.command.env[k] = v.get<std::string>();
    }
  }
  o.command.cwd = json::get_string(j, "cwd");
  o.command.prompt_on_stdin = json::get_bool(j, "prompt_on_stdin");
  o.command.startup_gate = json::get_string(j, "startup_gate");
  o.command.last_message_file = json::get_string(j, "last_message_file");
  o.command.temp_dir = json::get_string(j, "temp_dir");
  o.marker = json::get_string(j, "marker");
  o.interpreter.expected_session = json::get_string(j, "expected_session");
  o.command.session_home = o.interpreter.session_home = json::get_string(j, "session_home");
  o.interpreter.structured_output = json::get_bool(j, "structured_output", true);
  o.interpreter.json_events = json::get_bool(j, "json_events", true);
  if (const Json* limits = json::find(j, "limits")) o.limits = TurnLimits::from_json(*limits);
  o.wait_for_slot = json::get_bool(j, "wait_for_slot");
  o.log_dir = json::get_string(j, "log_dir");
  o.file_mask = static_cast<mode_t>(json::get_int(j, "file_mask", o.file_mask));
  o.open_files = static_cast<std::size_t>(json::get_int(j, "open_files", static_cast<std::int64_t>(o.open_files)));
  return o;
}

Json TurnExit::to_json() const {
  return {{"reason", reason},
          {"exit_code", exit_code ? Json(*exit_code) : Json(nullptr)},
          {"signal", signal ? Json(*signal) : Json(nullptr)},
          {"started_at", started_at},
          {"ended_at", ended_at},
          {"tree_empty", tree_empty}};
}

TurnExit TurnExit::from_json(const Json& j) {
  TurnExit e;
  e.reason = json::get_string(j, "reason");
  if (auto v = json::find_int(j, "exit_code")) e.exit_code = static_cast<int>(*v);
  if (auto v = json::find_int(j, "signal")) e.signal = static_cast<int>(*v);
  e.started_at = json::get_double(j, "started_at");
  e.ended_at = json::get_double(j, "ended_at");
  e.tree_empty = json::get_bool(j, "tree_empty");
  return e;
}

std::optional<Progress> read_progress(const std::string& job_dir) {
  return read_state<Progress>(os::join(job_dir, "progress.json"));
}
std::optional<Outcome> read_outcome(const std::string& job_dir) {
  return read_state<Outcome>(os::join(job_dir, "result.json"));
}
std::optional<Outcome> read_evidence(const std::string& job_dir) {
  return read_state<Outcome>(os::join(job_dir, "evidence.json"));
}
std::optional<TurnExit> read_exit(const std::string& job_dir) {
  return read_state<TurnExit>(os::join(job_dir, "exit.json"));
}

}  // namespace patchbay::runner
