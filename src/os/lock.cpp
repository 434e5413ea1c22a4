#include "patchbay/os/lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace patchbay::os {
namespace {

/// The whole file; `type` is F_RDLCK or F_WRLCK.
struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<FileLock> FileLock::try_acquire(const std::string& path, LockMode mode) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return errno_error(errno, "opening a lock file", path);
  FileLock lock;
  struct flock wanted = whole_file(mode == LockMode::kShared ? F_RDLCK : F_WRLCK);
  while (::fcntl(fd.get(), F_OFD_SETLK, &wanted) != 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EACCES) return lock;
    return errno_error(errno, "locking", path);
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
  // Asks without taking it, so that nobody is refused the lock because somebody looked.
  struct flock found = whole_file(F_RDLCK);
  if (::fcntl(fd.get(), F_OFD_GETLK, &found) != 0) return errno_error(errno, "testing a lock", path);
  return found.l_type != F_UNLCK;
}

Status FileLock::set_info(std::string_view text) {
  if (::ftruncate(fd_.get(), 0) != 0 || ::pwrite(fd_.get(), text.data(), text.size(), 0) < 0) {
    return errno_error(errno, "writing a lock file");
  }
  return {};
}

}  // namespace patchbay::os
