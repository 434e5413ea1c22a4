#pragma once

#include <string>

#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::os {

/// Listens on a unix socket at `path` (0600). A stale file is replaced; the caller holds the lock that
/// says it may. Works for paths longer than sockaddr_un by binding through the directory's descriptor.
Result<Fd> listen_unix(const std::string& path);

/// Connects; kNotFound when nobody listens, kTimeout when so many wait already that `deadline` passed.
Result<Fd> connect_unix(const std::string& path, MonoTime deadline = MonoTime::max());

/// Accepts one connection; the peer's uid must be ours or 0, else the connection is closed and
/// kScopeDenied returned.
Result<Fd> accept_same_user(int listener);

/// The first line of what a peer sent, without its newline, and without consuming it. kTimeout when it did not
/// arrive before the deadline, kInvalidArgument when it is longer than `limit`, kIoError when the peer left.
Result<std::string> peek_line(int socket, std::size_t limit, MonoTime deadline);
/// Reads and drops `bytes` bytes that are known to be there. A socket that is closed with unread input resets its peer.
void discard(int socket, std::size_t bytes);

}  // namespace patchbay::os
