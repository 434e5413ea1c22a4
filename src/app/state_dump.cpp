#include "app/state_dump.h"

#include "patchbay/os/crash.h"
#include "patchbay/os/file.h"
#include "patchbay/os/lock.h"
#include "patchbay/os/program.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kLargestLockText = 64u << 10;

std::string head(const App& app, const std::string& why) {
  return fmt::format("PatchBay {} (pid {}), {}, up since {}\nReason: {}\n", PATCHBAY_VERSION, os::current_pid(),
                     iso8601(app.clock.wall()), iso8601(app.started), why);
}

std::string threads() { return "\nThreads\n" + os::describe_threads(); }

std::string sessions(const App& app, int clients) {
  return fmt::format("\nSessions\n  sessions: {}\n  running calls: {}\n  front ends: {}\n", app.server->session_count(),
                     app.server->running_calls(), clients);
}

std::string turns(const App& app) {
  std::string text = "\nTurns\n";
  for (const jobs::JobPtr& job : app.jobs->all()) {
    if (!job->unresolved()) continue;
    text += fmt::format("  job {} {} {}, runner pid {}, started {}, cleanup {}\n", job->job_id, name_of(job->mode),
                        name_of(job->state), job->process_pid,
                        job->started_at > 0 ? iso8601(from_epoch_seconds(job->started_at)) : "not yet",
                        job->cleanup.empty() ? "not begun" : job->cleanup);
  }
  return text;
}

std::string locks(const std::string& dir) {
  std::string text = "\nRepository locks that are held\n";
  const auto names = os::list_dir(dir);
  if (!names) return text;
  for (const std::string& name : *names) {
    const std::string path = os::join(dir, name);
    const auto held = os::FileLock::is_held(path);
    if (!held || !*held) continue;
    const auto content = os::read_file(path, kLargestLockText);
    const auto info = content ? json::parse(*content) : Result<Json>(Json::object());
    const Json known = info ? *info : Json::object();
    text +=
        fmt::format("  {} by pid {}, job {}\n", name, json::get_int(known, "pid"), json::get_string(known, "job_id"));
  }
  return text;
}

}  // namespace

Status dump_threads(const App& app, const std::string& why, const std::string& path) {
  return os::write_file_volatile(path, head(app, why) + threads());
}

Status dump_state(const App& app, int clients, const std::string& path) {
  std::string text = head(app, "SIGQUIT") + threads();
  PB_TRY(os::write_file_volatile(path, text));
  text += sessions(app, clients) + turns(app) + locks(app.launch.config.locks.root);
  return os::write_file_volatile(path, text);
}

}  // namespace patchbay::app
