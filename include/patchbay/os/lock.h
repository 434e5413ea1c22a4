#pragma once

#include <string>
#include <utility>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::os {

enum class LockMode { kExclusive, kShared };

/// A lock on a file that is created on demand (0600) and never deleted.
///
/// It belongs to the open file description (F_OFD_SETLK of fcntl(2)). The kernel drops the lock when the last
/// descriptor of the open file description closes, so it survives its owner when a child inherited `fd()`, and can
/// never be stale.
class FileLock {
 public:
  /// Does not wait. An empty optional-like object (`held()` false) means somebody else holds it.
  static Result<FileLock> try_acquire(const std::string& path, LockMode mode = LockMode::kExclusive);
  /// True when some process holds the lock of `path` exclusively; false when it is free or the file does not exist.
  static Result<bool> is_held(const std::string& path);

  FileLock() = default;
  bool held() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// Replaces the file's informational content. The content never decides anything.
  Status set_info(std::string_view text);
  void release() { fd_.reset(); }
  /// Wraps a descriptor that already holds the lock (inherited from another process).
  static FileLock adopt(Fd fd) {
    FileLock lock;
    lock.fd_ = std::move(fd);
    return lock;
  }

 private:
  Fd fd_;
};

}  // namespace patchbay::os
