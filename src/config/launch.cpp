#include "patchbay/config/launch.h"

#include "config/dump.h"
#include "config/exposure.h"
#include "config/fields.h"
#include "config/posture.h"
#include "config/reader.h"
#include "config/roots.h"
#include "config/yaml_tree.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::config {
namespace {

std::string lookup(const os::Environment& env, const std::string& name) {
  const auto it = env.find(name);
  return it == env.end() ? std::string() : it->second;
}

Result<Posture> chosen_posture(const LaunchOptions& options, const os::Environment& env) {
  const std::string text = options.posture ? *options.posture : lookup(env, "PATCHBAY_POSTURE");
  if (text.empty() && !options.posture) return Posture::kNarrow;
  for (const Posture p : {Posture::kNarrow, Posture::kDocumented}) {
    if (iequals_ascii(trim(text), name_of(p))) return p;
  }
  return Error{
      ErrorCode::kUsage,
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
void settle_tool_mode(Config& config, Provenance& provenance) {
  if (config.app.tool_mode) return;
  const Source source = config.mcp.tool_mode      ? provenance.of("mcp.tool_mode")
                        : config.server.tool_mode ? provenance.of("server.tool_mode")
                                                  : Source::kBuiltIn;
  config.app.tool_mode = config.tool_mode();
  if (source != Source::kBuiltIn) provenance.set("app.tool_mode", source);
}

Result<Token> token_of(const LaunchOptions& options, const os::Environment& env, const Launch& launch) {
  Config config = launch.config;
  if (!config.auth.token_file.empty()) {
    config.auth.token_file =
        PB_TRY(absolute_path(config.auth.token_file, "auth.token_file", env, options.cwd));
  }
  Token token = PB_TRY(find_token(config, launch.home, env));
  if (token.value.empty() && options.generate_token) return generate_token(launch.home);
  return token;
}

Result<std::string> codex_home_of(const Config& config, const LaunchOptions& options,
                                  const os::Environment& env) {
  const auto& configured = config.power_tools.codex_home;
  if (configured && !configured->empty()) return *configured;
  const std::string variable = lookup(env, "CODEX_HOME");
  return absolute_path(variable.empty() ? "~/.codex" : variable, "CODEX_HOME", env, options.cwd);
}

}  // namespace

std::string_view name_of(Posture p) {
  return p == Posture::kDocumented ? "documented" : "narrow";
}

std::string config_path(const LaunchOptions& options, const os::Environment& env, const Home& home) {
  const std::string named = options.config ? *options.config : lookup(env, "PATCHBAY_CONFIG");
  if (!named.empty()) {
    auto path = absolute_path(named, "--config", env, options.cwd);
    return path.ok() ? std::move(path).value() : os::join(options.cwd, named);
  }
  return os::file_facts(home.config_file()).ok() ? home.config_file() : std::string();
}

Result<Launch> compose(const LaunchOptions& options, const os::Environment& env) {
  Launch launch;
  launch.posture = PB_TRY(chosen_posture(options, env));
  launch.home = PB_TRY(Home::locate(env, options.cwd));
  PB_TRY(launch.home.prepare());
  launch.warnings = launch.home.warnings();

  if (launch.posture == Posture::kDocumented) {
    PB_TRY(read_yaml(shipped_yaml(), "config.yaml", Source::kDocumented, launch.config, launch.provenance,
                     launch.warnings));
  }
  const bool named = options.config.has_value() || !lookup(env, "PATCHBAY_CONFIG").empty();
  PB_TRY(read_file_layer(config_path(options, env, launch.home), named, launch));
  PB_TRY(apply_flags(options, launch.config, launch.provenance));
  settle_tool_mode(launch.config, launch.provenance);
  PB_TRY(resolve_roots(options, env, launch.home, launch.config, launch.provenance, launch.warnings));

  launch.exposure = PB_TRY(exposure_of(launch.config, env));
  Token token = PB_TRY(token_of(options, env, launch));
  launch.auth = PB_TRY(auth_policy(launch.config, std::move(token), options.named_tokens, env));
  if (launch.exposed()) {
    PB_TRY(check_exposed(options, env, launch));
    apply_overlay(options, launch.config, launch.provenance, launch.warnings);
  }
  if (launch.auth.required() && launch.auth.token.value.empty() && !options.named_tokens) {
    return Error{ErrorCode::kConfigRefused,
                 "authentication is required (" + std::string(name_of(launch.auth.reasons.front())) +
                     ") and there is no token",
                 "Set PATCHBAY_HTTP_TOKEN, or start with --generate-token.",
                 {}};
  }
  launch.differences = differences_of(launch);
  PB_TRY(resolve_paths(env, options.cwd, launch.home, launch.config));
  launch.codex_home = PB_TRY(codex_home_of(launch.config, options, env));
  launch.ref_salt = Secret(lookup(env, "PATCHBAY_SESSION_REF_SALT"));
  return launch;
}

}  // namespace patchbay::config
