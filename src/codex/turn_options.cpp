#include "codex/turn_options.h"

#include <algorithm>
#include <array>

#include "codex/grammar.h"
#include "patchbay/base/text.h"

namespace patchbay::codex {
namespace {

constexpr std::size_t kMostListItems = 64;
constexpr std::size_t kLongestItem = 4096;

constexpr std::array<std::string_view, 4> kCarriedByTheRequest = {"model", "sandbox", "structured_output",
                                                                  "resume_session_id"};

Error invalid(std::string_view option, std::string_view what) {
  return Error{ErrorCode::kInvalidArgument, fmt::format("{} {}", option, what), {}, {}};
}

Result<bool> read_bool(std::string_view name, const Json& value) {
  if (!value.is_boolean()) return invalid(name, "must be true or false");
  return value.get<bool>();
}

Result<std::vector<std::string>> read_list(std::string_view name, const Json& value) {
  if (!value.is_array()) return invalid(name, "must be a list of strings");
  if (value.size() > kMostListItems) return invalid(name, fmt::format("may have at most {} items", kMostListItems));
  std::vector<std::string> list;
  for (const Json& item : value) {
    if (!item.is_string()) return invalid(name, "must be a list of strings");
    const auto& text = item.get_ref<const std::string&>();
    if (text.empty() || text.size() > kLongestItem) return invalid(name, "has an empty or a much too long item");
    if (has_control_character(text) || !is_valid_utf8(text)) {
      return invalid(name, "may not hold control characters");
    }
    list.push_back(text);
  }
  return list;
}

Result<std::vector<std::string>> read_features(std::string_view name, const Json& value) {
  auto list = PB_TRY(read_list(name, value));
  for (const std::string& feature : list) {
    if (!is_feature_name(feature)) return invalid(name, "has an item that is no feature name");
  }
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

Status read_feature_lists(const Json& value, TurnOptions& out) {
  if (!value.is_object()) return invalid("features", "must be an object with enable and disable");
  for (const auto& [name, list] : value.items()) {
    if (list.is_null()) continue;
    if (name == "enable") {
      out.enable = PB_TRY(read_features("features.enable", list));
    } else if (name == "disable") {
      out.disable = PB_TRY(read_features("features.disable", list));
    } else {
      return Error{ErrorCode::kUnknownArgument, "features knows only enable and disable", {}, {}};
    }
  }
  for (const std::string& feature : out.enable) {
    if (std::binary_search(out.disable.begin(), out.disable.end(), feature)) {
      return invalid("features", "names one feature under enable and disable");
    }
  }
  return {};
}

Status read_approval_policy(const Json& value) {
  if (value.is_string() && value.get_ref<const std::string&>() == "never") return {};
  return Error{ErrorCode::kInvalidArgument,
               "approval_policy can only be \"never\": a turn has nobody to ask while it runs",
               "Leave approval_policy out, and choose the sandbox that fits the task.",
               {}};
}

Status read_option(const std::string& name, const Json& value, TurnOptions& out) {
  if (name == "dangerously_bypass") {
    out.dangerously_bypass = PB_TRY(read_bool(name, value));
  } else if (name == "ignore_user_config") {
    out.ignore_user_config = PB_TRY(read_bool(name, value));
  } else if (name == "full_auto") {
    out.full_auto = PB_TRY(read_bool(name, value));
  } else if (name == "json_events") {
    out.json_events = PB_TRY(read_bool(name, value));
  } else if (name == "network") {
    out.network = PB_TRY(read_bool(name, value));
  } else if (name == "search") {
    out.search = PB_TRY(read_bool(name, value));
  } else if (name == "images") {
    out.images = PB_TRY(read_list(name, value));
  } else if (name == "add_dirs") {
    out.add_dirs = PB_TRY(read_list(name, value));
  } else if (name == "config_overrides") {
    out.config_overrides = PB_TRY(read_list(name, value));
  } else if (name == "features") {
    return read_feature_lists(value, out);
  } else if (name == "approval_policy") {
    return read_approval_policy(value);
  } else if (name == "profile") {
    if (!value.is_string()) return invalid(name, "must be a string");
    out.profile = value.get<std::string>();
    if (!out.profile.empty() && !is_profile_name(out.profile)) return invalid(name, "is not a plain name");
  } else {
    return Error{ErrorCode::kUnknownArgument,
                 "unknown option " + display_safe(utf8_prefix(name, 60)),
                 "See the option list of the tool.",
                 {}};
  }
  return {};
}

}  // namespace

Result<TurnOptions> parse_turn_options(const Json& options) {
  TurnOptions out;
  if (options.is_null()) return out;
  if (!options.is_object()) return invalid("options", "must be an object");
  for (const auto& [name, value] : options.items()) {
    const bool elsewhere =
        std::find(kCarriedByTheRequest.begin(), kCarriedByTheRequest.end(), name) != kCarriedByTheRequest.end();
    if (value.is_null() || name.starts_with('_') || elsewhere) continue;
    PB_TRY(read_option(name, value, out));
  }
  return out;
}

}  // namespace patchbay::codex
