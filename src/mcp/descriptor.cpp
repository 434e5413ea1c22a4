#include "mcp/descriptor.h"

#include <algorithm>
#include <set>

#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return std::isalnum(c) != 0 || kOther.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool has_key_anywhere(const Json& value, std::string_view key) {
  if (value.is_object() && value.contains(key)) return true;
  return value.is_structured() && std::ranges::any_of(value, [&](const Json& v) { return has_key_anywhere(v, key); });
}

Json input_schema_of(const Tool& tool) {
  Json schema = tool.input_schema;
  const Declaration& d = tool.declaration;
  if (d.takes_handle) schema["properties"]["handle"] = {{"type", "string"}};
  if (d.takes_request_key) schema["properties"]["request_key"] = {{"type", "string"}, {"maxLength", 64}};
  return schema;
}

Error bad_mark(std::string message) { return {ErrorCode::kConfigRefused, std::move(message), {}, {}}; }

using HeaderParams = std::vector<std::pair<std::string, std::string>>;

Status collect_headers(const Json& schema, const std::string& path, std::set<std::string>& seen, HeaderParams& out) {
  const Json* properties = json::find(schema, "properties");
  if (properties == nullptr || !properties->is_object()) return {};
  for (const auto& [name, property] : properties->items()) {
    const std::string here = path.empty() ? name : path + "/" + name;
    if (const Json* mark = json::find(property, "x-mcp-header")) {
      const std::string type = json::get_string(property, "type");
      if (!mark->is_string() || !is_token(mark->get_ref<const std::string&>())) {
        return bad_mark("x-mcp-header of " + here + " is not a token");
      }
      if (type != "string" && type != "integer" && type != "boolean") {
        return bad_mark("x-mcp-header of " + here + " needs a string, integer or boolean");
      }
      if (!seen.insert(to_lower_ascii(mark->get_ref<const std::string&>())).second) {
        return bad_mark("x-mcp-header of " + here + " is used twice");
      }
      out.emplace_back(here, mark->get<std::string>());
    }
    PB_TRY(collect_headers(property, here, seen, out));
  }
  return {};
}

}  // namespace

bool valid_tool_name(std::string_view name) {
  constexpr std::string_view kOther = "_.-";
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [&](unsigned char c) {
    return std::isalnum(c) != 0 || kOther.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

Json describe_tool(const Tool& tool, const std::string& card_uri) {
  const Declaration& d = tool.declaration;
  const Json schemes = Json::array({{{"type", "noauth"}}});
  Json out;
  out["name"] = d.name;
  out["title"] = d.title;
  out["description"] = d.description;
  out["inputSchema"] = input_schema_of(tool);
  out["outputSchema"] = tool.output_schema;
  out["annotations"] = {{"title", d.title},
                        {"readOnlyHint", d.effect == Effect::kReads},
                        {"destructiveHint", d.effect == Effect::kDestroys},
                        {"idempotentHint", d.repeat == Repeat::kIdempotent},
                        {"openWorldHint", d.world == World::kOpen}};
  out["securitySchemes"] = schemes;
  Json& meta = out["_meta"];
  meta["securitySchemes"] = schemes;
  if (!card_uri.empty()) {
    meta["ui"] = {{"resourceUri", card_uri}};
    meta["ui/resourceUri"] = card_uri;
    meta["openai/outputTemplate"] = card_uri;
  }
  meta["openai/toolInvocation/invoking"] = d.invoking;
  meta["openai/toolInvocation/invoked"] = d.invoked;
  if (!d.file_params.empty()) meta["openai/fileParams"] = d.file_params;
  return out;
}

std::optional<std::string> schema_trouble(const Tool& tool) {
  const auto fits = [](const Json& schema) { return json::get_string(schema, "type") == "object"; };
  if (!fits(tool.input_schema)) return "the input schema is no object";
  if (!fits(tool.output_schema)) return "the output schema is no object";
  if (json::get_bool(tool.input_schema, "additionalProperties", true)) return "the input schema is open";
  for (const char* key : {"anyOf", "oneOf", "allOf", "not", "if", "$defs"}) {
    if (tool.input_schema.contains(key)) return std::string("the input schema has ") + key + " at its root";
  }
  if (has_key_anywhere(tool.input_schema, "$ref")) return "the input schema has a $ref";
  const auto label_fits = [](const std::string& label) { return !label.empty() && label.size() <= 64; };
  if (!label_fits(tool.declaration.invoking) || !label_fits(tool.declaration.invoked)) {
    return "the invocation labels need 1 to 64 characters";
  }
  if (tool.declaration.description.size() > 300) return "the description is longer than 300 characters";
  return std::nullopt;
}

Result<HeaderParams> header_parameters(const Json& descriptor) {
  HeaderParams out;
  std::set<std::string> seen;
  if (const Json* schema = json::find(descriptor, "inputSchema")) PB_TRY(collect_headers(*schema, "", seen, out));
  return out;
}

}  // namespace patchbay::mcp
