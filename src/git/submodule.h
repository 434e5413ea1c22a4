#pragma once

#include <git2.h>

#include <optional>
#include <string>

#include "git/ignore.h"

namespace patchbay::git {

/// A submodule's folder, as far as its own files tell. None of its configuration is read and nothing of it is run.
struct SubmoduleState {
  bool empty = true;            ///< nothing lies in the folder: it is not checked out
  std::optional<git_oid> head;  ///< the commit that is checked out; nothing when it cannot be told
};

/// Looks at the folder `name` in the directory `parent`. Its git directory must lie in the folder itself or below
/// `common_dir` (SEC:G2); otherwise nothing is known of its commit.
SubmoduleState look_at_submodule(int parent, const std::string& name, const std::string& common_dir);

/// Whether the folder holds something that the commit it stands at does not: files without a repository, changed or
/// untracked files, staged ones. What cannot be told counts as held.
bool holds_uncommitted(int parent, const std::string& name, const std::string& common_dir, const GlobalIgnores& ignores);

}  // namespace patchbay::git
