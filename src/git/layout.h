#pragma once

#include "git/handle.h"

namespace patchbay::git {

/// An opened repository whose parts were checked to lie where they may (SEC:G2). One request, one thread.
struct Repo {
  Layout layout;
  RepositoryHandle handle;
  git_repository* get() const { return handle.get(); }
};

/// Finds the repository of `target` without opening it. kNotAGitRepository when there is none between the
/// path and its ceiling, or only a bare one; kRepoLayoutUnsafe when a part lies outside or is a special
/// file. Reads nothing but the names of the parts, `.git`, `commondir` and the alternates file.
Result<Layout> find_layout(const Target& target);

/// find_layout, then libgit2, then the comparison of both views. kRepoUntrusted for a foreign owner.
Result<Repo> open_repo(const Target& target);

/// True when `path` lies below one of the directories (component-wise).
bool is_below_any(const std::vector<std::string>& directories, const std::string& path);

}  // namespace patchbay::git
