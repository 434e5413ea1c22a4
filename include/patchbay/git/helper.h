#pragma once

namespace patchbay::git {

/// The descriptor number under which a helper process finds its socket.
inline constexpr int kHelperFd = 3;

/// Body of the helper process (`patchbay git-helper`): serves one git::Client over the socket `fd`, one
/// request after the other, until the other end closes. Returns the exit status.
///
/// The process is single-purpose: it removes GIT_* from its environment, limits its address space to
/// 4 GiB (packs are mapped in windows of 64 MiB, 1 GiB in all), has no core
/// dumps, and dies with its parent.
int git_helper_main(int fd = kHelperFd);

}  // namespace patchbay::git
