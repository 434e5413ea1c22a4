#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace patchbay::workspace {

/// What a file is, whatever it is called.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  auto operator<=>(const FileId&) const = default;
};

/// PatchBay's own files: the home with everything below it, the active configuration, token files. No path
/// tool reaches them in any posture (SEC:P5), through no link, bind mount or hard link.
///
/// Threads: any; the object does not change.
class ProtectedPaths {
 public:
  /// Absolute paths of files and directories. One that does not exist yet protects once it does.
  explicit ProtectedPaths(std::vector<std::string> paths = {}) : paths_(std::move(paths)) {}

  /// Their identities now, sorted. Asked for once per operation: an atomic replace gives a file a new one.
  std::vector<FileId> identities() const;
  const std::vector<std::string>& paths() const { return paths_; }
  /// Whether a path without links is one of them, lies below one, or is another name of one. False when it does
  /// not exist.
  bool hold(const std::string& resolved_path) const;

 private:
  std::vector<std::string> paths_;
};

}  // namespace patchbay::workspace
