// Tools that ask the client in the middle of a call (legacy era), and tools that announce changes.

#include "support/everything/fixtures.h"

namespace everything {
namespace {

Error cannot_ask(const char* capability) {
  return {ErrorCode::kInvalidState, std::string("The client did not declare ") + capability + ".", {}, {}};
}

Result<Json> sampling(mcp::RichCall& call, const Json& arguments) {
  if (!call.client_can("sampling")) return cannot_ask("sampling");
  const Json message{{"role", "user"},
                     {"content", {{"type", "text"}, {"text", json::get_string(arguments, "prompt")}}}};
  const Json answer =
      PB_TRY(call.ask_client("sampling/createMessage", {{"messages", Json::array({message})}, {"maxTokens", 100}}));
  const Json* said = json::find(answer, "content");
  return text_result("LLM response: " + (said != nullptr ? json::get_string(*said, "text") : std::string()));
}

Result<Json> ask_form(mcp::RichCall& call, const std::string& message, Json schema, const char* prefix) {
  if (!call.client_can("elicitation")) return cannot_ask("elicitation");
  const Json answer =
      PB_TRY(call.ask_client("elicitation/create", {{"message", message}, {"requestedSchema", std::move(schema)}}));
  return text_result(prefix + std::string("action=") + json::get_string(answer, "action") +
                     ", content=" + json::dump(answer.value("content", Json::object())));
}

Result<Json> elicitation(mcp::RichCall& call, const Json& arguments) {
  return ask_form(call, json::get_string(arguments, "message"),
                  object_schema({{"username", {{"type", "string"}, {"description", "User's response"}}},
                                 {"email", {{"type", "string"}, {"description", "User's email address"}}}},
                                {"username", "email"}),
                  "User response: ");
}

Result<Json> defaults(mcp::RichCall& call, const Json&) {
  return ask_form(
      call, "Check these values",
      object_schema(
          {{"name", {{"type", "string"}, {"default", "John Doe"}}},
           {"age", {{"type", "integer"}, {"default", 30}}},
           {"score", {{"type", "number"}, {"default", 95.5}}},
           {"status", {{"type", "string"}, {"enum", {"active", "inactive", "pending"}}, {"default", "active"}}},
           {"verified", {{"type", "boolean"}, {"default", true}}}}),
      "Elicitation completed: ");
}

Json titled(const std::string& what) {
  Json out = Json::array();
  int number = 1;
  for (const char* ordinal : {"First ", "Second ", "Third "}) {
    out.push_back({{"const", "value" + std::to_string(number++)}, {"title", ordinal + what}});
  }
  return out;
}

Result<Json> enums(mcp::RichCall& call, const Json&) {
  const Json plain = Json::array({"option1", "option2", "option3"});
  const Json old = Json::array({"opt1", "opt2", "opt3"});
  Json properties;
  properties["untitledSingle"] = {{"type", "string"}, {"enum", plain}};
  properties["titledSingle"] = {{"type", "string"}, {"oneOf", titled("Option")}};
  properties["legacyEnum"] = {
      {"type", "string"}, {"enum", old}, {"enumNames", {"Option One", "Option Two", "Option Three"}}};
  properties["untitledMulti"] = {{"type", "array"}, {"items", {{"type", "string"}, {"enum", plain}}}};
  properties["titledMulti"] = {{"type", "array"}, {"items", {{"anyOf", titled("Choice")}}}};
  return ask_form(call, "Choose", object_schema(std::move(properties)), "Elicitation completed: ");
}

}  // namespace

std::vector<mcp::RawTool> question_tools() {
  const Json text{{"type", "string"}};
  std::vector<mcp::RawTool> tools;
  tools.push_back(
      tool("test_sampling", "Asks the client's model.", object_schema({{"prompt", text}}, {"prompt"}), sampling));
  tools.push_back(
      tool("test_elicitation", "Asks the user.", object_schema({{"message", text}}, {"message"}), elicitation));
  tools.push_back(tool("test_elicitation_sep1034_defaults", "Asks with default values.", object_schema(), defaults));
  tools.push_back(tool("test_elicitation_sep1330_enums", "Asks with choices.", object_schema(), enums));
  return tools;
}

std::vector<mcp::RawTool> change_tools(mcp::Server*& server) {
  std::vector<mcp::RawTool> tools;
  tools.push_back(tool("test_trigger_tool_change", "Announces a change of the tools.", object_schema(),
                       [&server](mcp::RichCall&, const Json&) -> Result<Json> {
                         server->notify_tools_changed();
                         return text_result("Announced.");
                       }));
  tools.push_back(tool("test_trigger_prompt_change", "Announces a change of the prompts.", object_schema(),
                       [&server](mcp::RichCall&, const Json&) -> Result<Json> {
                         server->notify_prompts_changed();
                         return text_result("Announced.");
                       }));
  return tools;
}

}  // namespace everything
