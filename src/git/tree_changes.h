#pragma once

#include "git/handle.h"
#include "patchbay/git/snapshot.h"

namespace patchbay::git {

/// What differs between two trees (an empty id is the empty tree), with renames paired.
Result<Changes> compare_trees(git_repository* repo, const ObjectId& before, const ObjectId& after);

/// One path of a tree-to-tree comparison without rename pairing, sorted by path.
struct TreeDelta {
  std::string path;
  unsigned old_mode = 0, new_mode = 0;
  git_oid old_id{}, new_id{};
};
Result<std::vector<TreeDelta>> raw_tree_deltas(git_repository* repo, const ObjectId& before, const ObjectId& after);

/// SHA-256 over the canonical change list.
std::string patch_hash(const std::vector<TreeDelta>& deltas);

Result<TreeHandle> tree_by_id(git_repository* repo, const ObjectId& id);

}  // namespace patchbay::git
