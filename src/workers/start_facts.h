#pragma once

#include "workers/core.h"
#include "workers/worker.h"

namespace patchbay::workers {

/// Names of files in a start's reply.
inline constexpr std::size_t kShownStartFiles = 50;
/// The first of them, printable.
Strings shown_files(const Strings& paths);

/// What the reply to an accepted start says of the checkout and of the new worktree; nothing where it is not known
/// (yet).
struct StartFacts {
  std::optional<std::string> base_revision;
  std::optional<bool> base_dirty;
  std::optional<Strings> base_files;
  std::optional<int> filtered_files;
  std::optional<Strings> submodules, copied_files;
  std::string left_out;  ///< sentence on untracked files that did not come along

  /// Fills in the reply's members and its note.
  void tell(WorkspaceMode mode, TurnReply& reply) const;
};

}  // namespace patchbay::workers
