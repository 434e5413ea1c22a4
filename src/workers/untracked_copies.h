#pragma once

#include "workers/core.h"

namespace patchbay::workers {

/// Which untracked files of the checkout a start brings along (workers.md 5.5, include_untracked_from_base).
struct UntrackedChoice {
  Strings paths;      ///< relative to the caller's workspace, to be copied
  Strings blocked;    ///< matched, and blocked by security.blocked_globs
  Strings unmatched;  ///< globs that match no untracked file
};

/// Matches the globs against the untracked files below the workspace; ignored files are none. kInvalidArgument for a
/// glob that is not relative, kContentTooLarge for more than 1,000 files.
Result<UntrackedChoice> choose_untracked(Core& self, const git::Target& base, const git::Layout& layout,
                                         const Strings& globs);

/// What of the choice has arrived.
struct UntrackedCopies {
  Strings files, skipped;
  git::ObjectId start_tree;  ///< what the worker starts from: its commit and the copies; empty when there are none
};

/// Copies the files into the new worktree, at most 64 MiB, and pins what the worker starts from, so that a copy counts
/// as changed only once the worker changes it.
Result<UntrackedCopies> copy_untracked(Core& self, const git::Target& base, const Strings& paths,
                                       const git::SnapshotSpec& worktree);

/// One sentence on files that were left out; empty when there are none.
std::string left_out_sentence(const UntrackedChoice& choice, const Strings& skipped);

}  // namespace patchbay::workers
