#include "patchbay/app/owner.h"

#include <csignal>
#include <thread>

#include "app/maintenance.h"
#include "app/owner_care.h"
#include "app/owner_socket.h"
#include "app/signal_watch.h"
#include "app/stop_request.h"
#include "patchbay/app/crash_report.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/log.h"
#include "patchbay/base/redact.h"
#include "patchbay/os/crash.h"
#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/workspace/self_test.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kOpenFiles = 65'536;
constexpr auto kHandover = std::chrono::seconds(10);
constexpr auto kLetFinish = std::chrono::milliseconds(1000);
constexpr auto kFinishWithin = std::chrono::milliseconds(2000);
constexpr auto kGiveUpAfter = std::chrono::milliseconds(5500);

std::string http_url(const App& app) {
  if (!app.http) return {};
  const std::string& host = app.launch.config.server.host;
  const bool bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
  return fmt::format("http://{}:{}", bare_ipv6 ? "[" + host + "]" : host, app.http->port());
}

Error owner_runs(const std::optional<OwnerInfo>& owner) {
  Error error;
  error.code = ErrorCode::kOwnerRunning;
  if (!owner) {
    error.message = "another PatchBay owner is just starting or leaving on this home";
  } else if (owner->http_url.empty()) {
    error.message = fmt::format("another PatchBay owner without HTTP runs on this home (pid {})", owner->process.pid);
  } else {
    error.message =
        fmt::format("another PatchBay owner runs on this home (pid {}, {})", owner->process.pid, owner->http_url);
  }
  error.hint = "Use that one, end it with `patchbay stop`, or set PATCHBAY_HOME to another directory.";
  return error;
}

/// The lock of the home. A background owner in the way is asked to leave when we bring HTTP.
Result<os::FileLock> become_owner(const config::Home& home, bool may_replace) {
  const MonoTime deadline = std::chrono::steady_clock::now() + kHandover;
  for (;;) {
    os::FileLock lock = PB_TRY(take_owner_lock(home, {}));
    if (lock.held()) return lock;
    const auto owner = find_owner(home);
    const bool stays = owner && !owner->background;
    if (!may_replace || stays || std::chrono::steady_clock::now() >= deadline) return owner_runs(owner);
    if (owner) {
      // It may be starting still, or leaving already: then nobody answers, and the lock decides.
      [[maybe_unused]] const auto asked = ask_owner(home, Json{{"control", "leave"}}, std::chrono::seconds(2));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Error unusable_home(Error error) {
  if (error.code == ErrorCode::kDiskFull || error.code == ErrorCode::kConfigRefused) return error;
  error.code = ErrorCode::kIoError;
  error.hint = "The directory PATCHBAY_HOME must be writable for this user.";
  return error;
}

/// Our own tokens leave the environment: they were read, a hangup uses the copy that was taken at the start, and no
/// child has a use for them.
void remove_token_variables(const config::Launch& launch, const os::Environment& env) {
  const std::string& configured = launch.config.auth.token_env;
  for (const auto& [name, value] : env) {
    const bool ours = name.starts_with("PATCHBAY_") && name.find("TOKEN") != std::string::npos;
    if (ours || name == "PATCHBAY_SESSION_REF_SALT" || (!configured.empty() && name == configured))
      os::remove_variable(name);
  }
}

/// Secrets of ours that may stand in texts, and traces of our surroundings that children must not see.
void scrub_surroundings(const config::Launch& launch, const os::Environment& env) {
  os::remove_environment("GIT_");
  remove_token_variables(launch, env);
  for (const std::string& name : launch.config.auth.query_token_names) register_query_token_name(name);
  if (!launch.auth.token.value.empty()) register_secret_literal(launch.auth.token.value.reveal());
  if (launch.exposed()) os::forbid_memory_access();
  os::raise_open_files(kOpenFiles);
}

Status write_ready_file(const std::string& path, const App& app) {
  const Json ready{{"url", http_url(app)},
                   {"mcp_url", http_url(app).empty() ? std::string() : http_url(app) + "/mcp"},
                   {"port", app.http ? app.http->port() : 0},
                   {"pid", os::current_pid()}};
  const Status written = os::write_file_volatile(path, json::dump(ready) + "\n");
  if (written.ok()) return {};
  Error error = written.error();
  error.message = "the ready file " + path + " cannot be written: " + error.message;
  return error;
}

/// The runtime status file of the workspace (cli.md 6.4). It never holds a token.
void write_status(const App& app, const OwnerInfo& owner, std::string_view state) {
  const config::Launch& launch = app.launch;
  const auto or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  const std::string local = owner.http_url.empty() ? std::string() : owner.http_url + "/mcp";
  const std::string& outside = launch.public_base_url;
  const Json status{{"state", state},
                    {"mode", config::name_of(launch.config.auth.tunnel_mode)},
                    {"local_mcp_url", or_null(local)},
                    {"public_base_url", or_null(outside)},
                    {"server_url", or_null(outside.empty() ? local : outside + "/mcp")},
                    {"root", or_null(launch.config.repositories.default_root)},
                    {"port", app.http ? app.http->port() : 0},
                    {"tool_mode", config::name_of(launch.config.tool_mode())},
                    {"version", owner.version},
                    {"pid", owner.process.pid},
                    {"server_pid", owner.process.pid},
                    {"server_start", owner.process.to_string()},
                    {"tunnel_pid", nullptr},
                    {"started_at", iso8601(app.started)},
                    {"updated_at", iso8601(app.clock.wall())}};
  const std::string path = launch.home.runtime_status(launch.config.repositories.default_root);
  if (const Status written = os::write_file_volatile(path, json::dump_pretty(status) + "\n"); !written)
    log::warn("The runtime status file cannot be written: {}", written.error().message);
}

/// Ends the process although something does not end: turns and records are safe whenever that happens.
class LastResort {
 public:
  LastResort()
      : thread_([this] {
          if (!done_.wait_for(kGiveUpAfter)) {
            log::error("Something did not end in time; leaving all the same");
            os::exit_now(0);
          }
        }) {}
  ~LastResort() {
    done_.raise("done");
    thread_.join();
  }

 private:
  StopRequest done_;
  std::thread thread_;
};

/// Short calls that are under way get a moment to answer before everything that waits is given up.
void let_calls_finish(const App& app) {
  const MonoTime until = app.clock.mono() + kLetFinish;
  while (app.server->running_calls() > 0 && app.clock.mono() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void say_goodbye(const std::string& reason, int turns) {
  const std::string going_on = turns == 0   ? std::string("no turn is running")
                               : turns == 1 ? std::string("1 turn goes on and is taken up by the next start")
                                            : fmt::format("{} turns go on and are taken up by the next start", turns);
  log::write(log::Level::kWarn, fmt::format("PatchBay ends ({}): {}", reason, going_on));
}

}  // namespace

void prepare_process() {
  os::fill_standard_streams();
  os::set_private_umask();
  os::ignore_sigpipe();
}

Status run_owner(config::Launch launch, const os::Environment& env, const OwnerOptions& options) {
  os::SignalQueue signals = PB_TRY(os::SignalQueue::open({SIGTERM, SIGINT, SIGHUP, SIGQUIT}));
  const config::Home home = launch.home;
  if (const Status made = os::make_private_dirs(home.run_dir()); !made) return unusable_home(made.error());
  os::FileLock gate;
  if (options.gate_fd >= 0) {
    gate = os::FileLock::adopt(os::Fd(options.gate_fd));
  } else if (!options.background) {
    auto taken = take_start_gate(home, std::chrono::steady_clock::now() + kHandover);
    if (!taken) return unusable_home(taken.error());
    gate = std::move(*taken);
  }
  auto locked = become_owner(home, options.http);
  if (!locked) {
    return locked.error().code == ErrorCode::kOwnerRunning ? locked.error() : unusable_home(locked.error());
  }
  os::FileLock lock = std::move(*locked);

  tell_crash(home);
  if (const Status ready = os::note_crashes(home.crash_note(), PATCHBAY_VERSION); !ready)
    log::warn("A crash will leave no note: {}", ready.error().message);
  PB_TRY(workspace::prove_path_guard(home.run_dir()));
  scrub_surroundings(launch, env);
  for (const std::string& warning : launch.warnings) log::warn("{}", warning);
  auto built = build(std::move(launch), options.program, env, system_clock());
  if (!built) return built.error();
  App& app = **built;
  if (options.http) PB_TRY(listen(app));
  PB_TRY(recover(app));

  OwnerInfo info;
  info.process = PB_TRY(os::identify(os::current_pid()));
  info.version = PATCHBAY_VERSION;
  info.http_url = http_url(app);
  info.settings = settings_fingerprint(app.launch.config);
  info.config = options.runtime_config;
  info.background = options.background;
  if (const Status told = lock.set_info(info.to_text()); !told) return unusable_home(told.error());

  StopRequest stop;
  auto socket = PB_TRY(OwnerSocket::open(app, stop, options.background));
  gate.release();
  write_status(app, info, "ready");
  if (!options.ready_file.empty()) PB_TRY(write_ready_file(options.ready_file, app));
  if (options.on_ready) options.on_ready(app);
  SignalWatch watch(std::move(signals), PB_TRY(os::Wake::create()), stop,
                    {.hang_up = [&app, &options] { begin_anew(app, options.background); },
                     .dump = [&app, &socket] { write_state(app, socket->clients()); }});
  std::optional<Maintenance> maintenance;
  if (options.background)
    maintenance.emplace(app, stop, [&socket] { return socket->clients(); });
  else
    maintenance.emplace(app, stop, nullptr);

  std::optional<Watchdog> watchdog(std::in_place, watchdog_options(app));
  const std::string reason = stop.wait();
  const LastResort last_resort;
  const int turns = active_turns(app);
  watchdog.reset();
  let_calls_finish(app);
  app.server->shutdown();
  std::thread closing([&socket] { socket->close(); });
  if (app.http) app.http->stop(kFinishWithin);
  closing.join();
  maintenance.reset();
  watch.forget_reactions();
  say_goodbye(reason, turns);
  write_status(app, info, "stopped");
  built->reset();
  return {};
}

}  // namespace patchbay::app
