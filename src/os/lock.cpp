#include "patchbay/os/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace patchbay::os {
namespace {

// Somebody who only asks whether a lock is held takes it for a moment, so one refusal proves nothing.
constexpr int kTries = 4;
constexpr unsigned kPauseMicroseconds = 2'000;

}  // namespace

Result<FileLock> FileLock::try_acquire(const std::string& path, LockMode mode) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return errno_error(errno, "opening a lock file", path);
  FileLock lock;
  int patience = kTries;
  while (::flock(fd.get(), (mode == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return errno_error(errno, "locking", path);
    if (--patience == 0) return lock;
    ::usleep(kPauseMicroseconds);
  }
  lock.fd_ = std::move(fd);
  return lock;
}

Result<bool> FileLock::is_held(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return false;
    return errno_error(errno, "opening a lock file", path);
  }
  // A shared try-lock is enough to see an exclusive holder, and two askers never disturb each other. (There is no way to
  // ask about a flock(2) without taking it.)
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return false;
  if (errno == EWOULDBLOCK) return true;
  return errno_error(errno, "testing a lock", path);
}

Status FileLock::set_info(std::string_view text) {
  if (::ftruncate(fd_.get(), 0) != 0 || ::pwrite(fd_.get(), text.data(), text.size(), 0) < 0) {
    return errno_error(errno, "writing a lock file");
  }
  return {};
}

}  // namespace patchbay::os
