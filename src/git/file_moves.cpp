#include "git/file_moves.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace patchbay::git {
namespace {

bool unsupported(int err) { return err == EINVAL || err == ENOSYS; }

}  // namespace

std::uint64_t mount_of(int fd) {
  struct statx sx {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) == 0 && (sx.stx_mask & STATX_MNT_ID) != 0) {
    return sx.stx_mnt_id;
  }
  struct stat st {};
  return ::fstat(fd, &st) == 0 ? st.st_dev : 0;
}

Error changed_meanwhile(const std::string& path) {
  return Error{ErrorCode::kPatchChanged, "A file of the checkout changed while the integration ran.",
               "Look at the preview again.", path};
}

Status move_new(int from_dir, const std::string& from, int to_dir, const std::string& to, const std::string& path) {
  if (::renameat2(from_dir, from.c_str(), to_dir, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST) return changed_meanwhile(path);
  if (!unsupported(errno)) return errno_error(errno, "moving a file", path);
  // Look, then move: only a writer that ignores the repository lock can come between.
  struct stat st {};
  if (::fstatat(to_dir, to.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return changed_meanwhile(path);
  if (::renameat(from_dir, from.c_str(), to_dir, to.c_str()) == 0) return {};
  return errno_error(errno, "moving a file", path);
}

Status exchange_files(int dir, const std::string& name, int staging, const std::string& staged,
                      const std::string& path) {
  if (::renameat2(staging, staged.c_str(), dir, name.c_str(), RENAME_EXCHANGE) == 0) return {};
  if (!unsupported(errno)) return errno_error(errno, "moving a file", path);
  const std::string old = staged + ".old";
  if (::linkat(dir, name.c_str(), staging, old.c_str(), 0) != 0 && errno != EEXIST) {
    return errno_error(errno, "keeping the old content of a file", path);
  }
  if (::renameat(staging, staged.c_str(), dir, name.c_str()) != 0 ||
      ::renameat(staging, old.c_str(), staging, staged.c_str()) != 0) {
    return errno_error(errno, "moving a file", path);
  }
  return {};
}

}  // namespace patchbay::git
