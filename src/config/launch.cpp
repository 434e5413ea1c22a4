#include "patchbay/config/launch.h"

#include "config/dump.h"
#include "config/exposure.h"
#include "config/fields.h"
#include "config/posture.h"
#include "config/profile.h"
#include "config/reader.h"
#include "config/roots.h"
#include "config/variable.h"
#include "config/yaml_tree.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::config {
namespace {

Result<Posture> chosen_posture(const LaunchOptions& options, const os::Environment& env) {
  const std::string text = options.posture ? *options.posture : variable(env, "PATCHBAY_POSTURE");
  if (text.empty() && !options.posture) return Posture::kNarrow;
  for (const Posture p : {Posture::kNarrow, Posture::kDocumented}) {
    if (iequals_ascii(trim(text), name_of(p))) return p;
  }
  return Error{ErrorCode::kUsage,
               (options.posture ? "--posture" : "PATCHBAY_POSTURE") + std::string(" must be narrow or documented"),
               {},
               {}};
}

/// Reads the settings file over what is there. A file that was named must exist.
Status read_file_layer(const std::string& path, bool named, Launch& launch) {
  if (path.empty()) return {};
  auto text = os::read_trusted_file(path, kMaxYamlBytes, os::Owner::kUsOrRoot);
  if (!text.ok()) {
    Error e = std::move(text).error();
    if (e.code == ErrorCode::kNotFound && named) {
      return Error{ErrorCode::kUsage, "there is no config file " + path, {}, {}};
    }
    if (e.code == ErrorCode::kNotFound) return {};
    std::string why = e.code == ErrorCode::kFileTooLarge ? "is larger than 256 KiB" : e.message;
    return Error{ErrorCode::kConfigRefused, "the config file " + path + " cannot be used: " + why,
                 "It must be a regular file of yours or root's that no other user can write.", e.detail};
  }
  launch.config_file = path;
  return read_yaml(*text, path, Source::kFile, launch.config, launch.provenance, launch.warnings);
}

struct Flag {
  const char* name;
  const char* key;
  std::optional<std::string> value;
};

Status apply_flags(const LaunchOptions& o, Config& config, Provenance& provenance) {
  const auto number = [](const std::optional<std::int64_t>& v) {
    return v ? std::optional(std::to_string(*v)) : std::nullopt;
  };
  const auto choice = [](const std::optional<bool>& v) {
    return v ? std::optional<std::string>(*v ? "true" : "false") : std::nullopt;
  };
  for (const Flag& flag :
       {Flag{"--tool-mode", "app.tool_mode", o.tool_mode}, Flag{"--host", "server.host", o.host},
        Flag{"--port", "server.port", number(o.port)},
        Flag{"--max-concurrent-jobs", "server.max_concurrent_jobs", number(o.max_concurrent_jobs)},
        Flag{"--codex", "codex.executable", o.codex}, Flag{"--log-level", "logging.level", o.log_level},
        Flag{"--bash-mode", "power_tools.bash_mode", o.bash_mode},
        Flag{"--direct-write", "power_tools.direct_write", choice(o.direct_write)},
        Flag{"--bash-session-id", "power_tools.bash_session_id", o.bash_session_id},
        Flag{"--require-bash-session", "power_tools.require_bash_session", choice(o.require_bash_session)},
        Flag{"--codex-session-read", "power_tools.codex_session_read", choice(o.codex_session_read)},
        Flag{"--widget-domain", "app.widget_domain", o.widget_domain},
        Flag{"--allow-bypass", "security.allow_dangerously_bypass",
             o.allow_bypass ? std::optional<std::string>("true") : std::nullopt}}) {
    if (!flag.value) continue;
    if (const std::string fault = set_key(config, flag.key, *flag.value); !fault.empty()) {
      return Error{ErrorCode::kUsage, std::string(flag.name) + " " + fault, {}, {}};
    }
    provenance.set(flag.key, Source::kFlag);
  }
  return {};
}

/// Moves the tool mode to `app`, wherever it was given, so that there is one place to read it.
void move_tool_mode(Config& config, Provenance& provenance) {
  if (config.app.tool_mode) return;
  const Source source = config.mcp.tool_mode      ? provenance.of("mcp.tool_mode")
                        : config.server.tool_mode ? provenance.of("server.tool_mode")
                                                  : Source::kBuiltIn;
  config.app.tool_mode = config.mcp.tool_mode ? config.mcp.tool_mode : config.server.tool_mode;
  if (!config.app.tool_mode) config.app.tool_mode = config.tool_mode();
  if (source != Source::kBuiltIn) provenance.set("app.tool_mode", source);
}

void settle_tool_mode(Launch& launch) {
  Config& config = launch.config;
  move_tool_mode(config, launch.provenance);
  if (*config.app.tool_mode == config.tool_mode()) return;
  launch.warnings.push_back(fmt::format("app.tool_mode {} goes beyond app.max_tool_mode {}; the tool mode is {}",
                                        name_of(*config.app.tool_mode), name_of(config.app.max_tool_mode),
                                        name_of(config.tool_mode())));
}

Result<Token> token_of(const LaunchOptions& options, const os::Environment& env, const Launch& launch) {
  Config config = launch.config;
  if (!config.auth.token_file.empty()) {
    config.auth.token_file = PB_TRY(absolute_path(config.auth.token_file, "auth.token_file", env, options.cwd));
  }
  Token token = PB_TRY(find_token(config, launch.home, env));
  if (token.value.empty() && options.generate_token) return generate_token(launch.home);
  return token;
}

Result<std::string> codex_home_of(const Config& config, const LaunchOptions& options, const os::Environment& env) {
  const auto& configured = config.power_tools.codex_home;
  if (configured && !configured->empty()) return *configured;
  const std::string named = variable(env, "CODEX_HOME");
  return absolute_path(named.empty() ? "~/.codex" : named, "CODEX_HOME", env, options.cwd);
}

/// Decides what a refusal means: a start ends at the first one, a report gathers them all.
class Objections {
 public:
  Objections(bool gather, std::vector<Problem>& problems) : gather_(gather), problems_(problems) {}

  Status consider(std::string about, Status status) {
    if (status.ok() || !gather_) return status;
    problems_.push_back({std::move(about), std::move(status).error()});
    return {};
  }
  template <class T>
  Result<T> settle(std::string about, Result<T> result, T instead) {
    if (result.ok() || !gather_) return result;
    problems_.push_back({std::move(about), std::move(result).error()});
    return instead;
  }

 private:
  const bool gather_;
  std::vector<Problem>& problems_;
};

/// One layer that is laid over the configuration as a whole or, when it is refused, not at all.
template <class Lay>
Status lay(Objections& objections, std::string about, Launch& launch, Lay&& layer) {
  Launch before = launch;
  const Status laid = objections.consider(std::move(about), layer(launch));
  if (!laid.ok() || launch.problems.size() == before.problems.size()) return laid;
  launch.config = std::move(before.config);
  launch.provenance = std::move(before.provenance);
  return {};
}

bool is_outward(TunnelMode mode) { return mode != TunnelMode::kNone && mode != TunnelMode::kLocal; }

/// A public address means that somebody else opened a way in. It is kept as the tunnel's host, so that the settings
/// written down for a later start still know it.
void apply_public_url(const LaunchOptions& options, Launch& launch) {
  Config& config = launch.config;
  if (options.public_base_url && !options.public_base_url->empty()) {
    if (!is_outward(config.auth.tunnel_mode)) {
      config.auth.tunnel_mode = TunnelMode::kCustom;
      launch.provenance.set("auth.tunnel_mode", Source::kFlag);
    }
    config.tunnel.hostname = *options.public_base_url;
    launch.provenance.set("tunnel.hostname", Source::kFlag);
  }
  if (!is_outward(config.auth.tunnel_mode) || config.tunnel.hostname.empty()) return;
  const bool has_scheme = config.tunnel.hostname.find("://") != std::string::npos;
  launch.public_base_url = (has_scheme ? "" : "https://") + config.tunnel.hostname;
  launch.public_base_url = without_endpoint(std::move(launch.public_base_url));
}

/// The workspace whose profile counts: named, configured, or where the operator stands.
std::string workspace_of(const LaunchOptions& options, const os::Environment& env, const Config& config) {
  const std::string& configured = config.repositories.default_root;
  const std::string named = options.root ? *options.root : configured.empty() ? options.cwd : configured;
  const auto absolute = absolute_path(named, "--root", env, options.cwd);
  const auto resolved = absolute ? os::real_path(*absolute) : Result<std::string>(named);
  return resolved ? *resolved : named;
}

/// Settings below the roots: posture, file, flags.
Status read_layers(const LaunchOptions& options, const os::Environment& env, Objections& objections, Launch& launch) {
  if (launch.posture == Posture::kDocumented) {
    PB_TRY(read_yaml(shipped_yaml(), "config.yaml", Source::kDocumented, launch.config, launch.provenance,
                     launch.warnings));
  }
  const bool named = options.config.has_value() || !variable(env, "PATCHBAY_CONFIG").empty();
  PB_TRY(lay(objections, "config_file", launch,
             [&](Launch& l) { return read_file_layer(config_path(options, env, l.home), named, l); }));
  if (options.use_profile) lay_profile(workspace_of(options, env, launch.config), launch);
  PB_TRY(lay(objections, "flags", launch, [&](Launch& l) { return apply_flags(options, l.config, l.provenance); }));
  apply_public_url(options, launch);
  settle_tool_mode(launch);
  return {};
}

/// Who can reach this start, what they must show, and what that forbids.
Status decide_exposure(const LaunchOptions& options, const os::Environment& env, Objections& objections,
                       Launch& launch) {
  launch.exposure = PB_TRY(objections.settle("environment", exposure_of(launch.config, launch.public_base_url, env),
                                             std::vector<std::string>()));
  Token token = PB_TRY(objections.settle("token", token_of(options, env, launch), Token()));
  launch.auth = PB_TRY(objections.settle(
      "environment", auth_policy(launch.config, std::move(token), options.named_tokens, env), AuthPolicy()));
  if (launch.exposed()) {
    if (options.listens) PB_TRY(objections.consider("exposure", check_exposed(options, env, launch)));
    apply_overlay(options, launch.config, launch.provenance, launch.warnings);
  }
  if (!options.listens || !launch.auth.required()) return {};
  if (!launch.auth.token.value.empty() || options.named_tokens) return {};
  return objections.consider("token",
                             Error{ErrorCode::kConfigRefused,
                                   "authentication is required (" + std::string(name_of(launch.auth.reasons.front())) +
                                       ") and there is no token",
                                   "Set PATCHBAY_HTTP_TOKEN, or start with --generate-token.",
                                   {}});
}

}  // namespace

std::string_view name_of(Posture p) { return p == Posture::kDocumented ? "documented" : "narrow"; }

std::string config_path(const LaunchOptions& options, const os::Environment& env, const Home& home) {
  const std::string named = options.config ? *options.config : variable(env, "PATCHBAY_CONFIG");
  if (!named.empty()) {
    auto path = absolute_path(named, "--config", env, options.cwd);
    return path.ok() ? std::move(path).value() : os::join(options.cwd, named);
  }
  return os::file_facts(home.config_file()).ok() ? home.config_file() : std::string();
}

std::string without_endpoint(std::string url) {
  constexpr std::string_view kEndpoint = "/mcp";
  const auto drop_slashes = [&] {
    while (url.ends_with('/')) url.pop_back();
  };
  drop_slashes();
  if (url.ends_with(kEndpoint)) url.resize(url.size() - kEndpoint.size());
  drop_slashes();
  return url;
}

std::string host_of_url(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  const std::size_t bracket = url.starts_with('[') ? url.find(']') : std::string_view::npos;
  if (bracket != std::string_view::npos) return std::string(url.substr(0, bracket + 1));
  return std::string(url.substr(0, url.find(':')));
}

Result<Launch> compose(const LaunchOptions& options, const os::Environment& env) {
  Launch launch;
  Objections objections(options.diagnose, launch.problems);
  launch.posture = PB_TRY(objections.settle("posture", chosen_posture(options, env), Posture::kNarrow));
  launch.home = PB_TRY(Home::locate(env, options.cwd));
  PB_TRY(objections.consider("home", launch.home.prepare()));
  launch.warnings = launch.home.warnings();
  PB_TRY(read_layers(options, env, objections, launch));
  PB_TRY(objections.consider(
      "allowed_roots", resolve_roots(options, env, launch.home, launch.config, launch.provenance, launch.warnings)));
  warn_of_useless_names(launch.config.server, launch.warnings);
  PB_TRY(decide_exposure(options, env, objections, launch));
  launch.differences = differences_of(launch);
  PB_TRY(objections.consider("paths", resolve_paths(env, options.cwd, launch.home, launch.config)));
  launch.codex_home = PB_TRY(objections.settle("codex_home", codex_home_of(launch.config, options, env), {}));
  launch.connection_test = options.connection_test;
  launch.ref_salt = Secret(variable(env, "PATCHBAY_SESSION_REF_SALT"));
  return launch;
}

}  // namespace patchbay::config
