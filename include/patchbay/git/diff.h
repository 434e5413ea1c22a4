#pragma once

#include "patchbay/git/types.h"

namespace patchbay::git {

/// What is compared with what.
enum class DiffSides {
  kUnstaged,  ///< index -> working files
  kStaged,    ///< HEAD -> index
  kBase,      ///< a commit -> working files (index and untracked files count)
};

/// A page of patch text. The cursor is opaque: pass back what the page before returned. It is kInvalidArgument when the
/// file it stands in differs otherwise now, as it does with another comparison.
struct PatchPage {
  std::size_t max_bytes = 200'000;  ///< 0: no text at all, only the file list and totals
  std::string cursor{};             ///< empty: from the start
  int context_lines = 3;            ///< 0..20
};

struct DiffOptions {
  DiffSides sides = DiffSides::kUnstaged;
  std::string base{};             ///< commit-ish, for kBase only; kInvalidArgument when it names no commit
  std::string file_path{};        ///< literal file or directory relative to the target's path; empty: all
  bool include_untracked = true;  ///< for sides that end in working files: untracked files are additions
  PatchPage page{};
  std::size_t max_files = 5000;  ///< files listed; the totals cover all
  /// Paths as in DiffFile whose content stays out: listed and named in the text, but neither shown nor counted.
  std::vector<std::string> withheld = {};
};

/// One changed file. `status` is one of A, M, D, R, T.
struct DiffFile {
  std::string path;
  std::optional<std::string> old_path;
  char status = 'M';
  bool untracked = false;
  bool binary = false;  ///< also for files too large to compare line by line
  int additions = 0, deletions = 0;
  unsigned old_mode = 0, new_mode = 0;  ///< git modes (0100644, 0100755, 0120000, 0160000), 0 for none
};

struct Diff {
  std::vector<DiffFile> files;
  bool files_truncated = false;
  std::size_t file_count = 0;
  std::int64_t additions = 0, deletions = 0;  ///< exact, over the whole diff, unless `totals_partial`
  bool totals_partial = false;                ///< the time budget ended before every file was compared
  std::string text;                           ///< this page; bytes as in the files, secrets replaced
  int redactions = 0;                         ///< so many of them in `text`
  std::size_t total_bytes = 0;                ///< of the whole patch text when every file was rendered
  bool truncated = false;                     ///< more follows at `next_cursor`, or one hunk was cut
  std::optional<std::string> next_cursor;
};

}  // namespace patchbay::git
