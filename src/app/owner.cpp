#include "patchbay/app/owner.h"

#include <csignal>
#include <thread>

#include "app/maintenance.h"
#include "app/owner_socket.h"
#include "app/state_dump.h"
#include "app/stop_request.h"
#include "app/token_credentials.h"
#include "app/watchdog.h"
#include "patchbay/app/crash_report.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/guarded.h"
#include "patchbay/base/log.h"
#include "patchbay/base/redact.h"
#include "patchbay/http/client.h"
#include "patchbay/os/crash.h"
#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/os/stream.h"
#include "patchbay/workspace/self_test.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kOpenFiles = 65'536;
constexpr auto kHandover = std::chrono::seconds(10);
constexpr auto kLetFinish = std::chrono::milliseconds(1000);
constexpr auto kFinishWithin = std::chrono::milliseconds(2000);
constexpr auto kGiveUpAfter = std::chrono::milliseconds(5500);
constexpr auto kLastWords = std::chrono::seconds(10);
constexpr std::size_t kLogKeep = 10u << 20;
constexpr int kStandardError = 2;

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
    error.message =
        fmt::format("another PatchBay owner without HTTP runs on this home (pid {})", owner->process.pid);
  } else {
    error.message = fmt::format("another PatchBay owner runs on this home (pid {}, {})", owner->process.pid,
                                owner->http_url);
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
      [[maybe_unused]] const auto asked =
          ask_owner(home, Json{{"control", "leave"}}, std::chrono::seconds(2));
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

/// The thread that receives signals (SEC:S14): the first end signal asks the owner to leave, the second ends it.
class SignalWatch {
 public:
  struct Reactions {
    std::function<void()> hang_up;   ///< SIGHUP; forgotten when the owner ends
    std::function<void()> dump;      ///< SIGQUIT; likewise
  };

  SignalWatch(os::SignalQueue signals, os::Wake wake, StopRequest& stop, Reactions reactions)
      : signals_(std::move(signals)),
        ending_(std::move(wake)),
        stop_(stop),
        reactions_(std::move(reactions)),
        thread_([this] { run(); }) {}
  ~SignalWatch() {
    ending_.wake();
    thread_.join();
  }

  /// Call before what the reactions need goes; end signals are still received.
  void forget_reactions() { *reactions_.lock() = {}; }

 private:
  void react(std::function<void()> Reactions::*which) {
    const auto reactions = reactions_.lock();
    if (const auto& reaction = (*reactions).*which) reaction();
  }

  void run() {
    os::name_this_thread("signals");
    bool asked = false;
    for (;;) {
      const auto ready = os::wait_any_readable({ending_.fd(), signals_.fd()}, MonoTime::max());
      if (!ready || *ready != 1) return;
      const auto signo = signals_.wait(std::chrono::milliseconds(0));
      if (!signo) continue;
      if (*signo == SIGHUP || *signo == SIGQUIT) {
        react(*signo == SIGHUP ? &Reactions::hang_up : &Reactions::dump);
        continue;
      }
      if (asked) os::exit_now(1);
      asked = true;
      stop_.raise(*signo == SIGINT ? "interrupted" : "asked to end");
    }
  }

  os::SignalQueue signals_;
  os::Wake ending_;
  StopRequest& stop_;
  Guarded<Reactions> reactions_;
  std::thread thread_;
};

void read_tokens_again(App& app) {
  if (const Status read = app.credentials->reload(); !read)
    log::error("The tokens could not be read again: {}", read.error().message);
  else
    log::info("The tokens were read again");
}

/// A log that was moved away is begun anew. Only a background owner has one: that of others belongs to whoever started
/// them.
void open_log_again(const config::Home& home) {
  const auto log = os::open_log(home.owner_log(), kLogKeep);
  const Status redirected = log ? os::redirect(log->fd.get(), kStandardError) : Status(log.error());
  if (!redirected) log::error("The log could not be opened again: {}", redirected.error().message);
}

void dump(const App& app, int clients) {
  const std::string path = app.launch.home.state_dump();
  const Status written = dump_state(app, clients, path);
  if (written)
    log::warn("The owner's state was written to {}", path);
  else
    log::error("The owner's state could not be written: {}", written.error().message);
}

/// Leaves the way out for a supervisor that starts the next one; turns go on meanwhile (SEC:S15).
[[noreturn]] void give_up(const App& app, const std::string& about) {
  const std::string path = app.launch.home.state_dump();
  const int code = error_info(ErrorCode::kInternal).exit_code;
  os::exit_after(kLastWords, code);  // what hangs may be what the next steps need
  [[maybe_unused]] const Status written = dump_threads(app, about + " does not answer", path);
  log::error("{} does not answer any more: leaving. The threads are listed in {}", about, path);
  os::exit_now(code);
}

/// Any answer will do, a refusal and a closed connection too.
Status ask_http(int port, std::chrono::milliseconds within) {
  const MonoTime deadline = std::chrono::steady_clock::now() + within;
  http::Client client({.port = port,
                       .connect_timeout = within,
                       .read_timeout = within,
                       .headers = {{"User-Agent", kWatchdogAgent}}});
  const auto answer = client.get("/health");
  if (answer || std::chrono::steady_clock::now() < deadline) return {};
  return Error{ErrorCode::kTimeout, "the HTTP port does not answer", {}, {}};
}

Watchdog::Options questions(const App& app) {
  Watchdog::Options options;
  options.questions.push_back({"The owner's socket", [home = app.launch.home](std::chrono::milliseconds within) {
                                 const auto answer = ask_owner(home, Json{{"control", "status"}}, within);
                                 return answer ? Status() : Status(answer.error());
                               }});
  if (app.http) {
    options.questions.push_back({"The HTTP port", [port = app.http->port()](std::chrono::milliseconds within) {
                                   return ask_http(port, within);
                                 }});
  }
  options.on_stall = [&app](const std::string& about) { give_up(app, about); };
  return options;
}

Status write_ready_file(const std::string& path, const App& app) {
  const Json ready{{"url", http_url(app)},
                   {"mcp_url", http_url(app).empty() ? std::string() : http_url(app) + "/mcp"},
                   {"port", app.http ? app.http->port() : 0},
                   {"pid", os::current_pid()}};
  return os::write_file_volatile(path, json::dump(ready) + "\n");
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
  const std::string going_on = turns == 0 ? std::string("no turn is running")
                               : turns == 1
                                   ? std::string("1 turn goes on and is taken up by the next start")
                                   : fmt::format("{} turns go on and are taken up by the next start", turns);
  log::write(log::Level::kWarn, fmt::format("PatchBay ends ({}): {}", reason, going_on));
}

}  // namespace

void prepare_process() {
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
  PB_TRY(recover(app));
  if (options.http) PB_TRY(listen(app));

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
                    {.hang_up =
                         [&app, background = options.background] {
                           if (background) open_log_again(app.launch.home);
                           read_tokens_again(app);
                         },
                     .dump = [&app, &socket] { dump(app, socket->clients()); }});
  std::optional<Maintenance> maintenance;
  if (options.background)
    maintenance.emplace(app, stop, [&socket] { return socket->clients(); });
  else
    maintenance.emplace(app, stop, nullptr);

  std::optional<Watchdog> watchdog(std::in_place, questions(app));
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
