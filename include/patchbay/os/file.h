#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::os {

// These functions are for PatchBay's own files and for paths the operator named. Paths that come from a
// request go through workspace/ and never reach them.

/// Whole content of a regular file. kNotFound, kNotAFile, kFileTooLarge above `limit`, kIoError.
/// Never blocks on a FIFO.
Result<std::string> read_file(const std::string& path, std::size_t limit = 64u << 20);

bool exists(const std::string& path);
bool is_directory(const std::string& path);

/// Creates the directory and missing parents with mode 0700. Existing directories keep their mode.
Status make_private_dirs(const std::string& path);

/// Names in a directory, sorted, without "." and "..". kNotFound, kNotADirectory, kIoError.
Result<std::vector<std::string>> list_dir(const std::string& path);

/// Removes a file or an entire tree without following links. Absent is success.
Status remove_tree(const std::string& path);
Status remove_file(const std::string& path);

/// Makes a rename or creation in `dir` durable.
Status sync_dir(const std::string& dir);

/// Resolves symlinks and dots. kNotFound when it does not exist.
Result<std::string> real_path(const std::string& path);

/// "~" and "~/x" become the home directory; other text is unchanged. `~user` is not expanded.
std::string expand_home(const std::string& path);
/// `HOME`, else the passwd entry; empty when neither is absolute.
std::string home_dir();

/// Joins with exactly one slash.
std::string join(std::string_view a, std::string_view b);
std::string parent_of(std::string_view path);
std::string base_name(std::string_view path);
/// Component-wise: "/srv/repo" contains itself and "/srv/repo/x", not "/srv/repo-evil".
bool is_within(std::string_view root, std::string_view path);

/// Free space for unprivileged users.
struct FreeSpace {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
};
Result<FreeSpace> free_space(const std::string& path);

/// Replaces one file as a whole: readers and a crash see the old content or the new one (SEC:D1).
///
/// Lifetime: create -> write... -> commit. Destroyed without commit it removes its temporary file, which
/// lies beside the target under a unique name with the final mode.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path, unsigned mode = 0600);
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) noexcept;
  ~AtomicFile();

  Status write(std::string_view data);
  /// fsync, rename, fsync of the directory. On failure the old file is intact and nothing is retried on
  /// the same descriptor (SEC:D2).
  Status commit();
  /// Rename only: atomic for readers, not durable.
  Status commit_volatile();

 private:
  AtomicFile() = default;
  Fd fd_;
  std::string path_, temp_;
};

/// AtomicFile in one call.
Status write_file_atomic(const std::string& path, std::string_view data, unsigned mode = 0600);

/// Replaces a file so that readers see the old content or the new one, without making it durable: for state that is
/// worth nothing after a power cut.
Status write_file_volatile(const std::string& path, std::string_view data, unsigned mode = 0600);

/// Test seam for full disks and failing fsync: called before each durable step ("write", "fsync",
/// "rename", "fsync_dir", "append") with the target path; a non-zero return is the errno to fail with.
/// Null in production.
using FaultHook = int (*)(std::string_view step, const std::string& path);
void set_file_fault_hook(FaultHook hook);
int file_fault(std::string_view step, const std::string& path);

}  // namespace patchbay::os
