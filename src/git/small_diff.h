#pragma once

#include "git/handle.h"
#include "git/staged.h"

namespace patchbay::git {

/// Files larger than this are never compared line by line.
inline constexpr std::size_t kMaxComparedFile = 16u << 20;

/// libgit2's diff of just these paths: every content is a blob that `repo` can read (see MemoryObjects).
/// Renames are paired by content.
Result<DiffHandle> diff_of_changes(git_repository* repo, const std::vector<StagedChange>& changes, int context_lines);

/// Pairs deletions with additions of similar content: new path -> old path. Reads nothing when there are
/// not both.
Result<std::map<std::string, std::string>> find_renames(git_repository* repo, const std::vector<StagedChange>& changes);

/// Options every diff of ours uses: type changes as such, size limit.
git_diff_options diff_options(int context_lines);
Status pair_renames(git_diff* diff);

/// Blobs that exist in memory only: what is written through it is readable through the repository as long
/// as both live, and never reaches the disk.
class MemoryObjects {
 public:
  static Result<MemoryObjects> attach(git_repository* repo);
  Result<git_oid> add(std::string_view bytes);

 private:
  OdbHandle odb_;
};

}  // namespace patchbay::git
