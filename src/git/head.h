#pragma once

#include "git/layout.h"

namespace patchbay::git {

/// HEAD; `upstream` says whether to look for the upstream and count commits.
Result<Branch> read_branch(git_repository* repo, bool upstream);
std::optional<std::string> default_branch(git_repository* repo);
std::optional<std::string> head_subject(git_repository* repo);
Result<std::vector<Commit>> read_log(git_repository* repo, int max_commits);
/// Commit that a commit-ish names. kInvalidArgument for text that cannot be a revision, kNotFound.
Result<CommitHandle> find_commit(git_repository* repo, const std::string& revision);

}  // namespace patchbay::git
