#include "runner/turn_cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/file.h"

namespace patchbay::runner {
namespace {

constexpr std::string_view kPrefix = "patchbay-turn-";
constexpr std::size_t kMaxTextBytes = 1u << 20;

/// The files of a group exist; whoever writes them writes one word.
bool write_word(const std::string& path, std::string_view word) {
  const os::Fd fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
  return fd && ::write(fd.get(), word.data(), word.size()) == static_cast<ssize_t>(word.size());
}

/// Groups named after runners that do not live any more. One that still holds processes cannot be removed.
void remove_orphans(const std::string& parent) {
  const auto names = os::list_dir(parent);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!name.starts_with(kPrefix)) continue;
    const long pid = std::strtol(name.c_str() + kPrefix.size(), nullptr, 10);
    if (pid > 0 && !os::exists("/proc/" + std::to_string(pid))) (void)::rmdir(os::join(parent, name).c_str());
  }
}

}  // namespace

std::string own_cgroup(const std::string& proc) {
  const auto membership = os::read_file(os::join(proc, "cgroup"), kMaxTextBytes);
  const auto mounts = os::read_file(os::join(proc, "mountinfo"), kMaxTextBytes);
  if (!membership || !mounts) return {};
  std::string path;
  for (const std::string_view line : split(*membership, '\n')) {
    if (line.starts_with("0::/")) path = line.substr(3);
  }
  if (path.empty()) return {};
  for (const std::string_view line : split(*mounts, '\n')) {
    // id, parent, device, root, mount point, options ... "-" type
    const std::size_t type = line.find(" - cgroup2 ");
    const auto fields = split(line, ' ');
    if (type == std::string_view::npos || fields.size() < 5) continue;
    const std::string root(fields[3]), point(fields[4]);
    if (!os::is_within(root, path)) continue;
    const std::string below = root == "/" ? path.substr(1) : path.substr(std::min(root.size() + 1, path.size()));
    return below.empty() ? point : os::join(point, below);
  }
  return {};
}

void TurnCgroup::open(const std::string& parent) {
  const std::string procs = os::join(parent, "cgroup.procs");
  if (parent.empty() || ::access(procs.c_str(), W_OK) != 0) return;
  remove_orphans(parent);
  const std::string dir = os::join(parent, std::string(kPrefix) + std::to_string(::getpid()));
  if (::mkdir(dir.c_str(), 0755) != 0) return;
  parent_ = parent;
  dir_ = dir;
  // Kernels before 5.14 cannot kill a group at once; then it has no use for us.
  if (::access(os::join(dir_, "cgroup.kill").c_str(), W_OK) != 0) remove();
}

void TurnCgroup::enter() {
  if (!active() || inside_) return;
  inside_ = write_word(os::join(dir_, "cgroup.procs"), "0");
  if (!inside_) remove();
}

void TurnCgroup::leave() {
  if (!inside_) return;
  inside_ = false;
  if (write_word(os::join(parent_, "cgroup.procs"), "0")) return;
  log::error("run-turn: cannot leave the turn's control group, so that is not used");
  dir_.clear();
}

bool TurnCgroup::kill() const { return active() && !inside_ && write_word(os::join(dir_, "cgroup.kill"), "1"); }

bool TurnCgroup::empty() const {
  if (!active()) return true;
  const auto events = os::read_file(os::join(dir_, "cgroup.events"), kMaxTextBytes);
  // A group that is gone holds nothing.
  if (!events) return !os::is_directory(dir_);
  return events->find("populated 0") != std::string::npos;
}

void TurnCgroup::remove() {
  if (active()) (void)::rmdir(dir_.c_str());
  dir_.clear();
}

}  // namespace patchbay::runner
