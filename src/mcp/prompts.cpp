// prompts/get and completion/complete (6.3).

#include <fmt/format.h>

#include "mcp/running_call.h"
#include "mcp/tool_result.h"
#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

constexpr std::size_t kMaxCompletions = 100;

}  // namespace

Reply Server::Impl::get_prompt(Request& request) {
  const auto name = json::find_string(request.params(), "name");
  if (!name) return invalid_params("params.name must be a string", {{"path", "name"}});
  Json arguments = Json::object();
  if (const Json* given = json::find(request.params(), "arguments"); given != nullptr && !given->is_null()) {
    if (!given->is_object()) return invalid_params("params.arguments must be an object", {{"path", "arguments"}});
    arguments = *given;
  }
  for (const auto& [key, value] : arguments.items()) {
    if (!value.is_string()) return invalid_params("Prompt arguments are strings", {{"path", "arguments." + key}});
  }
  const Caller caller = identify(request);
  touch_scope(caller.scope_key);
  RunningCall call(*this, request, caller, std::nullopt);
  if (auto error = call.take_round(*name, arguments)) return std::move(*error);
  for (PromptProvider* provider : options.prompts) {
    auto got = provider->get(call, *name, arguments);
    if (!got) continue;
    if (auto asked = call.input_required()) return std::move(*asked);
    if (got->ok()) return finish(request, std::move(*got).value());
    const Error& error = got->error();
    if (error.code == ErrorCode::kInternal) return internal_error(error.message + " " + error.detail);
    return invalid_params(error.message, {{"code", name_of(error.code)}});
  }
  return invalid_params(fmt::format("Unknown prompt '{}'", display_safe(utf8_prefix(*name, 64))), {{"path", "name"}});
}

Reply Server::Impl::complete(Request& request) {
  const Json* ref = json::find(request.params(), "ref");
  const Json* argument = json::find(request.params(), "argument");
  if (ref == nullptr || !ref->is_object()) return invalid_params("params.ref must be an object", {{"path", "ref"}});
  CompletionQuery query;
  const std::string type = json::get_string(*ref, "type");
  query.is_prompt = type == "ref/prompt";
  const auto name = json::find_string(*ref, query.is_prompt ? "name" : "uri");
  if ((!query.is_prompt && type != "ref/resource") || !name) {
    return invalid_params("params.ref must name a prompt or a resource template", {{"path", "ref"}});
  }
  const auto argument_name = argument == nullptr ? std::nullopt : json::find_string(*argument, "name");
  const auto value = argument == nullptr ? std::nullopt : json::find_string(*argument, "value");
  if (!argument_name || !value) {
    return invalid_params("params.argument needs name and value", {{"path", "argument"}});
  }
  query.name = *name;
  query.argument = *argument_name;
  query.value = *value;
  if (const Json* context = json::find(request.params(), "context")) {
    if (const Json* chosen = json::find(*context, "arguments"); chosen != nullptr && chosen->is_object()) {
      query.context = *chosen;
    }
  }
  const Caller caller = identify(request);
  std::vector<std::string> values;
  for (CompletionProvider* provider : options.completions) {
    for (std::string& candidate : provider->complete(caller, query)) values.push_back(std::move(candidate));
  }
  const std::size_t total = values.size();
  if (values.size() > kMaxCompletions) values.resize(kMaxCompletions);
  Json listed = Json::array();
  for (std::string& candidate : values) listed.push_back(std::move(candidate));
  return finish(request, {{"completion",
                           {{"values", std::move(listed)}, {"total", total}, {"hasMore", total > kMaxCompletions}}}});
}

}  // namespace patchbay::mcp
