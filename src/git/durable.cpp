#include "git/durable.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "git/handle.h"
#include "patchbay/os/fd.h"

namespace patchbay::git {

FsyncPause::FsyncPause() { git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0); }
FsyncPause::~FsyncPause() { git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1); }

Status sync_together(const std::vector<std::string>& paths) {
  constexpr std::size_t kThreads = 16;
  std::atomic<std::size_t> next{0};
  std::atomic<int> failure{0};
  const auto work = [&] {
    for (std::size_t i; (i = next++) < paths.size();) {
      const os::Fd fd(::open(paths[i].c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
      if (!fd && errno == ENOENT) continue;
      if (!fd || ::fsync(fd.get()) != 0) failure = errno;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(kThreads, paths.size()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  if (failure != 0) return errno_error(failure, "writing to disk");
  return {};
}

Status sync_file_system(const std::string& directory) {
  const os::Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0) return errno_error(errno, "writing to disk", directory);
  return {};
}

}  // namespace patchbay::git
