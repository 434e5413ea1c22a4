#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/launch_flags.h"
#include "patchbay/app/front_end.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/transport/lines.h"

namespace patchbay::cli {
namespace {

constexpr char kStdio[] = "stdio";
constexpr std::size_t kLongestLabel = 200;  // the owner shows less
constexpr auto kReachWithin = std::chrono::seconds(10);

struct StdioFlags {
  std::shared_ptr<LaunchFlags> launch = std::make_shared<LaunchFlags>();
  std::string label = "stdio";
};

/// A configuration that was asked for by name must be the one in force.
Status same_settings(const LaunchFlags& flags, const config::Home& home, const os::Environment& env) {
  if (!flags.options.config) return {};
  const auto owner = app::find_owner(home);
  if (!owner) return {};
  const config::Launch wanted = PB_TRY(compose_launch(flags, env));
  if (app::settings_fingerprint(wanted.config) == owner->settings) return {};
  return Error{
      ErrorCode::kOwnerRunning,
      fmt::format("the owner that runs (pid {}) has other settings than {}", owner->process.pid, *flags.options.config),
      "Leave --config out to use that owner, or set PATCHBAY_HOME to another directory.",
      {}};
}

/// A configuration that was asked for by name, wherever the background owner will stand.
Result<std::string> named_config(const LaunchFlags& flags) {
  if (!flags.options.config) return std::string();
  auto path = os::real_path(os::expand_home(*flags.options.config));
  if (!path && path.error().code == ErrorCode::kNotFound)
    return Error{ErrorCode::kUsage, "there is no config file " + *flags.options.config, {}, {}};
  return path;
}

Status serve_host(const StdioFlags& flags) {
  const os::Fd output = PB_TRY(transport::claim_stdout());
  const os::Environment env = os::current_environment();
  const config::Home home = PB_TRY(config::Home::locate(env, working_directory()));
  PB_TRY(home.prepare());
  app::FrontEndOptions front_end;
  front_end.home = home;
  const std::string config_file = PB_TRY(named_config(*flags.launch));
  front_end.owner_argv = background_owner_argv(config_file);
  front_end.label = std::string(utf8_prefix(flags.label, kLongestLabel));
  front_end.fd_out = output.get();
  front_end.socket =
      PB_TRY(app::reach_owner(home, front_end.owner_argv, std::chrono::steady_clock::now() + kReachWithin));
  PB_TRY(same_settings(*flags.launch, home, env));
  return app::run_front_end(std::move(front_end));
}

}  // namespace

Command stdio_command() {
  return {kStdio, "serve one local MCP host on standard input and output", [](CLI::App& app) -> std::function<int()> {
            const auto flags = std::make_shared<StdioFlags>();
            declare_config_flag(app, flags->launch);
            app.add_option("--client-label", flags->label, "Name of the host, shown as the owner of what it starts")
                ->option_text("TEXT");
            return [flags]() -> int {
              log::init(log::Level::kWarn);
              const Status done = serve_host(*flags);
              os::exit_now(done ? 0 : report(kStdio, done.error()));
            };
          }};
}

}  // namespace patchbay::cli
