#include "git/file_state.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "git/merge.h"
#include "git/tree_fs.h"
#include "patchbay/base/hash.h"

namespace patchbay::git {
namespace {

using Blocked = FileState::Blocked;

// Which parent of `path` is in the way.
void find_blocker(int root, const std::string& path, FileState& out) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    const auto [above, name] = split_path(parent);
    const os::Fd dir = open_dir_beneath(root, above);
    struct stat st {};
    if (!dir || ::fstatat(dir.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISDIR(st.st_mode)) continue;
    out.blocked = S_ISLNK(st.st_mode) ? Blocked::kParentIsLink : Blocked::kParentIsFile;
    out.blocker = parent;
    return;
  }
}

}  // namespace

bool FileState::same_text_as(unsigned other_mode, const git_oid& other_id) const {
  if (same_as(other_mode, other_id)) return true;
  return mode == other_mode && comparable() && (mode & 0170000) == 0100000 && is_with_lf(bytes, other_id);
}

bool is_with_lf(std::string_view bytes, const git_oid& id) {
  const git_oid with_line_feeds = blob_id(with_lf(bytes));
  return git_oid_equal(&with_line_feeds, &id) != 0;
}

Result<FileState> read_state(int root, const std::string& path, std::size_t limit) {
  FileState out;
  const auto [parent, name] = split_path(path);
  const os::Fd dir = open_dir_beneath(root, parent);
  if (!dir) {
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) return errno_error(errno, "reading a directory", parent);
    find_blocker(root, path, out);
    return out;
  }
  struct stat st {};
  auto bytes = read_entry(dir.get(), name, limit, &st);
  if (bytes.ok()) {
    out.mode = git_mode(st);
    out.permissions = st.st_mode & 0777;
    out.bytes = std::move(bytes).value();
    out.id = blob_id(out.bytes);
    return out;
  }
  switch (bytes.error().code) {
    case ErrorCode::kNotFound: return out;
    case ErrorCode::kFileTooLarge: out.blocked = Blocked::kTooLarge; return out;
    case ErrorCode::kPathSpecialFile:
      out.blocked = S_ISDIR(st.st_mode) ? Blocked::kDirectory : Blocked::kSpecial;
      return out;
    default: return std::move(bytes).error();
  }
}

git_oid blob_id(std::string_view bytes) {
  Sha1 sum;
  sum.update("blob " + std::to_string(bytes.size()) + std::string(1, '\0'));
  sum.update(bytes);
  git_oid id{};
  git_oid_fromraw(&id, reinterpret_cast<const unsigned char*>(sum.finish().data()));
  return id;
}

}  // namespace patchbay::git
