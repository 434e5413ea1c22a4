#include "config/exposure.h"

#include "config/roots.h"
#include "patchbay/base/text.h"

// The overlay of an exposed start (tunnel, non-loopback bind) lies on top of whichever posture was chosen. It
// only narrows. Profiles and files cannot lift it; a flag on this launch can, and only where the table of the
// security document says so.

namespace patchbay::config {
namespace {

constexpr std::int64_t kExposedRequestsPerMinute = 600;
constexpr std::int64_t kOpenaiTunnelCallMs = 25'000;

class Overlay {
 public:
  Overlay(Provenance& provenance, std::vector<std::string>& warnings) : provenance_(provenance), warnings_(warnings) {}

  void lowered(const std::string& key, const std::string& to, const std::string& restore) {
    provenance_.set(key, Source::kExposed);
    warnings_.push_back("exposed: " + key + " lowered to " + to +
                        (restore.empty() ? "" : "; " + restore + " on this launch keeps it"));
  }
  /// Fills a value that nobody chose.
  void filled(const std::string& key, std::int64_t value, std::int64_t& member) {
    if (provenance_.of(key) != Source::kBuiltIn) return;
    member = value;
    provenance_.set(key, Source::kExposed);
  }

 private:
  Provenance& provenance_;
  std::vector<std::string>& warnings_;
};

void lower_codex_freedom(Security& s, Overlay& overlay) {
  const Security narrow;
  if (s.allow_dangerously_bypass) {
    s.allow_dangerously_bypass = false;
    overlay.lowered("security.allow_dangerously_bypass", "false", "--allow-bypass");
  }
  // Full access is a bypass by another name.
  if (s.default_sandbox == Sandbox::kDangerFullAccess) {
    s.default_sandbox = Sandbox::kWorkspaceWrite;
    overlay.lowered("security.default_sandbox", std::string(name_of(s.default_sandbox)), "--allow-bypass");
  }
  auto& prefixes = s.allowed_config_override_prefixes;
  if (std::find(prefixes.begin(), prefixes.end(), "") != prefixes.end()) {
    prefixes = narrow.allowed_config_override_prefixes;
    overlay.lowered("security.allowed_config_override_prefixes", "model, model_reasoning_effort", "--allow-bypass");
  }
}

void lower_artifacts(Artifacts& a, Overlay& overlay) {
  const Artifacts narrow;
  if (std::any_of(a.allowed_download_schemes.begin(), a.allowed_download_schemes.end(),
                  [](const std::string& scheme) { return scheme != "https"; })) {
    a.allowed_download_schemes = narrow.allowed_download_schemes;
    overlay.lowered("artifacts.allowed_download_schemes", "https", "");
  }
  if (!a.allow_private_hosts.empty()) {
    a.allow_private_hosts.clear();
    overlay.lowered("artifacts.allow_private_hosts", "none", "");
  }
}

}  // namespace

Result<std::vector<std::string>> exposure_of(const Config& config, const std::string& public_base_url,
                                             const os::Environment& env) {
  std::vector<std::string> reasons;
  const auto outward = [](TunnelMode m) { return m != TunnelMode::kNone && m != TunnelMode::kLocal; };
  if (!is_loopback_host(config.server.host)) reasons.push_back("server.host is " + config.server.host);
  if (outward(config.auth.tunnel_mode)) {
    reasons.push_back("tunnel mode " + std::string(name_of(config.auth.tunnel_mode)));
  }
  if (!public_base_url.empty()) reasons.push_back("a public address was given: " + public_base_url);
  if (const auto it = env.find("PATCHBAY_TUNNEL_MODE"); it != env.end()) {
    const auto mode = parse_tunnel_mode(it->second);
    if (!mode) return Error{ErrorCode::kConfigRefused, "PATCHBAY_TUNNEL_MODE names no tunnel mode", {}, {}};
    // The variable may add exposure to the decision, never take away what the settings would publish.
    if (outward(*mode)) reasons.push_back("PATCHBAY_TUNNEL_MODE is " + std::string(name_of(*mode)));
  }
  return reasons;
}

void apply_overlay(const LaunchOptions& options, Config& config, Provenance& provenance,
                   std::vector<std::string>& warnings) {
  Overlay overlay(provenance, warnings);
  if (config.power_tools.bash_mode == BashMode::kFull && !options.bash_mode) {
    config.power_tools.bash_mode = BashMode::kSafe;
    overlay.lowered("power_tools.bash_mode", "safe", "--bash-mode full");
  }
  if (!options.allow_bypass) lower_codex_freedom(config.security, overlay);
  lower_artifacts(config.artifacts, overlay);
  overlay.filled("server.requests_per_minute", kExposedRequestsPerMinute, config.server.requests_per_minute);
  if (config.auth.tunnel_mode == TunnelMode::kOpenai) {
    overlay.filled("mcp.max_call_ms", kOpenaiTunnelCallMs, config.mcp.max_call_ms);
  }
}

void warn_of_useless_names(const Server& server, std::vector<std::string>& warnings) {
  constexpr std::string_view kNeverInAName = "/*?#@ ";
  const auto odd = [&](std::string_view text) {
    return text.empty() || text.find_first_of(kNeverInAName) != std::string_view::npos;
  };
  for (const std::string& host : server.allowed_hosts) {
    if (!odd(host)) continue;
    warnings.push_back("server.allowed_hosts: '" + display_safe(host) +
                       "' matches no request; name hosts as pb.example.org, without scheme, path or wildcard");
  }
  for (const std::string& origin : server.allowed_origins) {
    const std::size_t scheme = origin.find("://");
    if (scheme != std::string::npos && scheme > 0 && !odd(std::string_view(origin).substr(scheme + 3))) continue;
    warnings.push_back("server.allowed_origins: '" + display_safe(origin) +
                       "' matches no request; name origins as https://app.example.org, without path or wildcard");
  }
}

Status check_exposed(const LaunchOptions& options, const os::Environment& env, Launch& launch) {
  const Secret& token = launch.auth.token.value;
  if (token.empty() && !options.named_tokens) {
    return Error{ErrorCode::kConfigRefused,
                 "no start without a token: " + fmt::format("{}", fmt::join(launch.exposure, ", ")),
                 "Make one with `patchbay token create`, or start with --generate-token.",
                 {}};
  }
  if (!token.empty()) PB_TRY(check_token_strength(token, launch.warnings));
  if (!is_loopback_host(launch.config.server.host) && launch.config.server.allowed_hosts.empty() &&
      launch.public_base_url.empty()) {
    return Error{ErrorCode::kConfigRefused,
                 "server.allowed_hosts is empty and server.host is not loopback",
                 "Name the hosts under which clients reach this server.",
                 {}};
  }
  if (options.i_understand_root) return {};
  for (const std::string& root : launch.config.repositories.allowed) {
    const std::string why = too_wide(root, env, launch.home);
    if (why.empty()) continue;
    return Error{ErrorCode::kConfigRefused,
                 "repositories.allowed: the root " + root + " " + why + ", and " + launch.exposure.front(),
                 "Give --root with the repository to share, or --i-understand-root.",
                 {}};
  }
  return {};
}

}  // namespace patchbay::config
