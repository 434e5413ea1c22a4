#pragma once

#include "git/flat_tree.h"

namespace patchbay::git {

struct CheckedOut {
  std::vector<IndexEntry> entries;  ///< with stat data; paths point into the FlatTree
  std::uint64_t bytes = 0;
};

/// Writes every file of `tree` below the empty directory `root` as it is stored: no filter, no hook. Blobs
/// are read and files written by several threads, each with its own view of the repository.
Result<CheckedOut> check_out(const std::string& git_dir, const FlatTree& tree, int root);

/// How many files of the tree have a `filter` attribute, by the tree's own .gitattributes files and
/// `info/attributes`.
std::uint64_t count_filtered(git_repository* repo, const std::string& common_dir, const FlatTree& tree);

}  // namespace patchbay::git
