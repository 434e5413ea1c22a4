#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/launch_flags.h"
#include "cli/setup_guide.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/log.h"

namespace patchbay::cli {
namespace {

constexpr char kName[] = "doctor";

struct DoctorFlags {
  std::shared_ptr<LaunchFlags> launch = std::make_shared<LaunchFlags>();
  std::string public_base_url;
  bool json = false, reveal_token = false;
};

tools::Check owner_check(const config::Home& home) {
  const auto owner = app::find_owner(home);
  if (!owner) return {"owner", "pass", "No owner runs on this home."};
  return {"owner", "pass",
          fmt::format("An owner runs (pid {}, {}).", owner->process.pid,
                      owner->http_url.empty() ? "without HTTP" : owner->http_url)};
}

Result<int> doctor(const DoctorFlags& flags) {
  log::init(log::Level::kError);
  const os::Environment env = os::current_environment();
  const config::Launch launch = PB_TRY(compose_launch(*flags.launch, env));
  tools::ReadinessOptions look{.run_codex = true, .reveal_token = flags.reveal_token};
  if (!flags.public_base_url.empty())
    look.public_base_url = PB_TRY(tools::check_public_base_url(flags.public_base_url));
  const auto engine = app::make_engine(launch, env);
  tools::Readiness readiness = tools::check_readiness(launch, *engine, env, look);
  readiness.checks.push_back(owner_check(launch.home));
  warn_of_revealed_token(readiness);
  print(flags.json ? json::dump_pretty(readiness_json(readiness)) + "\n" : doctor_text(launch, readiness));
  return readiness.ready ? 0 : 1;
}

}  // namespace

Command doctor_command() {
  return {kName, "check whether this machine is ready", [](CLI::App& app) -> std::function<int()> {
            const auto flags = std::make_shared<DoctorFlags>();
            declare_config_flag(app, flags->launch);
            app.add_option("--public-base-url", flags->public_base_url, "Public address, for the Server URL")
                ->option_text("URL");
            app.add_flag("--json", flags->json, "Print JSON instead of text");
            app.add_flag("--reveal-token", flags->reveal_token, "Print the Server URL with its token");
            return [flags] {
              const auto done = doctor(*flags);
              return done ? *done : report(kName, done.error());
            };
          }};
}

}  // namespace patchbay::cli
