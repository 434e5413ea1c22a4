#pragma once

#include "patchbay/git/types.h"

namespace patchbay::git {

/// A new worktree at a directory outside of every repository, on a new branch.
struct WorktreeSpec {
  std::string directory{};  ///< absolute; must not exist, its parent must
  std::string branch{};     ///< for example "codex/worker-wrk-1a2b"; kAlreadyExists when taken
  std::string commit{};     ///< commit-ish; empty: HEAD
  std::string lock_path{};  ///< file lock of the common directory, taken around ref and metadata changes
  /// The git program checks the files out, so that filter drivers such as LFS run (workers.git_filters).
  /// The one place where a program that the repository names may be started; hooks stay off. kRepoUntrusted when the
  /// repository's own configuration has more than the filter driver `lfs` and settings that start nothing.
  bool git_filters = false;
};

struct Worktree {
  std::string directory, branch;
  ObjectId commit, tree;
  std::uint64_t files = 0, bytes = 0;
  std::uint64_t filtered_files = 0;     ///< have a `filter` attribute (LFS and such), left as stored
  std::vector<std::string> submodules;  ///< paths left as empty directories
};

struct WorktreeRemoval {
  std::string directory{};
  std::string branch{};     ///< deleted too when not empty and no other checkout stands on it
  std::string lock_path{};  ///< as in WorktreeSpec
};

/// Which untracked files of the target come into a new worktree of its repository.
struct CopySpec {
  std::string directory{};           ///< the worktree
  std::vector<std::string> paths{};  ///< relative to the target's path
  std::uint64_t max_bytes = 0;       ///< of all files together; more is kContentTooLarge
};

struct Copied {
  std::vector<std::string> files;    ///< of `paths`
  std::vector<std::string> skipped;  ///< of `paths`: no regular files, gone meanwhile, or in the worktree already
  std::uint64_t bytes = 0;
};

struct WorktreeInfo {
  std::string name, directory;
  std::optional<std::string> branch;
  ObjectId head;
  bool present = false;  ///< the directory exists
};

}  // namespace patchbay::git
