#pragma once

#include "patchbay/git/types.h"

namespace patchbay::git {

struct StatusOptions {
  /// Only this file or directory, relative to the target's path. A literal name, no pattern. Empty: all.
  std::string file_path{};
  std::size_t max_entries = 500;
  /// False: a directory with only untracked files is one entry "dir/". A repository inside of this one is so always.
  bool each_untracked_file = false;
  bool renames = true;   ///< staged renames; else they show as A and D
  bool upstream = true;  ///< fill upstream, ahead, behind
};

/// One changed path, relative to the target's path. Letters as in `git status --porcelain`: index and
/// worktree each one of ' ', 'M', 'A', 'D', 'R', 'T', 'U'; untracked is '?', '?'.
struct StatusEntry {
  std::string path;
  char index = ' ';
  char worktree = ' ';
  std::optional<std::string> orig_path;  ///< of a rename; both ends lie in scope
};

struct StatusCounts {
  int staged = 0, unstaged = 0, untracked = 0, conflicted = 0;
  bool any() const { return staged + unstaged + untracked + conflicted > 0; }
};

/// Entries are sorted by path, untracked ones after the tracked ones as git prints them.
struct StatusReport {
  Layout layout;
  Branch branch;
  StatusCounts counts;  ///< of everything in scope, also beyond `max_entries`
  std::vector<StatusEntry> entries;
  bool truncated = false;
};

/// What somebody who sees a repository for the first time wants to know.
struct Summary {
  StatusReport status;
  std::optional<std::string> default_branch;  ///< of origin/HEAD, else init.defaultBranch, main or master
  std::optional<std::string> head_subject;    ///< absent on an unborn branch
};

/// "XY path" with a rename as "XY old -> new", as porcelain shows it, unquoted bytes.
std::string short_line(const StatusEntry& entry);

}  // namespace patchbay::git
