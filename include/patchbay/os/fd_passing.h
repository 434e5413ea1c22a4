#pragma once

#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::os {

inline constexpr std::size_t kMaxPassedFds = 128;

/// Gives another process more names for what `fds` are open on, in one message over a local socket: all of them arrive,
/// or none. Locks of an open file description go with it. At least one, at most kMaxPassedFds. kIoError when nobody is
/// at the other end.
Status send_fds(int socket, const std::vector<int>& fds);

/// Waits for such a message; empty when the other end was closed without one. The descriptors are closed on exec.
Result<std::vector<Fd>> receive_fds(int socket);

}  // namespace patchbay::os
