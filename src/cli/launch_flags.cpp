#include "cli/launch_flags.h"

#include <CLI/CLI.hpp>

#include "patchbay/app/named_tokens.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"

namespace patchbay::cli {

namespace {

/// `--name` and `--no-name`; without either the lower layers decide.
void declare_switch(CLI::App& app, const std::string& name, std::optional<bool>& value, const std::string& about) {
  auto* on = app.add_flag_callback(
                    "--" + name, [&value] { value = true; }, about)
                 ->option_text(" ");
  app.add_flag_callback(
         "--no-" + name, [&value] { value = false; }, "The opposite")
      ->excludes(on)
      ->option_text(" ");
}

}  // namespace

void declare_config_flag(CLI::App& app, const std::shared_ptr<LaunchFlags>& flags) {
  app.add_option("--config", flags->options.config,
                 "Configuration file. Without it: PATCHBAY_CONFIG, then <home>/config.yaml, then the built-in values")
      ->option_text("FILE");
}

void declare_launch_flags(CLI::App& app, const std::shared_ptr<LaunchFlags>& flags) {
  config::LaunchOptions& o = flags->options;
  declare_config_flag(app, flags);
  app.add_option("--root", o.root, "Default workspace, and the only allowed one besides --allow-root")
      ->option_text("DIR");
  app.add_option("--allow-root", o.allow_root, "A further allowed root; may be repeated")
      ->option_text("DIR")
      ->expected(1)
      ->take_all();
  app.add_option("--posture", o.posture, "Base values: narrow (built in) or documented (the shipped config.yaml)")
      ->option_text("NAME");
  app.add_option("--tool-mode", o.tool_mode, "Tools that are listed: worker, standard, full or minimal")
      ->option_text("MODE");
  app.add_option("--host", o.host, "Address to listen on (127.0.0.1)")->option_text("HOST");
  app.add_option("--port", o.port, "Port to listen on (8000)")->option_text("PORT");
  app.add_option("--max-concurrent-jobs", o.max_concurrent_jobs, "Turns at once; 0 means no limit")->option_text("N");
  app.add_option("--codex", o.codex, "Codex program, a name or a path")->option_text("PROGRAM");
  app.add_option("--log-level", o.log_level, "debug, info, warn, error or off")->option_text("LEVEL");
  app.add_option("--bash-mode", o.bash_mode, "Commands of the chat client: off, safe or full")->option_text("MODE");
  declare_switch(app, "direct-write", o.direct_write, "Let the chat client write files itself");
  app.add_option("--bash-session-id", o.bash_session_id, "Label that a command call must repeat")->option_text("ID");
  declare_switch(app, "require-bash-session", o.require_bash_session, "Refuse command calls without that label");
  declare_switch(app, "codex-session-read", o.codex_session_read, "Let the chat client read Codex transcripts");
  app.add_option("--widget-domain", o.widget_domain, "https origin in which a chat app shows the card")
      ->option_text("ORIGIN");
  app.add_flag("--generate-token", o.generate_token, "Make a token in <home>/token when there is none, and require it");
  app.add_flag("--allow-bypass", o.allow_bypass, "Permit jobs without Codex's sandbox on an exposed start");
  app.add_flag("--connection-test", o.connection_test,
               "Offer only harmless tools, to find out whether a client gets through");
  app.add_flag("--i-understand-root", o.i_understand_root,
               "Permit / or the home directory as root of an exposed start");
}

Result<config::Launch> compose_launch(const LaunchFlags& flags, const os::Environment& env) {
  config::LaunchOptions options = flags.options;
  options.cwd = working_directory();
  // Jobs run in other folders, so a path must not depend on this one.
  if (options.codex && options.codex->find('/') != std::string::npos) {
    if (const auto resolved = os::real_path(os::expand_home(*options.codex))) options.codex = *resolved;
  }
  const config::Home home = PB_TRY(config::Home::locate(env, options.cwd));
  const auto named = app::has_named_token(home, system_clock());
  if (!named && !options.diagnose) return named.error();
  options.named_tokens = named && *named;
  config::Launch launch = PB_TRY(config::compose(options, env));
  if (!named) launch.problems.push_back({"state", named.error()});
  return launch;
}

Result<std::string> write_runtime_config(const config::Launch& launch) {
  const std::string path = launch.home.runtime_config(launch.config.repositories.default_root);
  PB_TRY(os::make_private_dirs(launch.home.runtime_dir()));
  PB_TRY(os::write_file_volatile(path, config::dump_yaml(launch.config, launch.provenance)));
  return path;
}

app::Program own_program() {
  const std::string self = os::self_executable();
  return {.run_turn = {self, "run-turn"}, .git_helper = {self, "git-helper"}};
}

std::vector<std::string> background_owner_argv(const std::string& config_file) {
  std::vector<std::string> argv = {os::self_executable(), "serve", "--background"};
  if (!config_file.empty()) argv.insert(argv.end(), {"--config", config_file});
  return argv;
}

std::string working_directory() {
  const auto resolved = os::real_path(".");
  return resolved ? *resolved : std::string("/");
}

}  // namespace patchbay::cli
