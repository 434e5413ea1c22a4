#include "patchbay/workspace/protected_paths.h"

#include <sys/stat.h>

#include <algorithm>

namespace patchbay::workspace {

std::vector<FileId> ProtectedPaths::identities() const {
  std::vector<FileId> ids;
  for (const std::string& path : paths_) {
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0) ids.push_back({st.st_dev, st.st_ino});
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace patchbay::workspace
