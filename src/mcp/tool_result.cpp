#include "mcp/tool_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "patchbay/base/error_text.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

void clean(std::string& text) {
  bool replaced = false;
  if (!is_valid_utf8(text)) text = sanitize_utf8(text, &replaced);
  if (!find_secrets(text).empty()) text = redact(text);
}

/// Cleans a text that often begins with a large member of the clean `structured`, and is then not looked through twice.
///
/// What the detector finds ends on its line, except for private keys, and the largest of those fit into kLookBehind. So
/// new findings are looked for in what follows that member, with as much in front of it. Anything found there has the
/// whole text cleaned.
void clean_beside(const Json& structured, std::string& text) {
  constexpr std::size_t kLarge = 32 * 1024, kLookBehind = 16 * 1024;
  std::size_t clean_bytes = 0;
  if (structured.is_object() && text.size() >= kLarge) {
    for (const Json& member : structured) {
      const auto* whole = member.get_ptr<const std::string*>();
      if (whole != nullptr && whole->size() > clean_bytes && text.starts_with(*whole)) clean_bytes = whole->size();
    }
  }
  if (clean_bytes < kLarge) return clean(text);
  if (clean_bytes == text.size()) return;
  if (text[clean_bytes] != '\n' && text[clean_bytes - 1] != '\n') return clean(text);
  const std::size_t line = text.rfind('\n', clean_bytes - kLookBehind);
  const std::string_view rest = std::string_view(text).substr(line == std::string::npos ? 0 : line + 1);
  if (!is_valid_utf8(rest) || !find_secrets(rest).empty()) clean(text);
}

/// "next_offset=8192, cursor=…": where a reply says it goes on.
std::string continuation_of(const Json& structured) {
  std::string out;
  for (const auto& [name, value] : structured.items()) {
    const bool tells = name.starts_with("next_") || name == "cursor";
    if (!tells || value.is_null() || value.is_structured()) continue;
    if (!out.empty()) out += ", ";
    out += name + "=" + (value.is_string() ? value.get<std::string>() : json::dump(value));
  }
  return out;
}

/// Cuts at a line end so that text and marker together stay inside the limit.
void cap_text(std::string& text, const Json& structured, std::size_t limit) {
  if (text.size() <= limit) return;
  constexpr std::size_t kMarkerRoom = 512;
  std::string_view kept = utf8_prefix(text, limit > kMarkerRoom ? limit - kMarkerRoom : limit / 2);
  if (const std::size_t line_end = kept.rfind('\n'); line_end != std::string_view::npos)
    kept = kept.substr(0, line_end);
  std::string_view next = {};
  const std::string continuation = continuation_of(structured);
  next = utf8_prefix(continuation, 160);
  std::string marker = fmt::format("\n[text cut: {} of {} bytes shown; structuredContent is complete{}{}]", kept.size(),
                                   text.size(), next.empty() ? "" : "; continue with ", next);
  if (next.empty()) {
    marker.pop_back();
    marker += "; ask for a smaller piece with the size and position arguments of this tool]";
  }
  text.resize(kept.size());
  text += marker;
}

Json text_block(std::string text) {
  Json block = Json::object();
  block.get_ref<Json::object_t&>().reserve(2);
  block["type"] = "text";
  block["text"] = std::move(text);
  return block;
}

/// A message of an error, which is said twice and may double when it is quoted (6.2).
std::string shortened(const std::string& text) {
  constexpr std::size_t kMost = 4096;
  if (text.size() <= kMost) return text;
  return fmt::format("{} [cut: {} of {} bytes shown]", utf8_prefix(text, kMost), kMost, text.size());
}

bool has_type(const std::string& type, const Json& v) {
  if (type == "object") return v.is_object();
  if (type == "array") return v.is_array();
  if (type == "string") return v.is_string();
  if (type == "boolean") return v.is_boolean();
  if (type == "null") return v.is_null();
  if (type == "integer") return v.is_number_integer();
  if (type == "number") return v.is_number();
  return false;
}

bool type_fits(const Json& type, const Json& v) {
  if (type.is_string()) return has_type(type.get_ref<const std::string&>(), v);
  return type.is_array() && std::ranges::any_of(type, [&](const Json& t) { return type_fits(t, v); });
}

}  // namespace

void redact_strings(Json& value) {
  if (value.is_string()) {
    clean(value.get_ref<std::string&>());
  } else if (value.is_structured()) {
    for (Json& item : value) redact_strings(item);
  }
}

Json success_result(const Catalog::Entry& entry, ToolReply reply, const CatalogOptions& options, const Limits& limits) {
  redact_strings(reply.structured);
  redact_strings(reply.meta);
  // Without a text of its own a reply is told as its JSON, made from what is already clean.
  if (reply.text.empty()) {
    reply.text = json::dump(reply.structured);
  } else {
    clean_beside(reply.structured, reply.text);
  }
  cap_text(reply.text, reply.structured, limits.result_text_bytes);
  constexpr std::size_t kMembers = 8;
  Json result = Json::object();
  // An object that grows copies its members, and these are large.
  result.get_ref<Json::object_t&>().reserve(kMembers);
  Json& content = result["content"] = Json::array();
  content.push_back(text_block(std::move(reply.text)));
  result["structuredContent"] = std::move(reply.structured);
  Json meta = reply.meta.is_object() ? std::move(reply.meta) : Json::object();
  if (!options.meta_prefix.empty()) {
    std::string id = entry.name;
    if (id.starts_with(options.name_prefix)) id.erase(0, options.name_prefix.size());
    meta[options.meta_prefix + "/tool_name"] = entry.name;
    meta[options.meta_prefix + "/tool_id"] = std::move(id);
  }
  if (!meta.empty()) result["_meta"] = std::move(meta);
  return result;
}

Json error_result(const Error& error, const std::string& ref) {
  const std::string told = shortened(error.message);
  const std::string hint = shortened(error.hint);
  std::string message = with_hint(told, hint);
  Json line{{"code", name_of(error.code)}, {"message", told}, {"retryable", is_retryable(error.code)}};
  if (!hint.empty()) line["hint"] = hint;
  const bool unknown = error.code == ErrorCode::kTimeout || error.code == ErrorCode::kInternal ||
                       error.code == ErrorCode::kCancelled || error.code == ErrorCode::kIoError ||
                       error.code == ErrorCode::kIntegrationOutcomeUnknown;
  line["side_effects"] = unknown ? "unknown" : "none";
  if (!ref.empty()) line["ref"] = ref;
  redact_strings(line);
  clean(message);
  message += "\n" + json::dump(Json{{"error", std::move(line)}});
  return {{"content", Json::array({text_block(std::move(message))})}, {"isError", true}};
}

void adapt_result(const Version& version, Json& result, std::size_t text_limit) {
  const auto content = result.find("content");
  if (content == result.end() || !content->is_array()) return;
  for (Json& block : *content) {
    const std::string type = json::get_string(block, "type");
    if (type == "resource_link" && !version.resource_links) {
      block = text_block(json::get_string(block, "uri"));
    } else if (type == "audio" && !version.audio) {
      block = text_block(fmt::format("[{} recording of {} base64 characters, which protocol {} cannot carry]",
                                     json::get_string(block, "mimeType", "audio"),
                                     json::get_string(block, "data").size(), version.name));
    }
  }
  const Json* structured = json::find(result, "structuredContent");
  if (version.structured || structured == nullptr) return;
  // These clients read only text blocks.
  std::string text = json::dump(*structured);
  const bool told = std::ranges::any_of(*content, [&](const Json& b) { return json::get_string(b, "text") == text; });
  if (told) return;
  std::size_t bytes = 0;
  for (const Json& block : *content) bytes += json::get_string(block, "text").size();
  if (bytes + text.size() > text_limit) {
    text = fmt::format(
        "[{} bytes of structured content are left out here, because text has at most {} bytes; ask "
        "for a smaller piece]",
        text.size(), text_limit);
  }
  content->push_back(text_block(std::move(text)));
}

std::optional<std::string> schema_mismatch(const Json& schema, const Json& value, const std::string& path) {
  if (!schema.is_object()) return std::nullopt;
  const std::string here = path.empty() ? "the result" : path;
  if (const Json* type = json::find(schema, "type"); type != nullptr && !type_fits(*type, value)) {
    return here + " is not " + json::dump(*type);
  }
  if (const Json* allowed = json::find(schema, "enum"); allowed != nullptr && !value.is_null()) {
    if (std::ranges::find(*allowed, value) == allowed->end()) return here + " is not one of " + json::dump(*allowed);
  }
  if (const Json* required = json::find(schema, "required"); required != nullptr && value.is_object()) {
    for (const Json& name : *required) {
      if (!value.contains(name.get_ref<const std::string&>())) return here + " lacks " + name.get<std::string>();
    }
  }
  const Json* properties = json::find(schema, "properties");
  if (properties != nullptr && value.is_object()) {
    const bool closed = !json::get_bool(schema, "additionalProperties", true);
    for (const auto& [name, member] : value.items()) {
      const Json* sub = json::find(*properties, name);
      if (sub == nullptr && closed) return here + " has the unknown member " + name;
      if (sub == nullptr) continue;
      if (auto bad = schema_mismatch(*sub, member, path.empty() ? name : path + "." + name)) return bad;
    }
  }
  if (const Json* items = json::find(schema, "items"); items != nullptr && value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (auto bad = schema_mismatch(*items, value[i], here + "[" + std::to_string(i) + "]")) return bad;
    }
  }
  return std::nullopt;
}

}  // namespace patchbay::mcp
