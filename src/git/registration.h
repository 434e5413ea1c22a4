#pragma once

#include "git/layout.h"

namespace patchbay::git {

/// The entry that the common directory keeps for a linked worktree. Found from the base's side: what the
/// worktree's own `.git` file says is the worker's to forge.
struct Registration {
  std::string name;
  std::string admin_dir;  ///< <common>/worktrees/<name>
  std::string directory;  ///< the worktree
};

Result<std::vector<Registration>> list_registrations(const std::string& common_dir);
/// kWorkspaceUnavailable when no worktree of the repository lies at `directory`.
Result<Registration> find_registration(const std::string& common_dir, const std::string& directory);

/// HEAD of a linked worktree: branch (absent when detached) and commit (empty when unborn).
struct WorktreeHead {
  std::optional<std::string> branch;
  ObjectId commit;
};
Result<WorktreeHead> read_worktree_head(git_repository* repo, const Registration& registration);

}  // namespace patchbay::git
