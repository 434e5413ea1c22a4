#pragma once

namespace patchbay::git {

/// The descriptor number under which a helper process finds its socket.
inline constexpr int kHelperFd = 3;

/// Body of the helper process (`patchbay git-helper`): serves one git::Client over the socket `fd`, one
/// request after the other, until the other end closes. Returns the exit status.
///
/// The process is single-purpose: it removes GIT_* from its environment, opens no network socket, limits its
/// private memory to 1 GiB and its address space to 3 GiB (packs are mapped in windows of 64 MiB, 1 GiB in all),
/// what it writes to 2 GiB a file, and its CPU time to what its threads can use until the request's deadline; it
/// has no core dumps, and dies with its parent (SEC:G3).
int git_helper_main(int fd = kHelperFd);

}  // namespace patchbay::git
