#pragma once

#include "git/handle.h"
#include "git/index_file.h"

namespace patchbay::git {

/// A path at which a tree and the index differ.
struct StagedChange {
  std::string path;
  char letter = 'M';  ///< A, M, D, T as seen going from the tree to the index
  unsigned old_mode = 0, new_mode = 0;
  git_oid old_id{}, new_id{};
};

/// Differences between a tree (null: the empty tree) and the index, sorted by path, inside `scope` ("":
/// all). Subtrees that the index's tree cache knows to be equal are not read. Conflicted paths and
/// intents to add are no differences.
Result<std::vector<StagedChange>> compare_tree_with_index(git_repository* repo, const git_tree* tree,
                                                          const IndexFile& index, const std::string& scope);

/// True when `path` is `scope` or below it; everything is in scope "".
bool in_scope(std::string_view scope, std::string_view path);

}  // namespace patchbay::git
