#pragma once

#include "patchbay/base/clock.h"
#include "patchbay/os/lock.h"

namespace patchbay::git {

/// When the request that this process works on is given up. Set by the helper's loop.
void set_request_deadline(MonoTime deadline);
MonoTime request_deadline();

/// Takes the lock around ref and worktree changes of one repository, waiting while another process of ours
/// holds it. kRepoBusy shortly before the request's deadline. An empty path is no lock.
Result<os::FileLock> wait_for_lock(const std::string& path);

}  // namespace patchbay::git
