#include <CLI/CLI.hpp>

#include <algorithm>

#include "cli/command.h"
#include "cli/launch_flags.h"
#include "cli/setup_guide.h"
#include "patchbay/app/crash_report.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/error_text.h"
#include "patchbay/base/log.h"
#include "patchbay/http/server.h"
#include "patchbay/os/file.h"
#include "patchbay/workspace/self_test.h"

namespace patchbay::cli {
namespace {

constexpr char kDoctor[] = "doctor";

struct DoctorFlags {
  std::shared_ptr<LaunchFlags> launch = std::make_shared<LaunchFlags>();
  std::string public_base_url;
  bool json = false, reveal_token = false, strict = false, check = false;
};

tools::Check owner_check(const std::optional<app::OwnerInfo>& owner) {
  if (!owner) return {"owner", "pass", "No owner runs on this home."};
  return {"owner", "pass",
          fmt::format("An owner runs (pid {}, {}).", owner->process.pid,
                      owner->http_url.empty() ? "without HTTP" : owner->http_url)};
}

tools::Check crash_check(const config::Home& home) {
  const auto crash = app::crash_on_record(home);
  if (!crash) return {"last_crash", "pass", "No crash is on record."};
  return {"last_crash", crash->told ? "pass" : "warn", app::sentence(*crash) + "."};
}

/// Whether this machine can keep paths inside their roots; a start would be refused with the same words (SEC:F12).
tools::Check path_guard_check(const config::Home& home) {
  if (!os::is_directory(home.root())) return {"path_guard", "pass", "Examined by the first start."};
  const Status proven = workspace::prove_path_guard(home.root());
  if (!proven) return {"path_guard", "fail", proven.error().message};
  return {"path_guard", "pass", "Paths are kept inside their roots."};
}

tools::Check port_check(const config::Launch& launch, const std::optional<app::OwnerInfo>& owner) {
  const config::Server& server = launch.config.server;
  if (server.port == 0) return {"port_free", "pass", "Any free port is taken."};
  if (owner && owner->http_url.ends_with(fmt::format(":{}", server.port)))
    return {"port_free", "pass", "The owner that runs listens on it."};
  const auto bound = http::Server::start(
      {.host = server.host, .port = static_cast<int>(server.port), .handler = [](http::Exchange& e) { e.reply({}); }});
  if (bound) return {"port_free", "pass", fmt::format("Port {} is free.", server.port)};
  return {"port_free", "fail", bound.error().message + "; choose another one with --port."};
}

/// From $HOME or / there is no workspace, and nothing is wrong with that until somebody starts there. A folder that was
/// named and refused is another matter.
void excuse_missing_root(const config::Launch& launch, tools::Check& check) {
  const bool nobody_named_one =
      launch.config.repositories.allowed.empty() &&
      launch.provenance.of("repositories.allowed") == config::Source::kBuiltIn &&
      std::ranges::find(launch.problems, check.name, &config::Problem::about) == launch.problems.end();
  if (check.name != "allowed_roots" || !nobody_named_one) return;
  check.status = "warn";
  check.detail = "The current folder is no workspace; give --root with the repository to look at.";
}

/// What only stands in the way of some work is a failure to somebody who wants to rely on this machine.
void be_strict(tools::Check& check) {
  if (check.status == "warn" && check.name.starts_with("codex_")) check.status = "fail";
}

/// The refusal of a start says more than the check of the same name, which looked at what was left.
void add_problem(const config::Problem& problem, std::vector<tools::Check>& checks) {
  tools::Check refused{problem.about, "fail", with_hint(problem.error.message, problem.error.hint)};
  const auto same = std::ranges::find(checks, problem.about, &tools::Check::name);
  if (same == checks.end())
    checks.push_back(std::move(refused));
  else
    *same = std::move(refused);
}

tools::Readiness examine(const DoctorFlags& flags, const config::Launch& launch, const os::Environment& env) {
  const auto engine = app::make_engine(launch, env);
  tools::Readiness readiness = tools::check_readiness(
      launch, *engine, env,
      {.public_base_url = launch.public_base_url, .run_codex = true, .reveal_token = flags.reveal_token});
  const auto owner = app::find_owner(launch.home);
  readiness.checks.push_back(port_check(launch, owner));
  readiness.checks.push_back(owner_check(owner));
  readiness.checks.push_back(crash_check(launch.home));
  readiness.checks.push_back(path_guard_check(launch.home));
  for (const config::Problem& problem : launch.problems) add_problem(problem, readiness.checks);
  for (tools::Check& check : readiness.checks) {
    excuse_missing_root(launch, check);
    if (flags.strict) be_strict(check);
  }
  readiness.ready = std::ranges::none_of(readiness.checks, [](const tools::Check& c) { return c.status == "fail"; });
  return readiness;
}

/// --check: whether a start would take these settings. Looks at nothing else.
int check_settings(const DoctorFlags& flags, const config::Launch& launch) {
  Json problems = Json::array();
  std::string text;
  for (const config::Problem& problem : launch.problems) {
    problems.push_back(
        Json{{"about", problem.about}, {"detail", with_hint(problem.error.message, problem.error.hint)}});
    text += fmt::format("[fail] {}: {}\n", problem.about, with_hint(problem.error.message, problem.error.hint));
  }
  for (const std::string& warning : launch.warnings) text += "[warn] " + warning + "\n";
  if (flags.json) {
    print(json::dump_pretty(Json{{"name", "patchbay"},
                                 {"valid", launch.problems.empty()},
                                 {"config_file", launch.config_file},
                                 {"problems", problems},
                                 {"warnings", launch.warnings}}) +
          "\n");
  } else {
    print(text + (launch.problems.empty() ? "The settings are valid.\n" : "A start would be refused.\n"));
  }
  return launch.problems.empty() ? 0 : error_info(launch.problems.front().error.code).exit_code;
}

Result<int> doctor(const DoctorFlags& flags) {
  log::init(log::Level::kError);
  const os::Environment env = os::current_environment();
  LaunchFlags launch_flags = *flags.launch;
  launch_flags.options.diagnose = true;
  if (!flags.public_base_url.empty())
    launch_flags.options.public_base_url = PB_TRY(tools::check_public_base_url(flags.public_base_url));
  const config::Launch launch = PB_TRY(compose_launch(launch_flags, env));
  if (flags.check) return check_settings(flags, launch);
  const tools::Readiness readiness = examine(flags, launch, env);
  warn_of_revealed_token(readiness);
  if (flags.json) {
    Json report = readiness_json(readiness);
    report["warnings"] = launch.warnings;
    print(json::dump_pretty(report) + "\n");
  } else {
    print(doctor_text(launch, readiness));
  }
  return readiness.ready ? 0 : 1;
}

}  // namespace

Command doctor_command() {
  return {
      kDoctor, "check whether this machine is ready", [](CLI::App& app) -> std::function<int()> {
        const auto flags = std::make_shared<DoctorFlags>();
        declare_config_flag(app, flags->launch);
        app.add_option("--root", flags->launch->options.root, "The workspace a start would serve")->option_text("DIR");
        app.add_option("--public-base-url", flags->public_base_url, "Public address, for the Server URL")
            ->option_text("URL");
        app.add_flag("--check", flags->check, "Only check the settings; run no program");
        app.add_flag("--strict", flags->strict, "A Codex that is missing, too old or not logged in is a failure");
        app.add_flag("--json", flags->json, "Print JSON instead of text");
        app.add_flag("--reveal-token", flags->reveal_token, "Print the Server URL with its token");
        return [flags] {
          const auto done = doctor(*flags);
          return done ? *done : report(kDoctor, done.error());
        };
      }};
}

}  // namespace patchbay::cli
