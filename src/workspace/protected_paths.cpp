#include "patchbay/workspace/protected_paths.h"

#include <sys/stat.h>

#include <algorithm>

#include "patchbay/os/file.h"

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

bool ProtectedPaths::hold(const std::string& resolved_path) const {
  const std::vector<FileId> ids = identities();
  for (std::string at = resolved_path; at.starts_with('/'); at = os::parent_of(at)) {
    struct stat st {};
    if (::lstat(at.c_str(), &st) == 0 && std::binary_search(ids.begin(), ids.end(), FileId{st.st_dev, st.st_ino}))
      return true;
    if (at == "/") return false;
  }
  return false;
}

}  // namespace patchbay::workspace
