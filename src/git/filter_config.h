#pragma once

#include "git/layout.h"

namespace patchbay::git {

/// Whether the git program may be started in a worktree of this repository with its own configuration in force: every
/// setting is known to start nothing, except the filter driver `lfs`. kRepoUntrusted names the first that is not.
Status check_filter_config(const Repo& repo);

}  // namespace patchbay::git
