#include "cli/launch_flags.h"

#include <CLI/CLI.hpp>

#include "patchbay/app/named_tokens.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"

namespace patchbay::cli {

void declare_config_flag(CLI::App& app, const std::shared_ptr<LaunchFlags>& flags) {
  app.add_option(
         "--config", flags->options.config,
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
  app.add_option("--posture", o.posture,
                 "Base values: narrow (built in) or documented (the shipped config.yaml)")
      ->option_text("NAME");
  app.add_option("--tool-mode", o.tool_mode, "Tools that are listed: worker, standard, full or minimal")
      ->option_text("MODE");
  app.add_option("--host", o.host, "Address to listen on (127.0.0.1)")->option_text("HOST");
  app.add_option("--port", o.port, "Port to listen on (8000)")->option_text("PORT");
  app.add_option("--max-concurrent-jobs", o.max_concurrent_jobs, "Turns at once; 0 means no limit")
      ->option_text("N");
  app.add_option("--codex", o.codex, "Codex program, a name or a path")->option_text("PROGRAM");
  app.add_option("--log-level", o.log_level, "debug, info, warn, error or off")->option_text("LEVEL");
  app.add_option("--bash-mode", o.bash_mode, "Commands of the chat client: off, safe or full")
      ->option_text("MODE");
  auto* on = app.add_flag("--direct-write", flags->direct_write, "Let the chat client write files itself")
                 ->option_text(" ");
  app.add_flag("--no-direct-write", flags->no_direct_write, "Do not let it")->excludes(on)->option_text(" ");
  app.add_flag("--generate-token", o.generate_token,
               "Make a token in <home>/token when there is none, and require it");
  app.add_flag("--allow-bypass", o.allow_bypass, "Permit jobs without Codex's sandbox on an exposed start");
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
  if (flags.direct_write) options.direct_write = true;
  if (flags.no_direct_write) options.direct_write = false;
  const config::Home home = PB_TRY(config::Home::locate(env, options.cwd));
  options.named_tokens = app::has_named_token(home, system_clock());
  return config::compose(options, env);
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
