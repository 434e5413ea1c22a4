#include "git/lock_wait.h"

#include <thread>

namespace patchbay::git {
namespace {

using namespace std::chrono_literals;
constexpr auto kMargin = 250ms;  // left for the refusal to travel
constexpr auto kStep = 2ms;

std::atomic<MonoTime> deadline{MonoTime::max()};

}  // namespace

void set_request_deadline(MonoTime d) { deadline = d; }
MonoTime request_deadline() { return deadline; }

Result<os::FileLock> wait_for_lock(const std::string& path) {
  if (path.empty()) return os::FileLock();
  const MonoTime end = request_deadline() == MonoTime::max() ? MonoTime::max() : request_deadline() - kMargin;
  for (;;) {
    auto lock = PB_TRY(os::FileLock::try_acquire(path));
    if (lock.held()) return lock;
    if (system_clock().mono() >= end) {
      return Error{ErrorCode::kRepoBusy, "Another operation on this repository's branches and worktrees runs.",
                   "Call again in a moment.", path};
    }
    std::this_thread::sleep_for(kStep);
  }
}

}  // namespace patchbay::git
