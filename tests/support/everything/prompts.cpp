#include "support/everything/fixtures.h"

namespace everything {
namespace {

Json argument(const char* name, const char* description) {
  return {{"name", name}, {"description", description}, {"required", true}};
}

Json user(Json content) { return {{"role", "user"}, {"content", std::move(content)}}; }
Json user_text(const std::string& text) { return user({{"type", "text"}, {"text", text}}); }
Json messages(Json list) { return {{"messages", std::move(list)}}; }

}  // namespace

Json Prompts::list(const mcp::Caller&) {
  return Json::array({
      Json{{"name", "test_simple_prompt"}, {"description", "One fixed message."}},
      Json{{"name", "test_prompt_with_arguments"},
           {"description", "Repeats its arguments."},
           {"arguments",
            Json::array({argument("arg1", "First test argument"), argument("arg2", "Second test argument")})}},
      Json{{"name", "test_prompt_with_embedded_resource"},
           {"description", "Embeds a resource."},
           {"arguments", Json::array({argument("resourceUri", "URI of the resource to embed")})}},
      Json{{"name", "test_prompt_with_image"}, {"description", "Shows an image."}},
      Json{{"name", "test_input_required_result_prompt"}, {"description", "Needs input from the client."}},
  });
}

std::optional<Result<Json>> Prompts::get(mcp::RichCall& call, const std::string& name, const Json& arguments) {
  if (name == "test_simple_prompt") return messages(Json::array({user_text("This is a simple prompt for testing.")}));
  if (name == "test_prompt_with_arguments") {
    return messages(Json::array({user_text("Prompt with arguments: arg1='" + json::get_string(arguments, "arg1") +
                                           "', arg2='" + json::get_string(arguments, "arg2") + "'")}));
  }
  if (name == "test_prompt_with_embedded_resource") {
    const Json resource{{"uri", json::get_string(arguments, "resourceUri")},
                        {"mimeType", "text/plain"},
                        {"text", "Embedded resource content for testing."}};
    return messages(Json::array({user({{"type", "resource"}, {"resource", resource}}),
                                 user_text("Please process the embedded resource above.")}));
  }
  if (name == "test_prompt_with_image") {
    return messages(Json::array({user({{"type", "image"}, {"data", kImage}, {"mimeType", "image/png"}}),
                                 user_text("Please analyze the image above.")}));
  }
  if (name == "test_input_required_result_prompt") {
    const Json* answer = json::find(call.input_responses(), "user_context");
    const Json* content = answer == nullptr ? nullptr : json::find(*answer, "content");
    if (content == nullptr) {
      const Json schema = object_schema({{"context", {{"type", "string"}}}}, {"context"});
      return call.need_input(
          {{"user_context",
            {{"method", "elicitation/create"},
             {"params", {{"message", "What context should the prompt use?"}, {"requestedSchema", schema}}}}}},
          nullptr);
    }
    return messages(Json::array({user_text("Context: " + json::get_string(*content, "context"))}));
  }
  return std::nullopt;
}

std::vector<std::string> Prompts::complete(const mcp::Caller&, const mcp::CompletionQuery& query) {
  std::vector<std::string> out;
  if (query.name != "test_prompt_with_arguments" || query.argument != "arg1") return out;
  for (const char* candidate : {"paris", "park", "party"}) {
    if (std::string_view(candidate).starts_with(query.value)) out.emplace_back(candidate);
  }
  return out;
}

}  // namespace everything
