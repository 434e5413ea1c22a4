#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

/// Descriptor-relative access to trees that somebody else may be writing: nothing here follows a symlink,
/// leaves the root, or blocks on a special file. The POSIX calls are here and not in os/ because only git
/// work touches foreign trees this way.
namespace patchbay::git {

/// Opens a directory by absolute path (its last component must be no symlink).
Result<os::Fd> open_root(const std::string& path);

/// openat2 below `root` with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS. `relative` ""
/// is the root itself. Returns an invalid Fd with errno set on failure.
os::Fd open_beneath(int root, const std::string& relative, int flags, unsigned mode = 0);
/// A directory below `root`, for reading and *at calls.
os::Fd open_dir_beneath(int root, const std::string& relative);

struct DirEntry {
  std::string name;
  unsigned char type = 0;  ///< DT_*; DT_UNKNOWN is resolved
};
/// Names in a directory without "." and "..", unsorted. The descriptor's offset is used.
Result<std::vector<DirEntry>> read_dir(int dir);

/// Bytes of a regular file or the target of a symlink, never following. `st` receives its status.
/// kNotFound, kPathSpecialFile for other types, kFileTooLarge above `limit`, kIoError.
Result<std::string> read_entry(int dir, const std::string& name, std::size_t limit, struct stat* st = nullptr);

/// A new file (git mode 0100644, 0100755) with these bytes, or a new symlink (0120000) to them. `st` receives its
/// status. kAlreadyExists when the name is taken.
Status create_entry(int dir, const std::string& name, unsigned mode, std::string_view content,
                    struct stat* st = nullptr);
/// The directory `relative` below `root`, made where it is missing. kAlreadyExists when something else is in the way.
Result<os::Fd> make_dirs_beneath(int root, const std::string& relative);
/// Removes a file or symlink, and the directories above it that are empty then. What is gone already, and a directory
/// in its place that holds something, is no error.
Status remove_beneath(int root, const std::string& relative);

/// "a/b/c" -> {"a/b", "c"}.
std::pair<std::string, std::string> split_path(const std::string& path);

/// Git's mode of a file: 0100644, 0100755, 0120000, 0160000 for a directory, 0 for other types.
unsigned git_mode(const struct stat& st);

}  // namespace patchbay::git
