#include "mcp/request.h"

#include <algorithm>

#include "patchbay/base/text.h"

namespace patchbay::mcp {

const Json& Request::meta() const {
  static const Json kNone = Json::object();
  const Json* meta = json::find(message.params, "_meta");
  return meta != nullptr && meta->is_object() ? *meta : kNone;
}

std::optional<int> log_level_of(std::string_view name) {
  static constexpr std::string_view kLevels[] = {"debug", "info",     "notice", "warning",
                                                 "error", "critical", "alert",  "emergency"};
  const auto* at = std::ranges::find(kLevels, name);
  if (at == std::end(kLevels)) return std::nullopt;
  return static_cast<int>(at - kLevels);
}

bool has_claim(const Json& params) {
  const Json* meta = json::find(params, "_meta");
  return meta != nullptr && json::find(*meta, meta_key::kVersion) != nullptr;
}

std::optional<RpcError> envelope_trouble(const Json& params) {
  Json missing = Json::array();
  Json invalid = Json::array();
  const Json* found = json::find(params, "_meta");
  const Json meta = found != nullptr ? *found : Json::object();
  if (!meta.is_object()) invalid.push_back("_meta");
  const auto require = [&](std::string_view key, auto fits) {
    const Json* value = json::find(meta, key);
    if (value == nullptr) {
      missing.push_back(key);
    } else if (!fits(*value)) {
      invalid.push_back(key);
    }
  };
  if (invalid.empty()) {
    require(meta_key::kVersion, [](const Json& v) { return v.is_string(); });
    require(meta_key::kCapabilities, [](const Json& v) { return v.is_object(); });
  }
  if (const Json* info = json::find(meta, meta_key::kClientInfo)) {
    if (!json::find_string(*info, "name") || !json::find_string(*info, "version")) {
      invalid.push_back(meta_key::kClientInfo);
    }
  }
  if (const Json* level = json::find(meta, meta_key::kLogLevel)) {
    if (!level->is_string() || !log_level_of(level->get_ref<const std::string&>())) {
      invalid.push_back(meta_key::kLogLevel);
    }
  }
  if (missing.empty() && invalid.empty()) return std::nullopt;
  std::string message;
  for (const auto& [words, list] : {std::pair<const char*, Json*>{"Missing in params._meta: ", &missing},
                                    std::pair<const char*, Json*>{"Invalid in params._meta: ", &invalid}}) {
    if (list->empty()) continue;
    if (!message.empty()) message += ". ";
    message += words;
    for (std::size_t i = 0; i < list->size(); ++i) message += (i > 0 ? ", " : "") + (*list)[i].get<std::string>();
  }
  return RpcError{.code = rpc::kInvalidParams,
                  .message = std::move(message),
                  .http_status = 400,
                  .data = {{"missing", std::move(missing)}, {"invalid", std::move(invalid)}}};
}

std::string shown_label(std::string_view label) {
  return std::string(utf8_prefix(collapse_whitespace(display_safe(label)), 80));
}

std::string client_label(const Json* client_info) {
  if (client_info == nullptr) return {};
  std::string label = json::get_string(*client_info, "name");
  if (const std::string version = json::get_string(*client_info, "version"); !version.empty()) label += " " + version;
  return shown_label(label);
}

}  // namespace patchbay::mcp
