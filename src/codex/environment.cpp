#include "codex/environment.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "codex/login.h"
#include "patchbay/os/file.h"

namespace patchbay::codex {
namespace {

/// "PATH" names itself, "LC_*" everything that begins with "LC_".
bool matches(std::string_view name, std::string_view pattern) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

constexpr std::array<std::string_view, 9> kSteersPrograms = {"LD_*",           "BASH_ENV",      "ENV",
                                                             "PROMPT_COMMAND", "GIT_*",         "RIPGREP_CONFIG_PATH",
                                                             "NODE_OPTIONS",   "PYTHONSTARTUP", "BASH_FUNC_*"};

bool is_ours_or_a_tunnels(std::string_view name) {
  return name.starts_with("PATCHBAY_") || name == "PB_JOB_MARKER" || name == "NGROK_AUTHTOKEN" ||
         name.find("TUNNEL_TOKEN") != std::string_view::npos;
}

/// The operator wrote this name, or a prefix that lies within the family; a prefix wider than the family does
/// not count.
bool is_named(std::string_view name, std::string_view family, const std::vector<std::string>& allowed) {
  const std::string_view stem = family.ends_with('*') ? family.substr(0, family.size() - 1) : family;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
    return matches(name, entry) && std::string_view(entry).starts_with(stem);
  });
}

bool may_pass(std::string_view name, const std::vector<std::string>& allowed, const std::vector<std::string>& secrets) {
  if (is_ours_or_a_tunnels(name) || std::find(secrets.begin(), secrets.end(), name) != secrets.end()) return false;
  for (const std::string_view family : kSteersPrograms) {
    if (matches(name, family)) return is_named(name, family, allowed);
  }
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) { return matches(name, entry); });
}

}  // namespace

os::Environment filter_environment(const os::Environment& from, const std::vector<std::string>& allowed,
                                   const std::vector<std::string>& secrets) {
  os::Environment out;
  for (const auto& [name, value] : from) {
    if (may_pass(name, allowed, secrets)) out.emplace(name, value);
  }
  return out;
}

std::vector<std::string> login_variables(const std::string& codex_home, const os::Environment& from) {
  std::vector<std::string> names;
  if (from.count(kApiKeyVariable) > 0 && !os::exists(os::join(codex_home, "auth.json")))
    names.emplace_back(kApiKeyVariable);
  if (std::string key = chosen_provider(codex_home).env_key; !key.empty()) names.push_back(std::move(key));
  return names;
}

}  // namespace patchbay::codex
