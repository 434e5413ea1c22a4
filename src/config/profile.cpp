#include "config/profile.h"

#include "config/reader.h"
#include "patchbay/base/text.h"
#include "patchbay/json/json.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

// A profile is what somebody chose for one workspace with `start --save-profile`. The list below is everything it may
// hold: paths and names of variables, never a secret, and nothing that widens what tools may reach.

namespace patchbay::config {
namespace {

constexpr std::size_t kLimit = 64u << 10;
constexpr int kVersion = 1;

struct Key {
  const char* section;
  const char* name;
  std::string path() const { return std::string(section) + "." + name; }
};
constexpr Key kKeys[] = {
    {"server", "host"},
    {"server", "port"},
    {"auth", "tunnel_mode"},
    {"auth", "allow_query_token"},
    {"tunnel", "hostname"},
    {"tunnel", "tunnel_name"},
    {"tunnel", "cloudflared"},
    {"tunnel", "ngrok"},
    {"tunnel", "cloudflare_config"},
    {"tunnel", "cloudflare_token_file"},
    {"tunnel", "cloudflare_token_env"},
    {"tunnel", "ngrok_config"},
    {"tunnel", "timeout_seconds"},
    {"app", "widget_domain"},
    {"app", "tool_mode"},
    {"power_tools", "direct_write"},
    {"power_tools", "bash_mode"},
    {"power_tools", "bash_transcript"},
    {"power_tools", "bash_session_id"},
    {"power_tools", "require_bash_session"},
    {"power_tools", "codex_session_read"},
    {"power_tools", "codex_home"},
};

std::string text_of_member(const Json& value) {
  return value.is_string() ? value.get<std::string>() : json::dump(value);
}

Result<Json> read_profile(const std::string& path, const std::string& root) {
  const std::string text = PB_TRY(os::read_trusted_file(path, kLimit, os::Owner::kUs));
  Json profile = PB_TRY(json::parse(text));
  const bool known = profile.is_object() && json::get_int(profile, "version") == kVersion;
  if (!known || json::get_string(profile, "root") != root)
    return Error{ErrorCode::kConfigRefused, "it is not a profile of this workspace", {}, {}};
  return profile;
}

/// The value in a form that read_profile() and people understand: a number or a truth value as such.
Json value_of(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  const bool number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const auto parsed = json::parse(text);
  return number || text.starts_with('"') ? (parsed ? *parsed : Json(text)) : Json(text);
}

}  // namespace

void lay_profile(const std::string& root, Launch& launch) {
  const std::string path = launch.home.profile(root);
  if (!os::exists(path)) return;
  const auto profile = read_profile(path, root);
  if (!profile) {
    launch.warnings.push_back("the profile " + path + " is ignored: " + profile.error().message);
    return;
  }
  for (const Key& key : kKeys) {
    const Json* section = json::find(*profile, key.section);
    const Json* value = section == nullptr ? nullptr : json::find(*section, key.name);
    if (value == nullptr || value->is_structured() || value->is_null()) continue;
    if (const std::string fault = set_key(launch.config, key.path(), text_of_member(*value)); !fault.empty())
      launch.warnings.push_back("the profile " + path + ": " + key.path() + " " + fault);
    else
      launch.provenance.set(key.path(), Source::kProfile);
  }
  launch.profile = path;
}

Result<std::string> save_profile(const Launch& launch, const Clock& clock) {
  const std::string& root = launch.config.repositories.default_root;
  Json profile{{"version", kVersion}, {"root", root}, {"updated_at", iso8601(clock.wall())}};
  if (!launch.public_base_url.empty()) profile["public_base_url"] = launch.public_base_url;
  for (const Key& key : kKeys) {
    const Source source = launch.provenance.of(key.path());
    if (source != Source::kFlag && source != Source::kProfile) continue;
    profile[key.section][key.name] = value_of(value_text(launch.config, key.path()));
  }
  const std::string path = launch.home.profile(root);
  PB_TRY(os::make_private_dirs(launch.home.profiles_dir()));
  PB_TRY(os::write_file_atomic(path, json::dump_pretty(profile) + "\n"));
  return path;
}

}  // namespace patchbay::config
