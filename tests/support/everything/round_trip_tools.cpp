// Tools that need several rounds (modern era): each answers input_required until it has what it asked for.

#include "support/everything/fixtures.h"

namespace everything {
namespace {

using Handler = std::function<Result<Json>(mcp::RichCall&, const Json&)>;

Json form(const std::string& message, const std::string& field, const char* type = "string") {
  return {{"method", "elicitation/create"},
          {"params", {{"message", message}, {"requestedSchema", object_schema({{field, {{"type", type}}}}, {field})}}}};
}

Json sample(const std::string& text, int tokens) {
  const Json message{{"role", "user"}, {"content", {{"type", "text"}, {"text", text}}}};
  return {{"method", "sampling/createMessage"},
          {"params", {{"messages", Json::array({message})}, {"maxTokens", tokens}}}};
}

Json roots() { return {{"method", "roots/list"}, {"params", Json::object()}}; }

/// The accepted answer to a form, or null.
const Json* accepted(const mcp::RichCall& call, const char* key) {
  const Json* answer = json::find(call.input_responses(), key);
  if (answer == nullptr || json::get_string(*answer, "action") != "accept") return nullptr;
  const Json* content = json::find(*answer, "content");
  return content != nullptr && content->is_object() ? content : nullptr;
}

std::string sampled(const Json& answer) {
  const Json* content = json::find(answer, "content");
  return content == nullptr ? std::string() : json::get_string(*content, "text");
}

Result<Json> ask_name(mcp::RichCall& call, const Json&) {
  const Json* content = accepted(call, "user_name");
  const auto name = content == nullptr ? std::nullopt : json::find_string(*content, "name");
  if (!name) return call.need_input({{"user_name", form("What is your name?", "name")}}, nullptr);
  return text_result("Hello, " + *name + "!");
}

Result<Json> ask_model(mcp::RichCall& call, const Json&) {
  const Json* answer = json::find(call.input_responses(), "capital_question");
  if (answer == nullptr || sampled(*answer).empty()) {
    return call.need_input({{"capital_question", sample("What is the capital of France?", 100)}}, nullptr);
  }
  return text_result(sampled(*answer));
}

Result<Json> ask_roots(mcp::RichCall& call, const Json&) {
  const Json* answer = json::find(call.input_responses(), "client_roots");
  const Json* list = answer == nullptr ? nullptr : json::find(*answer, "roots");
  if (list == nullptr) return call.need_input({{"client_roots", roots()}}, nullptr);
  return text_result("Roots: " + json::dump(*list));
}

/// Asks for a confirmation and carries state; complete only when both came back.
Result<Json> confirm_with_state(mcp::RichCall& call, const Json&) {
  if (call.round_state().is_null() || accepted(call, "confirm") == nullptr) {
    return call.need_input({{"confirm", form("Please confirm", "ok", "boolean")}}, {{"step", 1}});
  }
  return text_result("Confirmed: state-ok");
}

Result<Json> ask_three(mcp::RichCall& call, const Json&) {
  for (const char* key : {"user_name", "greeting", "client_roots"}) {
    if (!call.round_state().is_null() && json::find(call.input_responses(), key) != nullptr) continue;
    return call.need_input({{"user_name", form("What is your name?", "name")},
                            {"greeting", sample("Generate a greeting", 50)},
                            {"client_roots", roots()}},
                           {{"step", 1}});
  }
  return text_result("All three answers came.");
}

Result<Json> two_steps(mcp::RichCall& call, const Json&) {
  const std::int64_t step = json::get_int(call.round_state(), "step");
  if (step >= 2 && accepted(call, "step2") != nullptr) {
    return text_result(json::get_string(call.round_state(), "name") + " likes " +
                       json::get_string(*accepted(call, "step2"), "color"));
  }
  if (step == 2) {
    return call.need_input({{"step2", form("Step 2: What is your favorite color?", "color")}}, call.round_state());
  }
  if (step == 1 && accepted(call, "step1") != nullptr) {
    return call.need_input({{"step2", form("Step 2: What is your favorite color?", "color")}},
                           {{"step", 2}, {"name", json::get_string(*accepted(call, "step1"), "name")}});
  }
  return call.need_input({{"step1", form("Step 1: What is your name?", "name")}}, {{"step", 1}});
}

Result<Json> whatever_the_client_can(mcp::RichCall& call, const Json&) {
  if (!call.input_responses().empty()) return text_result("Thank you.");
  return call.need_input({{"name", form("What is your name?", "name")},
                          {"greeting", sample("Generate a greeting", 50)},
                          {"client_roots", roots()}},
                         nullptr);
}

Result<Json> streaming(mcp::RichCall& call, const Json& arguments) {
  call.emit_progress(1, std::nullopt, "asking");
  return ask_name(call, arguments);
}

}  // namespace

std::vector<mcp::RawTool> round_trip_tools() {
  const std::pair<const char*, Handler> rows[] = {
      {"test_input_required_result_elicitation", ask_name},
      {"test_input_required_result_sampling", ask_model},
      {"test_input_required_result_list_roots", ask_roots},
      {"test_input_required_result_request_state", confirm_with_state},
      {"test_input_required_result_multiple_inputs", ask_three},
      {"test_input_required_result_multi_round", two_steps},
      {"test_input_required_result_tampered_state", confirm_with_state},
      {"test_input_required_result_capabilities", whatever_the_client_can},
      {"test_streaming_elicitation", streaming},
  };
  std::vector<mcp::RawTool> tools;
  for (const auto& [name, run] : rows)
    tools.push_back(tool(name, "Needs input from the client.", object_schema(), run));
  tools.push_back(tool("test_missing_capability", "Needs a client that can sample.", object_schema(), ask_model));
  tools.back().needs_capabilities = {{"sampling", Json::object()}};
  return tools;
}

}  // namespace everything
