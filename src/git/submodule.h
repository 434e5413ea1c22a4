#pragma once

#include <git2.h>

#include <optional>
#include <string>

#include "git/ignore.h"
#include "patchbay/os/fd.h"

namespace patchbay::git {

/// A submodule's folder, as far as its own files tell. None of its configuration is read and nothing of it is run.
class Submodule {
 public:
  /// The folder `name` in the directory `parent`. Its git directory must lie in the folder itself or below `common_dir`
  /// (SEC:G2); otherwise nothing is known of its commit.
  Submodule(int parent, const std::string& name, const std::string& common_dir);

  /// The commit that is checked out; nothing when it cannot be told.
  std::optional<git_oid> head() const;
  /// Whether the folder holds something that the commit it stands at does not: files without a repository, changed or
  /// untracked files, staged ones. What cannot be told counts as held.
  bool holds_uncommitted(const GlobalIgnores& ignores) const;

 private:
  os::Fd folder_, git_dir_;
};

}  // namespace patchbay::git
