#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/desktop.h"
#include "cli/launch_flags.h"
#include "cli/setup_guide.h"
#include "patchbay/base/log.h"
#include "patchbay/os/file.h"

namespace patchbay::cli {
namespace {

constexpr char kStart[] = "start";
constexpr int kNotReady = 1;
constexpr char kConnectorSettings[] = "https://chatgpt.com/#settings/Connectors";

struct StartFlags {
  std::shared_ptr<LaunchFlags> launch = std::make_shared<LaunchFlags>();
  bool print_only = false, json = false, reveal_token = false, verbose_logs = false, force = false, no_profile = false,
       save_profile = false, copy_url = false, open_chatgpt = false;
  std::string ready_file;
  std::string tunnel_mode = "none";
  std::string public_base_url;
};

void declare_flags(CLI::App& app, const std::shared_ptr<StartFlags>& flags) {
  declare_launch_flags(app, flags->launch);
  app.add_option("--public-base-url", flags->public_base_url,
                 "Public address in front of this server, for the Server URL")
      ->option_text("URL");
  app.add_option("--tunnel-mode", flags->tunnel_mode, "none or local: this command opens no tunnel")
      ->option_text("MODE")
      ->check(CLI::IsMember({"none", "local"}));
  app.add_option("--ready-file", flags->ready_file, "Written when the server listens: its URL, port and pid as JSON")
      ->option_text("FILE");
  app.add_flag("--print-only", flags->print_only, "Print what would be started, and do not start it");
  app.add_flag("--json", flags->json, "Print JSON instead of text");
  app.add_flag("--reveal-token", flags->reveal_token, "Print the Server URL with its token");
  app.add_flag("--verbose-logs", flags->verbose_logs, "Log everything, as --log-level debug")
      ->excludes(app.get_option("--log-level"));
  app.add_flag("--force", flags->force, "Start although a check failed");
  auto* copy = app.add_flag("--copy-url", flags->copy_url, "Put the Server URL with its token on the clipboard");
  app.add_flag_callback(
         "--no-copy-url", [] {}, "Do not")
      ->excludes(copy);
  app.add_flag("--open-chatgpt", flags->open_chatgpt, "Open the connector settings of ChatGPT in a browser");
  auto* without = app.add_flag("--no-profile", flags->no_profile, "Ignore the saved profile of this workspace");
  app.add_flag("--save-profile", flags->save_profile,
               "Keep the flags of address, port, public address, tool mode, power tools and widget domain as the "
               "profile of this workspace; no others")
      ->excludes(without);
}

Json print_only_json(const config::Launch& launch, const tools::Readiness& readiness, const std::string& config_path) {
  const Json guide = setup_guide(launch, readiness);
  const Json report = readiness_json(readiness);
  return Json{{"name", "patchbay"},
              {"ready", readiness.ready},
              {"runtime_config_path", config_path},
              {"profile", guide["profile"]},
              {"connection", report["connection"]},
              {"auth", report["auth"]},
              {"power_tools", report["power_tools"]},
              {"setup_guide", guide},
              {"checks", report["checks"]}};
}

std::string profile_line(const config::Launch& launch) {
  if (launch.profile.empty()) return {};
  return (launch.profile_saved ? "Profile saved: " : "Profile used: ") + launch.profile + "\n";
}

void print_launch(const config::Launch& launch, const tools::Readiness& readiness, const std::string& config_path,
                  bool as_json) {
  warn_of_revealed_token(readiness);
  if (as_json) {
    print(json::dump_pretty(print_only_json(launch, readiness, config_path)) + "\n");
    return;
  }
  print(doctor_text(launch, readiness) + "\n" + setup_guide_text(launch, readiness) +
        "\nRuntime config: " + config_path + "\n" + profile_line(launch));
}

/// Flags of this start that would count for the next one too and that a profile does not hold (config/profile.cpp).
std::vector<std::string> flags_not_kept(const config::LaunchOptions& o) {
  const std::pair<bool, const char*> given[] = {
      {o.config.has_value(), "--config"},
      {o.posture.has_value(), "--posture"},
      {!o.allow_root.empty(), "--allow-root"},
      {o.max_concurrent_jobs.has_value(), "--max-concurrent-jobs"},
      {o.codex.has_value(), "--codex"},
      {o.log_level.has_value(), "the log level"},
      {o.allow_bypass, "--allow-bypass"},
      {o.connection_test, "--connection-test"},
      {o.i_understand_root, "--i-understand-root"},
  };
  std::vector<std::string> names;
  for (const auto& [is_given, name] : given) {
    if (is_given) names.emplace_back(name);
  }
  return names;
}

Status save_profile(const config::LaunchOptions& options, config::Launch& launch) {
  launch.profile = PB_TRY(config::save_profile(launch, system_clock()));
  launch.profile_saved = true;
  if (const auto lost = flags_not_kept(options); !lost.empty())
    launch.warnings.push_back(
        fmt::format("a profile does not keep {}; give that again with every start, or put it "
                    "into the config file where it has a key",
                    fmt::join(lost, ", ")));
  return {};
}

/// The first failing check that no --force lifts: exposure without a token never gets this far (compose
/// refuses it).
std::string first_failure(const tools::Readiness& readiness) {
  for (const tools::Check& check : readiness.checks) {
    if (check.status == "fail") return check.name + ": " + check.detail;
  }
  return {};
}

/// What was asked for on the desktop. Nothing of it is a reason to end a server that runs.
void serve_desktop(const StartFlags& flags, const app::App& app, const os::Environment& env,
                   tools::ReadinessOptions look) {
  const auto tell = [](const char* what, const Status& done) {
    if (!done) std::fprintf(stderr, "patchbay start: %s: %s\n", what, done.error().message.c_str());
  };
  if (flags.copy_url) {
    look.reveal_token = true;
    tell("--copy-url",
         copy_to_clipboard(tools::check_readiness(app.launch, *app.codex, env, look).connection.server_url));
  }
  if (flags.open_chatgpt) tell("--open-chatgpt", open_in_browser(kConnectorSettings));
}

Status start(const StartFlags& flags, int* exit_code) {
  const os::Environment env = os::current_environment();
  LaunchFlags launch_flags = *flags.launch;
  if (flags.verbose_logs) launch_flags.options.log_level = "debug";
  if (!flags.public_base_url.empty())
    launch_flags.options.public_base_url = PB_TRY(tools::check_public_base_url(flags.public_base_url));
  launch_flags.options.use_profile = !flags.no_profile;
  config::Launch launch = PB_TRY(compose_launch(launch_flags, env));
  log::init(launch.config.logging.level);

  tools::ReadinessOptions look{.public_base_url = launch.public_base_url, .reveal_token = flags.reveal_token};
  const auto engine = app::make_engine(launch, env);
  const tools::Readiness readiness = tools::check_readiness(launch, *engine, env, look);
  const std::string config_path = PB_TRY(write_runtime_config(launch));
  if (flags.save_profile) PB_TRY(save_profile(launch_flags.options, launch));
  if (flags.print_only) {
    print_launch(launch, readiness, config_path, flags.json);
    *exit_code = readiness.ready ? 0 : kNotReady;
    return {};
  }
  if (!readiness.ready && !flags.force) {
    print_launch(launch, readiness, config_path, flags.json);
    std::fprintf(stderr, "patchbay start: not ready (%s)\nStart with --force to ignore this.\n",
                 first_failure(readiness).c_str());
    *exit_code = kNotReady;
    return {};
  }
  app::OwnerOptions owner;
  owner.program = own_program();
  owner.ready_file = flags.ready_file;
  owner.runtime_config = config_path;
  owner.on_ready = [&](const app::App& app) {
    look.port = app.http->port();
    config::Launch shown = app.launch;
    shown.config.server.port = look.port;  // port 0 took a free one
    print_launch(shown, tools::check_readiness(shown, *app.codex, env, look), config_path, flags.json);
    serve_desktop(flags, app, env, look);
  };
  return app::run_owner(std::move(launch), env, owner);
}

}  // namespace

Command start_command() {
  return {kStart, "serve a repository to a chat client", [](CLI::App& app) -> std::function<int()> {
            const auto flags = std::make_shared<StartFlags>();
            declare_flags(app, flags);
            return [flags] {
              int exit_code = 0;
              const Status done = start(*flags, &exit_code);
              return done ? exit_code : report(kStart, done.error());
            };
          }};
}

}  // namespace patchbay::cli
