#include "config/posture.h"

#include <algorithm>

#include "config/dump.h"
#include "config/fields.h"

namespace patchbay::config {
namespace {

/// The flag that sets a key to its documented value, where one exists.
std::string_view flag_for(std::string_view key) {
  struct Row {
    std::string_view key, flag;
  };
  static constexpr Row kRows[] = {
      {"app.tool_mode", "--tool-mode full"},
      {"power_tools.bash_mode", "--bash-mode full"},
      {"power_tools.direct_write", "--direct-write"},
      {"security.allow_dangerously_bypass", "--allow-bypass"},
      {"server.max_concurrent_jobs", "--max-concurrent-jobs 1"},
      {"server.host", "--host 127.0.0.1"},
      {"server.port", "--port 8000"},
      {"logging.level", "--log-level INFO"},
      {"repositories.default", "--root /"},
      {"repositories.allowed", "--allow-root /"},
  };
  for (const Row& row : kRows) {
    if (row.key == key) return row.flag;
  }
  return {};
}

/// Lowered by the overlay: only the flags of the table bring it back.
std::string restore_exposed(std::string_view key) {
  if (key == "power_tools.bash_mode") return "--bash-mode full";
  if (key == "server.requests_per_minute") return "server.requests_per_minute: 0 in the config file";
  if (key.starts_with("security.")) return "--allow-bypass";
  return "not while exposed";
}

std::string restore_text(const Launch& launch, const std::string& key) {
  const Source source = launch.provenance.of(key);
  if (source == Source::kExposed) return restore_exposed(key);
  if (const std::string_view flag = flag_for(key); !flag.empty()) return std::string(flag);
  if (source == Source::kProfile) return "--no-profile";
  const bool documented_below = launch.posture == Posture::kDocumented;
  if (source == Source::kFlag)
    return "leave the flag out" + std::string(documented_below ? "" : ", --posture documented");
  if (source == Source::kFile) {
    return "leave the key out of the config file" + std::string(documented_below ? "" : ", --posture documented");
  }
  return "--posture documented";
}

std::string shown(const Field& field) {
  std::string text = text_of(field);
  if (!text.empty()) return text;
  return field.key == "blocked_globs" ? "built-in list" : "not set";
}

std::string on_off(bool v) { return v ? "on" : "off"; }

/// Without a token of the operator's own.
std::string where_tokens_are(const AuthPolicy& auth) {
  const bool named = std::ranges::find(auth.reasons, AuthReason::kTokenConfigured) != auth.reasons.end();
  return named ? "named tokens" : "and there is none yet; `patchbay token create` makes one";
}

std::string limit(double v, std::string_view unit) {
  return v == 0 ? "no limit" : fmt::format("{} {}", number_text(v), unit);
}

}  // namespace

std::vector<Difference> differences_of(const Launch& launch) {
  Config ours = launch.config, theirs = documented();
  const std::vector<Field> a = fields_of(ours), b = fields_of(theirs);
  std::vector<Difference> out;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (text_of(a[i]) == text_of(b[i])) continue;
    const std::string key = a[i].path();
    out.push_back({key, shown(a[i]), shown(b[i]), restore_text(launch, key)});
  }
  return out;
}

std::vector<std::string> posture_lines(const Launch& launch) {
  const Config& c = launch.config;
  const AuthPolicy& auth = launch.auth;
  std::vector<std::string> lines;
  lines.push_back(fmt::format("Posture: {}{}{}", name_of(launch.posture), launch.exposed() ? " + exposed" : "",
                              launch.config_file.empty() ? "" : ", over it " + launch.config_file));
  lines.push_back(launch.exposed() ? fmt::format("Reach: beyond this machine ({})", fmt::join(launch.exposure, ", "))
                                   : fmt::format("Reach: this machine only, {}:{}", c.server.host, c.server.port));
  if (auth.required()) {
    std::vector<std::string_view> reasons;
    for (const AuthReason r : auth.reasons) reasons.push_back(name_of(r));
    lines.push_back(fmt::format("Token: required ({}), {}", fmt::join(reasons, ", "),
                                auth.token.source.empty() ? where_tokens_are(auth) : "from " + auth.token.source));
  } else {
    lines.push_back(launch.exposed()
                        ? "Token: none is required although others can reach this server; a start is refused"
                        : "Token: none; every program of this user may call");
  }
  lines.push_back(fmt::format("Workspaces: {}", c.repositories.allowed.empty()
                                                    ? "none"
                                                    : fmt::format("{}", fmt::join(c.repositories.allowed, ", "))));
  lines.push_back(fmt::format("Tools: mode {}, at most {}; direct write {}, commands {}, transcripts {}",
                              name_of(c.tool_mode()), name_of(c.app.max_tool_mode), on_off(c.power_tools.direct_write),
                              name_of(c.power_tools.bash_mode), on_off(c.power_tools.codex_session_read)));
  lines.push_back(fmt::format("Codex: sandbox {}, bypass {}; jobs {}, turn {}", name_of(c.security.default_sandbox),
                              on_off(c.security.allow_dangerously_bypass),
                              limit(static_cast<double>(c.server.max_concurrent_jobs), "at once"),
                              limit(c.server.job_timeout_seconds, "s")));
  for (const Difference& d : launch.differences) {
    lines.push_back(fmt::format("  {}: {} (documented {}; {})", d.key, d.value, d.documented, d.restore));
  }
  return lines;
}

}  // namespace patchbay::config
