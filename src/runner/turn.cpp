#include "patchbay/runner/turn.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "runner/order_json.h"

namespace patchbay::runner {
namespace {

constexpr std::chrono::seconds kReceiptDeadline{10};

/// What a runner may see of our environment: enough to find its libraries and to write readable text. Everything else,
/// tokens above all, stays with us (SEC:A4, I8).
os::Environment runner_environment() {
  static constexpr std::string_view kNames[] = {"PATH", "HOME",           "USER",           "LOGNAME",
                                                "LANG", "TZ",             "TMPDIR",         "XDG_RUNTIME_DIR",
                                                "LANGUAGE", "LD_LIBRARY_PATH"};
  os::Environment out;
  for (const auto& [name, value] : os::current_environment()) {
    const bool wanted = name.starts_with("LC_") || name.ends_with("SAN_OPTIONS") ||
                        std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
    if (wanted) out.emplace(name, value);
  }
  return out;
}

}  // namespace

Result<os::Child> start_turn(const std::vector<std::string>& runner_argv, const TurnOrder& order,
                             const std::vector<int>& repo_locks) {
  // One line of JSON, then the prompt: both in a memory file, so that the prompt touches no disk and the runner can
  // read it to the end without waiting for us.
  const os::Fd message = PB_TRY(os::memory_file(json::dump(order_to_json(order)) + "\n" + order.prompt));
  os::Pipe receipt = PB_TRY(os::make_pipe());

  os::SpawnOptions spawn{.argv = runner_argv};
  spawn.env = runner_environment();
  spawn.cwd = "/";
  spawn.passed = {{message.get(), 3}, {receipt.write.get(), 4}};
  for (const int fd : repo_locks) spawn.passed.push_back({fd, static_cast<int>(spawn.passed.size()) + 3});
  auto spawned = os::Child::spawn(spawn);
  if (!spawned) {
    // Whatever keeps our own program from starting, no turn came to be.
    return Error{ErrorCode::kSpawnFailed, "The turn could not be started: " + spawned.error().message, "Try again.",
                 spawned.error().detail};
  }
  os::Child child = std::move(*spawned);
  receipt.write.reset();

  const auto failed = [&](const char* why) {
    (void)child.signal_group(SIGKILL);
    return Error{ErrorCode::kSpawnFailed, "The turn could not be started: " + std::string(why), "Try again.", {}};
  };
  const bool answered = PB_TRY(os::wait_readable(receipt.read.get(), system_clock().mono() + kReceiptDeadline));
  if (!answered) return failed("its runner did not confirm the order in time");
  char byte = 0;
  if (::read(receipt.read.get(), &byte, 1) != 1 || byte != 'k') return failed("its runner ended before it began");
  return child;
}

std::optional<os::ProcessIdentity> live_runner(const std::string& job_dir) {
  const std::string path = os::join(job_dir, "run.lock");
  const auto held = os::FileLock::is_held(path);
  if (!held || !*held) return std::nullopt;
  const auto text = os::read_file(path, 4096);
  if (!text) return std::nullopt;
  const auto fields = split(trim(*text), ' ');
  if (fields.size() != 3) return std::nullopt;
  os::ProcessIdentity id;
  id.pid = static_cast<pid_t>(std::strtol(std::string(fields[0]).c_str(), nullptr, 10));
  id.start_ticks = std::strtoull(std::string(fields[1]).c_str(), nullptr, 10);
  id.boot_id = std::string(fields[2]);
  return id;
}

bool request_stop(const std::string& job_dir) {
  const auto runner = live_runner(job_dir);
  return runner && os::signal_exact(*runner, SIGTERM);
}

Status grant_slot(const std::string& job_dir) { return os::write_file_atomic(os::join(job_dir, "go"), ""); }

bool kill_marked(const std::string& marker, double seconds) {
  const std::string wanted = std::string(kMarkerVariable) + "=" + marker;
  const auto deadline = system_clock().mono() + std::chrono::duration_cast<MonoTime::duration>(
                                                    std::chrono::duration<double>(seconds));
  // One that is born while /proc is read may be missed once, but not twice.
  for (int clean_passes = 0;;) {
    bool found = false;
    const auto entries = os::list_dir("/proc");
    if (!entries) return false;
    for (const std::string& name : *entries) {
      const pid_t pid = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
      if (pid <= 0 || pid == ::getpid()) continue;
      const auto identity = os::identify(pid);
      const auto environment = os::read_file("/proc/" + name + "/environ", 4u << 20);
      if (!identity || !environment) continue;
      bool marked = false;
      for (const std::string_view entry : split(*environment, '\0')) marked = marked || entry == wanted;
      if (marked && os::is_alive(*identity)) {
        found = true;
        os::signal_exact(*identity, SIGKILL);
      }
    }
    clean_passes = found ? 0 : clean_passes + 1;
    if (clean_passes == 2) return true;
    if (!found) continue;
    if (system_clock().mono() >= deadline) return false;
    ::usleep(20'000);
  }
}

}  // namespace patchbay::runner
