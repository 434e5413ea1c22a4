#include "demo/conversation.h"

#include <array>
#include <charconv>

namespace patchbay::demo {
namespace {

constexpr std::string_view kCallPrefix = "pb_";

/// Openings of messages that Codex itself puts into the conversation in the user's name.
constexpr std::array<std::string_view, 7> kInjected = {"<environment_context>",  "# AGENTS.md", "<user_instructions>",
                                                       "<turn_aborted>",         "<skill",      "<user_shell_command>",
                                                       "<subagent_notification>"};

bool is_injected(std::string_view text) {
  for (const std::string_view opening : kInjected) {
    if (text.starts_with(opening)) return true;
  }
  return false;
}

/// Text of a message or of a tool's output, which may be a string or a list of parts.
std::string text_of(const Json* content) {
  if (content == nullptr) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string text;
  if (content->is_array()) {
    for (const Json& part : *content) text += json::get_string(part, "text");
  }
  return text;
}

int answer_of(std::string_view call_id) {
  int answer = -1;
  if (call_id.starts_with(kCallPrefix)) {
    call_id.remove_prefix(kCallPrefix.size());
    std::from_chars(call_id.data(), call_id.data() + call_id.size(), answer);
  }
  return answer;
}

std::string running_session_of(std::string_view output) {
  static constexpr std::string_view kMark = "running with session ID ";
  const std::size_t at = output.find(kMark);
  if (at == std::string_view::npos) return {};
  output.remove_prefix(at + kMark.size());
  return std::string(output.substr(0, output.find_first_not_of("0123456789")));
}

void read_item(const Json& item, Conversation& c) {
  const std::string type = json::get_string(item, "type");
  if (type == "message") {
    const std::string role = json::get_string(item, "role");
    const std::string text = text_of(json::find(item, "content"));
    if (role == "user" && !is_injected(text)) {
      c.prompt = text;
      c.answered = -1;
      c.running_session.clear();
    }
  } else if (type == "additional_tools") {
    c.code_mode = true;
  } else if (type.ends_with("_call_output")) {
    c.answered = std::max(c.answered, answer_of(json::get_string(item, "call_id")));
    c.running_session = running_session_of(text_of(json::find(item, "output")));
  }
}

}  // namespace

Conversation read_conversation(const http::Request& request, const Json& body) {
  Conversation c;
  c.model = json::get_string(body, "model");
  if (const Json* reasoning = json::find(body, "reasoning")) c.effort = json::get_string(*reasoning, "effort");
  c.thread_id = request.header("thread-id").value_or(request.header("session-id").value_or(""));
  if (const auto metadata = json::parse(request.header("x-codex-turn-metadata").value_or("{}"))) {
    c.compaction = json::get_string(*metadata, "request_kind") == "compaction";
    c.sandbox = json::get_string(*metadata, "sandbox_mode");
  }
  if (const Json* input = json::find(body, "input"); input != nullptr && input->is_array()) {
    for (const Json& item : *input) read_item(item, c);
  }
  if (const Json* text = json::find(body, "text")) {
    const Json* format = json::find(*text, "format");
    const Json* schema = format == nullptr ? nullptr : json::find(*format, "schema");
    if (schema != nullptr) c.schema = *schema;
  }
  return c;
}

std::string make_call_id(int answer, int unique) {
  return std::string(kCallPrefix) + std::to_string(answer) + "_" + std::to_string(unique);
}

}  // namespace patchbay::demo
