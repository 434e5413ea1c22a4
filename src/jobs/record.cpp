#include "patchbay/jobs/record.h"

#include <array>

namespace patchbay::jobs {
namespace {

constexpr std::array<std::string_view, 5> kStates = {"pending", "running", "completed", "failed", "cancelled"};
constexpr std::array<std::string_view, 6> kModes = {"plan", "apply", "interactive", "resume", "review", "command"};
constexpr int kPersistenceVersion = 2;
constexpr const char* kOutputMembers[] = {"oversized_lines", "invalid_lines", "dropped_items", "message_count",
                                          "turn_over",       "cleaning_up",   "usage"};

template <class E, std::size_t N>
std::optional<E> parse(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

Json time_or_null(double t) { return t == 0 ? Json(nullptr) : Json(t); }
Json text_or_null(const std::string& s) { return s.empty() ? Json(nullptr) : Json(s); }

Json usage_json(const std::optional<runner::Usage>& usage) {
  if (!usage) return nullptr;
  Json j = Json::object();
  for (const auto& [k, v] : *usage) j[k] = v;
  return j;
}

std::optional<runner::Usage> usage_from(const Json& j, std::string_view key) {
  const Json* u = json::find(j, key);
  if (u == nullptr || !u->is_object()) return std::nullopt;
  runner::Usage usage;
  for (const auto& [k, v] : u->items()) {
    if (v.is_number_integer()) usage[k] = v.get<std::int64_t>();
  }
  return usage;
}

/// Moves a member out; null when there is none.
Json take(Json& object, std::string_view key) {
  const auto it = object.find(key);
  return it == object.end() ? Json() : std::move(*it);
}

// What is known of a turn's course stands in the record itself, under the names that other programs know (workers.md
// 1.3). Members without such a name are in `output`.

void add_course(Json& j, const runner::Progress& p) {
  Json whole = p.to_json();
  j["last_event"] = text_or_null(p.last_event);
  j["last_heartbeat_at"] = time_or_null(p.heartbeat_at);
  j["event_count"] = p.event_count;
  j["stdout_bytes_seen"] = p.stdout_bytes;
  j["stderr_bytes_seen"] = p.stderr_bytes;
  j["last_stdout_at"] = time_or_null(p.last_stdout_at);
  j["last_stderr_at"] = time_or_null(p.last_stderr_at);
  j["current_phase"] = p.phase;
  j["current_item_type"] = text_or_null(p.current_item_type);
  j["current_item_status"] = text_or_null(p.current_item_status);
  j["current_command_preview"] = text_or_null(p.current_command);
  j["current_command_started_at"] = time_or_null(p.current_command_started_at);
  j["last_command_preview"] = text_or_null(p.last_command);
  j["last_command_completed_at"] = time_or_null(p.last_command_completed_at);
  j["checkpoints"] = std::move(whole["checkpoints"]);
  Json output = Json::object();
  for (const char* name : kOutputMembers) {
    if (const auto it = whole.find(name); it != whole.end()) output[name] = std::move(*it);
  }
  j["output"] = std::move(output);
}

runner::Progress course_from(const Json& j) {
  if (!j.contains("current_phase")) {
    // A record of an earlier version.
    const Json* nested = json::find(j, "progress");
    return nested != nullptr && nested->is_object() ? runner::Progress::from_json(*nested) : runner::Progress();
  }
  const Json* output = json::find(j, "output");
  Json whole = output != nullptr && output->is_object() ? *output : Json::object();
  if (const Json* notes = json::find(j, "checkpoints")) whole["checkpoints"] = *notes;
  runner::Progress p = runner::Progress::from_json(whole);
  p.last_event = json::get_string(j, "last_event");
  p.heartbeat_at = json::get_double(j, "last_heartbeat_at");
  p.event_count = json::get_int(j, "event_count");
  p.stdout_bytes = json::get_int(j, "stdout_bytes_seen");
  p.stderr_bytes = json::get_int(j, "stderr_bytes_seen");
  p.last_stdout_at = json::get_double(j, "last_stdout_at");
  p.last_stderr_at = json::get_double(j, "last_stderr_at");
  p.phase = json::get_string(j, "current_phase");
  p.current_item_type = json::get_string(j, "current_item_type");
  p.current_item_status = json::get_string(j, "current_item_status");
  p.current_command = json::get_string(j, "current_command_preview");
  p.current_command_started_at = json::get_double(j, "current_command_started_at");
  p.last_command = json::get_string(j, "last_command_preview");
  p.last_command_completed_at = json::get_double(j, "last_command_completed_at");
  return p;
}

}  // namespace

std::string_view name_of(JobState state) { return kStates[static_cast<std::size_t>(state)]; }
std::string_view name_of(JobMode mode) { return kModes[static_cast<std::size_t>(mode)]; }
std::optional<JobState> parse_state(std::string_view text) { return parse<JobState>(kStates, text); }
std::optional<JobMode> parse_mode(std::string_view text) { return parse<JobMode>(kModes, text); }

Json JobRecord::to_json() const {
  Json j = {{"persistence_version", kPersistenceVersion},
            {"job_id", job_id},
            {"state", std::string(name_of(state))},
            {"mode", std::string(name_of(mode))},
            {"repo_path", repo_path},
            {"options", options},
            {"worktree_path", text_or_null(worktree_path)},
            {"branch_name", text_or_null(branch_name)},
            {"session_id", text_or_null(session_id)},
            {"created_at", time_or_null(created_at)},
            {"started_at", time_or_null(started_at)},
            {"completed_at", time_or_null(completed_at)},
            {"error", text_or_null(error)},
            {"error_code", text_or_null(error_code)},
            {"exit_code", exit_code ? Json(*exit_code) : Json(nullptr)},
            {"result", result},
            {"process_marker", text_or_null(marker)},
            {"prompt_sha256", text_or_null(prompt_sha256)},
            {"prompt_bytes", prompt_bytes},
            {"process_pid", process_pid == 0 ? Json(nullptr) : Json(process_pid)},
            {"process_identity", text_or_null(process_identity)},
            {"terminal_source", text_or_null(terminal_source)},
            {"terminal_observed_at", time_or_null(terminal_observed_at)},
            {"late_terminal_source", text_or_null(late_terminal_source)},
            {"late_terminal_observed_at", time_or_null(late_terminal_observed_at)},
            {"wrapper_cleanup_outcome", text_or_null(cleanup)},
            {"cancel_reason", text_or_null(cancel_reason)},
            {"usage", usage_json(usage)},
            {"usage_turn", usage_json(usage_turn)}};
  add_course(j, progress);
  return j;
}

Result<JobRecord> JobRecord::from_json(Json j) {
  JobRecord r;
  r.job_id = json::get_string(j, "job_id");
  const auto state = parse_state(json::get_string(j, "state"));
  const auto mode = parse_mode(json::get_string(j, "mode"));
  if (r.job_id.empty() || !state || !mode) {
    return Error{ErrorCode::kStateCorrupt, "A job record lacks its id, state or mode.", {}, r.job_id};
  }
  r.state = *state;
  r.mode = *mode;
  r.repo_path = json::get_string(j, "repo_path");
  if (Json o = take(j, "options"); o.is_object()) r.options = std::move(o);
  r.worktree_path = json::get_string(j, "worktree_path");
  r.branch_name = json::get_string(j, "branch_name");
  r.session_id = json::get_string(j, "session_id");
  r.created_at = json::get_double(j, "created_at");
  r.started_at = json::get_double(j, "started_at");
  r.completed_at = json::get_double(j, "completed_at");
  // A completed job never shows an error that an earlier doubt left behind (lesson 4).
  if (r.state != JobState::kCompleted) {
    r.error = json::get_string(j, "error");
    r.error_code = json::get_string(j, "error_code");
  }
  if (auto code = json::find_int(j, "exit_code")) r.exit_code = static_cast<int>(*code);
  if (Json result = take(j, "result"); result.is_object()) r.result = std::move(result);
  r.marker = json::get_string(j, "process_marker");
  r.prompt_sha256 = json::get_string(j, "prompt_sha256");
  r.prompt_bytes = json::get_int(j, "prompt_bytes");
  r.process_pid = json::get_int(j, "process_pid");
  r.process_identity = json::get_string(j, "process_identity");
  r.terminal_source = json::get_string(j, "terminal_source");
  r.terminal_observed_at = json::get_double(j, "terminal_observed_at");
  r.late_terminal_source = json::get_string(j, "late_terminal_source");
  r.late_terminal_observed_at = json::get_double(j, "late_terminal_observed_at");
  r.cleanup = json::get_string(j, "wrapper_cleanup_outcome");
  r.cancel_reason = json::get_string(j, "cancel_reason");
  r.usage = usage_from(j, "usage");
  r.usage_turn = usage_from(j, "usage_turn");
  r.progress = course_from(j);
  if (r.session_id.empty()) r.session_id = r.progress.session_id;
  r.progress.session_id = {};  // clear() would keep its room
  return r;
}

bool transition_terminal(JobRecord& record, const TerminalDecision& decision, double now) {
  if (is_terminal(record.state) && record.state != decision.state) {
    record.late_terminal_source = decision.source;
    record.late_terminal_observed_at = now;
    return false;
  }
  const bool first = !is_terminal(record.state);
  if (first) {
    record.state = decision.state;
    record.completed_at = now;
    record.terminal_source = decision.source;
    record.terminal_observed_at = now;
    record.error = decision.state == JobState::kCompleted ? std::string() : decision.error;
    record.error_code = decision.state == JobState::kCompleted ? std::string() : decision.error_code;
    // The current activity ended with the turn.
    if (!record.progress.current_command.empty()) record.progress.last_command = record.progress.current_command;
    record.progress.current_command.clear();
    record.progress.current_item_type.clear();
    record.progress.current_item_status.clear();
    record.progress.current_command_started_at = 0;
  }
  if (!record.exit_code) record.exit_code = decision.exit_code;
  if (record.result.is_null() && decision.result.is_object()) record.result = decision.result;
  return true;
}

}  // namespace patchbay::jobs
