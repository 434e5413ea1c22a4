#pragma once

#include "git/handle.h"
#include "git/index_file.h"

namespace patchbay::git {

/// One file, symlink or submodule of a tree.
struct FlatEntry {
  std::string path;
  unsigned mode = 0;
  git_oid id{};
};

/// A tree with its directories opened up, sorted by path bytes. `cache` describes the same directories as
/// an index's tree cache.
struct FlatTree {
  std::vector<FlatEntry> entries;
  CachedTree cache;
  std::vector<std::string> directories;  ///< parents before children
};

/// kGitError for trees whose names could lead out of a directory or into `.git`.
Result<FlatTree> flatten(git_repository* repo, const git_oid& tree);

/// Writes the tree objects for these entries (sorted by path) and returns the root's id. Directories whose
/// node in `cache` (may be null) is valid and that are not in `dirty` are taken from there unread.
Result<git_oid> write_tree(git_repository* repo, const std::vector<FlatEntry>& entries, const CachedTree* cache,
                           const std::set<std::string>& dirty);

}  // namespace patchbay::git
