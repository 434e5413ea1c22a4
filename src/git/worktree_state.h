#pragma once

#include "git/layout.h"
#include "git/scan.h"
#include "patchbay/os/fd.h"

namespace patchbay::git {

/// Repository settings that decide how working files compare.
struct Settings {
  bool trust_mode = true;
  GlobalIgnores ignores;
};
Settings read_settings(git_repository* repo, const std::string& common_dir);

/// The three sides of one checkout, ready for comparing. Not copyable: entries point into `index`.
struct Checkout {
  os::Fd root;
  Settings settings;
  IndexFile index;
};
/// `index_file` differs from the repository's own for a linked worktree seen from its base.
Result<Checkout> open_checkout(git_repository* repo, const std::string& common_dir, const std::string& root,
                               const std::string& index_file);
Result<Checkout> open_checkout(const Repo& repo);

/// Tree of HEAD; null handle on an unborn branch.
Result<TreeHandle> head_tree(git_repository* repo);

/// Joins the target's sub-directory and a caller's literal path into a scope below the toplevel.
/// kInvalidArgument for absolute paths and "..".
Result<std::string> scope_of(const Layout& layout, const std::string& file_path);
/// A path below the toplevel as seen from the sub-directory that the target names.
std::string from_subdir(const Layout& layout, std::string_view path);

/// True for a path that may be written or listed: relative, no empty, ".", ".." or ".git" component in any
/// of its disguises.
bool is_clean_path(std::string_view path);

}  // namespace patchbay::git
