#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/launch_flags.h"
#include "patchbay/base/log.h"

namespace patchbay::cli {
namespace {

constexpr char kServe[] = "serve";

struct ServeFlags {
  std::shared_ptr<LaunchFlags> launch = std::make_shared<LaunchFlags>();
  std::string ready_file;
  bool background = false;
  int gate_fd = -1;
};

/// What somebody without the flags of `start` can do when there is no workspace.
Error without_workspace(Error error, const os::Environment& env) {
  const auto home = config::Home::locate(env, working_directory());
  if (error.code != ErrorCode::kUsage || !error.hint.starts_with("Give --root") || !home) return error;
  error.hint = fmt::format(
      "Begin in the folder of the project, name it as repositories.default in {}, or run `patchbay start --root DIR` "
      "first.",
      home->config_file());
  return error;
}

Status serve(const ServeFlags& flags) {
  const os::Environment env = os::current_environment();
  LaunchFlags launch_flags = *flags.launch;
  launch_flags.options.listens = !flags.background;
  auto composed = compose_launch(launch_flags, env);
  if (!composed) return without_workspace(std::move(composed).error(), env);
  config::Launch launch = std::move(composed).value();
  log::init(launch.config.logging.level);
  app::OwnerOptions owner;
  owner.program = own_program();
  owner.http = !flags.background;
  owner.background = flags.background;
  owner.gate_fd = flags.gate_fd;
  owner.ready_file = flags.ready_file;
  owner.runtime_config = PB_TRY(write_runtime_config(launch));
  return app::run_owner(std::move(launch), env, owner);
}

}  // namespace

Command serve_command() {
  return {kServe, "start without any output, for service managers", [](CLI::App& app) -> std::function<int()> {
            const auto flags = std::make_shared<ServeFlags>();
            declare_config_flag(app, flags->launch);
            app.add_option("--ready-file", flags->ready_file,
                           "Written when the server listens: its URL, port and pid as JSON")
                ->option_text("FILE");
            app.add_flag("--background", flags->background, "No HTTP; leave when no front end and no turn needs it");
            app.add_option("--start-gate", flags->gate_fd)->group("");
            return [flags] {
              const Status done = serve(*flags);
              return done ? 0 : report(kServe, done.error());
            };
          }};
}

}  // namespace patchbay::cli
