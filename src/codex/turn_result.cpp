#include "patchbay/codex/turn_result.h"

#include <algorithm>
#include <array>

#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"

namespace patchbay::codex {
namespace {

struct ReportMember {
  const char* name;
  bool is_list;
  const char* description;
};

constexpr std::array kReportMembers = {
    ReportMember{"summary", false, "The outcome in a few sentences."},
    ReportMember{"detailed_report", false, "What was looked at, what was done and why, for an engineer."},
    ReportMember{"files_changed", true, "Changed files, relative to the working folder."},
    ReportMember{"commands_run", true, "Commands that mattered."},
    ReportMember{"tests_run", true, "Tests that were run, each with its outcome."},
    ReportMember{"evidence", true, "Facts that support the outcome: file and line, test names, output."},
    ReportMember{"notes", false, "Anything else worth knowing."},
    ReportMember{"risks", true, "What could be wrong or could break."},
    ReportMember{"open_questions", true, "What could not be settled."},
    ReportMember{"next_steps", true, "Recommended next steps."},
};

/// Members that only PatchBay sets. An agent that writes them would speak in our name.
constexpr std::array<std::string_view, 13> kOurs = {"result_source",
                                                    "turn_completed_seen",
                                                    "parsed_output_schema_valid",
                                                    "final_structured_result",
                                                    "raw_output",
                                                    "raw_output_available",
                                                    "stdout_preview",
                                                    "partial",
                                                    "partial_reason",
                                                    "status",
                                                    "failure_diagnostic",
                                                    "transport_warning",
                                                    "diagnostics"};

constexpr std::size_t kPreviewBytes = 2000;

std::string_view name_of_source(ResultSource source, bool structured) {
  switch (source) {
    case ResultSource::kAgentMessage: return structured ? "structured_agent_message" : "agent_message_text";
    case ResultSource::kResultEvent: return "result_event";
    case ResultSource::kSessionTaskComplete: return "session_task_complete";
    case ResultSource::kLastMessageFile: return "last_message_file";
    case ResultSource::kStdoutPreview: break;
  }
  return "stdout_preview";
}

Json annotated(Json report, ResultSource source, bool structured, bool schema_valid, bool turn_completed_seen) {
  report["result_source"] = name_of_source(source, structured);
  report["turn_completed_seen"] = turn_completed_seen;
  report["parsed_output_schema_valid"] = schema_valid;
  report["final_structured_result"] = structured;
  return report;
}

Json plain_report(std::string_view summary) {
  Json report = Json::object();
  report["summary"] = summary;
  report["files_changed"] = Json::array();
  return report;
}

bool is_list_of_strings(const Json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& v) { return v.is_string(); });
}

/// What one line of output contributes to a preview: its message when it is an event that has one.
std::string message_of_line(std::string_view line) {
  const auto event = json::parse(line);
  if (!event || !event->is_object()) return {};
  const std::string type = json::get_string(*event, "type");
  if (type == "error") return "error: " + public_message(json::get_string(*event, "message"));
  if (type == "turn.failed") {
    const Json* error = json::find(*event, "error");
    return error == nullptr ? std::string() : "error: " + public_message(json::get_string(*error, "message"));
  }
  const Json* item = json::find(*event, "item");
  if (item == nullptr || type != "item.completed") return {};
  const std::string kind = json::get_string(*item, "type");
  if (kind == "agent_message") return json::get_string(*item, "text");
  if (kind == "error") return "warning: " + public_message(json::get_string(*item, "message"));
  return {};
}

}  // namespace

const Json& output_schema() {
  static const Json schema = [] {
    Json properties = Json::object();
    Json required = Json::array();
    for (const ReportMember& member : kReportMembers) {
      Json property = Json::object();
      property["type"] = member.is_list ? "array" : "string";
      if (member.is_list) property["items"] = {{"type", "string"}};
      property["description"] = member.description;
      properties[member.name] = std::move(property);
      required.push_back(member.name);
    }
    Json s = Json::object();
    s["$schema"] = "http://json-schema.org/draft-07/schema#";
    s["type"] = "object";
    s["additionalProperties"] = false;
    s["properties"] = std::move(properties);
    s["required"] = std::move(required);
    return s;
  }();
  return schema;
}

bool matches_output_schema(const Json& report) {
  if (!report.is_object() || report.size() != kReportMembers.size()) return false;
  return std::all_of(kReportMembers.begin(), kReportMembers.end(), [&](const ReportMember& member) {
    const Json* value = json::find(report, member.name);
    return value != nullptr && (member.is_list ? is_list_of_strings(*value) : value->is_string());
  });
}

Json report_from_object(const Json& object, ResultSource source, bool turn_completed_seen) {
  Json report = Json::object();
  for (const auto& [name, value] : object.items()) {
    if (name.starts_with('_') || std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end()) continue;
    report[name] = value;
  }
  return annotated(std::move(report), source, true, matches_output_schema(object), turn_completed_seen);
}

Json report_from_text(std::string_view text, ResultSource source, bool structured, bool turn_completed_seen) {
  if (!structured) {
    Json report = annotated(plain_report(text), source, false, false, turn_completed_seen);
    report["raw_output"] = true;
    return report;
  }
  const auto parsed = json::parse(trim(text));
  if (parsed && parsed->is_object()) return report_from_object(*parsed, source, turn_completed_seen);
  if (parsed && parsed->is_string()) {
    return annotated(plain_report(parsed->get<std::string>()), source, false, false, turn_completed_seen);
  }
  return annotated(plain_report(text), source, false, false, turn_completed_seen);
}

Json report_from_stdout(std::string_view stdout_tail, bool turn_completed_seen) {
  std::string told, raw;
  for (const std::string_view line : split(stdout_tail, '\n')) {
    if (trim(line).empty()) continue;
    raw.append(line).append("\n");
    if (const std::string message = message_of_line(line); !message.empty()) told.append(message).append("\n");
  }
  const std::string& preview = told.empty() ? raw : told;
  Json report = plain_report(raw.empty() ? "No output was received and no final report was captured."
                                         : "No final report was captured.");
  report = annotated(std::move(report), ResultSource::kStdoutPreview, false, false, turn_completed_seen);
  report["raw_output_available"] = !raw.empty();
  report["stdout_preview"] = utf8_suffix(trim(preview), kPreviewBytes);
  return report;
}

namespace {

bool is_path_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-+@~%").find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
}

/// Cuts the pieces `, url: ...` and `, request id: ...` that the program appends to a provider's error.
std::string without_appendices(std::string text) {
  for (const std::string_view label : {", url: ", ", request id: ", ", cf-ray: "}) {
    for (std::size_t at = text.find(label); at != std::string::npos; at = text.find(label, at)) {
      const std::size_t end = text.find_first_of(", )\n", at + label.size());
      text.erase(at, end == std::string::npos ? std::string::npos : end - at);
    }
  }
  return text;
}

/// Length of the address or absolute path at the start of `rest`, 0 when it starts with neither.
std::size_t private_word(std::string_view rest, char before) {
  const bool starts_word = before == '\0' || !(is_path_character(before) || before == '/' || before == '<');
  if (!starts_word) return 0;
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://", "file://"}) {
    if (rest.starts_with(scheme)) return std::min(rest.find_first_of(" \t\n\"'<>)"), rest.size());
  }
  if (rest.size() < 2 || rest[0] != '/' || !is_path_character(rest[1])) return 0;
  std::size_t end = 1;
  while (end < rest.size() && (is_path_character(rest[end]) || rest[end] == '/')) ++end;
  while (end > 1 && (rest[end - 1] == '.' || rest[end - 1] == '/')) --end;  // the sentence's own full stop
  return end;
}

std::string without_places(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = private_word(text.substr(at), at == 0 ? '\0' : text[at - 1]);
    if (length == 0) {
      out += text[at++];
      continue;
    }
    out += text[at] == '/' ? "[REDACTED_PATH]" : "[url]";
    at += length;
  }
  return out;
}

std::string without_ids(std::string_view text) {
  constexpr std::size_t kUuid = 36;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (is_uuid(text.substr(at, kUuid))) {
      out += "[id]";
      at += kUuid;
    } else {
      out += text[at++];
    }
  }
  return out;
}

/// The sentence inside a provider's JSON error body, or the text itself.
std::string inner_message(std::string_view text) {
  const auto body = json::parse(trim(text));
  if (!body || !body->is_object()) return std::string(text);
  const Json* error = json::find(*body, "error");
  for (const Json* holder : {error, &*body}) {
    if (holder == nullptr) continue;
    if (auto message = json::find_string(*holder, "message")) return *message;
    if (auto detail = json::find_string(*holder, "detail")) return *detail;
  }
  return std::string(text);
}

}  // namespace

std::string public_message(std::string_view text, std::size_t max_bytes) {
  std::string message = inner_message(text.substr(0, text.find("\nStack backtrace")));
  message = collapse_whitespace(without_ids(without_places(without_appendices(std::move(message)))));
  message = display_safe(message);
  if (message.size() <= max_bytes) return message;
  return std::string(utf8_prefix(message, max_bytes - 3)) + "...";
}

}  // namespace patchbay::codex
