#pragma once

#include <string>
#include <vector>

#include "patchbay/base/result.h"

namespace patchbay::git {

/// While it lives libgit2 does not sync each file it writes. The code that holds one makes everything it
/// wrote durable itself before it reports success (SEC:G9). One at a time.
class FsyncPause {
 public:
  FsyncPause();
  ~FsyncPause();
  FsyncPause(const FsyncPause&) = delete;
  FsyncPause& operator=(const FsyncPause&) = delete;
};

/// fsync of every file and directory, side by side so that the disk's journal serves many at once. Paths
/// that do not exist are skipped.
Status sync_together(const std::vector<std::string>& paths);

/// Writes back everything on the file system that holds `directory`.
Status sync_file_system(const std::string& directory);

}  // namespace patchbay::git
