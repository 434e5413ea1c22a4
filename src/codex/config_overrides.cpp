#include "codex/config_overrides.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "codex/grammar.h"
#include "patchbay/base/text.h"

namespace patchbay::codex {
namespace {

/// What an override of a family of keys can do.
enum class Reach {
  kWritesAnywhere,  ///< may run programs or lift the sandbox
  kStaysInside,     ///< restricted, but the sandbox mode still says what is written
};

struct Family {
  std::string_view stem;  ///< first letters of any component of the key
  Reach reach;
  bool prefix_may_name_it;  ///< an operator's prefix for exactly this family opens it
};

constexpr std::array kRestricted = {
    Family{"sandbox", Reach::kStaysInside, false},
    Family{"approval", Reach::kWritesAnywhere, false},
    Family{"shell_environment", Reach::kStaysInside, false},
    Family{"mcp_servers", Reach::kWritesAnywhere, false},
    Family{"notify", Reach::kWritesAnywhere, false},
    Family{"projects", Reach::kWritesAnywhere, false},
    Family{"permissions", Reach::kWritesAnywhere, true},
    Family{"default_permissions", Reach::kWritesAnywhere, true},
    Family{"hooks", Reach::kWritesAnywhere, true},
    Family{"profiles", Reach::kWritesAnywhere, true},
    // Where prompts and sources are sent, and local files that are sent with them.
    Family{"model_provider", Reach::kStaysInside, true},
    Family{"model_instructions", Reach::kStaysInside, true},
    Family{"model_catalog", Reach::kStaysInside, true},
    Family{"experimental_", Reach::kStaysInside, true},
    Family{"chatgpt_base_url", Reach::kStaysInside, true},
    Family{"openai_base_url", Reach::kStaysInside, true},
    Family{"otel", Reach::kStaysInside, true},
};

/// The key as Codex reads it: what stands before the first `=`, without the quotes and blanks TOML allows
/// around it.
std::string key_of(std::string_view override_text) {
  std::string key;
  for (const char c : override_text.substr(0, override_text.find('='))) {
    if (c != ' ' && c != '"' && c != '\'') key += c;
  }
  return to_lower_ascii(key);
}

std::string value_of(std::string_view override_text) {
  std::string_view value = trim(override_text.substr(override_text.find('=') + 1));
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
    value = value.substr(1, value.size() - 2);
  }
  return std::string(trim(value));
}

const Family* family_of(const std::string& key) {
  for (const std::string_view component : split(key, '.')) {
    for (const Family& family : kRestricted) {
      if (component.starts_with(family.stem)) return &family;
    }
  }
  return nullptr;
}

bool is_key(const std::string& key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/' || c == ':';
  });
}

Error not_allowed(const std::string& key) {
  return Error{ErrorCode::kModeNotPermitted,
               "Config override is not allowed: " + std::string(utf8_prefix(key, 80)),
               "The operator lists permitted keys under security.allowed_config_override_prefixes.",
               {}};
}

Status check_override(const std::string& text, const std::vector<std::string>& prefixes, bool bypass_allowed) {
  const std::string key = key_of(text);
  if (text.find('=') == std::string::npos || !is_key(key) || text.starts_with('-')) {
    return Error{ErrorCode::kInvalidArgument, "a config override has the form key=value", {}, {}};
  }
  // Compared as written and as Codex reads it, so that blanks and quotes neither help nor hurt.
  const auto begins = [&](const std::string& prefix) {
    return text.starts_with(prefix) || key.starts_with(to_lower_ascii(prefix));
  };
  if (std::none_of(prefixes.begin(), prefixes.end(), begins)) return not_allowed(key);
  const Family* family = family_of(key);
  if (family == nullptr || bypass_allowed) return {};
  const bool named =
      family->prefix_may_name_it && std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
        return prefix.starts_with(family->stem) && begins(prefix);
      });
  return named ? Status{} : Status{not_allowed(key)};
}

}  // namespace

Status check_overrides(const std::vector<std::string>& overrides, const std::vector<std::string>& prefixes,
                       bool bypass_allowed) {
  if (overrides.empty()) return {};
  if (prefixes.empty()) {
    return Error{ErrorCode::kModeNotPermitted,
                 "config_overrides are disabled by default",
                 "The operator lists permitted keys under security.allowed_config_override_prefixes.",
                 {}};
  }
  for (const std::string& text : overrides) PB_TRY(check_override(text, prefixes, bypass_allowed));
  return {};
}

std::string widest_sandbox(std::string sandbox, const std::vector<std::string>& overrides) {
  for (const std::string& text : overrides) {
    const std::string key = key_of(text);
    const Family* family = family_of(key);
    if (family == nullptr) continue;
    std::string reached = sandbox;
    if (family->reach == Reach::kWritesAnywhere) {
      reached = "danger-full-access";
    } else if (family->stem == "sandbox" && !key.starts_with("sandbox_workspace_write")) {
      reached = is_sandbox_mode(value_of(text)) ? value_of(text) : "danger-full-access";
    }
    if (sandbox_width(reached) > sandbox_width(sandbox)) sandbox = reached;
  }
  return sandbox;
}

}  // namespace patchbay::codex
