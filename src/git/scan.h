#pragma once

#include "git/ignore.h"
#include "git/index_file.h"
#include "patchbay/git/snapshot.h"

namespace patchbay::git {

struct ScanOptions {
  std::string scope;               ///< file or directory below the toplevel; "" is everything
  bool untracked = true;           ///< look for untracked files at all
  bool each_untracked = false;     ///< list every file, not "dir/" for a directory without tracked ones
  bool trust_mode = true;          ///< core.fileMode
  std::vector<std::string> prune;  ///< directories below the toplevel whose untracked content is skipped
  std::string common_dir;          ///< of the repository; "": submodules count as unchanged
  bool assume_unchanged = true;    ///< believe entries that are marked so, as git does
  bool submodule_work = false;     ///< report submodules that hold uncommitted work as special
};

/// A tracked path whose working file is not what the index says.
struct TrackedChange {
  const IndexEntry* entry = nullptr;
  char letter = 'M';  ///< M, D, T; A for an intent to add
  unsigned mode = 0;  ///< git mode on disk, 0 when gone
  git_oid commit{};   ///< of a submodule: the commit that is checked out
};

struct UntrackedPath {
  std::string path;   ///< without a trailing slash
  unsigned mode = 0;  ///< 0 for a directory
};

/// All lists are sorted by path bytes.
struct ScanResult {
  std::vector<TrackedChange> changes;
  std::vector<UntrackedPath> untracked;
  std::vector<SpecialFile>
      special;  ///< FIFOs, sockets, devices, nested repositories, unreadable directories, submodules
};

/// Compares the working files below `root` (a descriptor of the toplevel) with the index.
///
/// One pass over the directories: each is listed once, its tracked files are stat'ed relative to it, the
/// rest is held against the ignore rules. Directories are shared out to several threads. Files are read
/// only when their stat data differs and their size does not. No symlink is followed and nothing but
/// regular files is opened. A submodule is changed when another commit is checked out in it.
Result<ScanResult> scan_worktree(int root, const IndexFile& index, const GlobalIgnores& ignores,
                                 const ScanOptions& options);

/// The id a file's bytes (or a symlink's target) have as a blob; nothing when it cannot be read as one.
std::optional<git_oid> hash_entry(int dir, const std::string& name);

/// True when `path` is `prefix` or below it, letter case ignored.
bool is_below_ignoring_case(std::string_view prefix, std::string_view path);

}  // namespace patchbay::git
