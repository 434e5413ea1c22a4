#include "patchbay/runner/turn.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::runner {

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
  const auto deadline =
      system_clock().mono() + std::chrono::duration_cast<MonoTime::duration>(std::chrono::duration<double>(seconds));
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
