#include "workers/start_facts.h"

#include "patchbay/base/text.h"

namespace patchbay::workers {
namespace {

std::string note_of(WorkspaceMode mode, const StartFacts& facts) {
  std::string note = mode == WorkspaceMode::kIsolatedWrite
                         ? "The worker has a worktree of its own; nothing reaches the checkout before you integrate."
                     : mode == WorkspaceMode::kSharedWrite
                         ? "The worker writes the checkout itself and is its only writer until the turn ends."
                         : "The worker only reads.";
  const bool copies = facts.copied_files && !facts.copied_files->empty();
  if (facts.base_dirty == true) {
    note += copies ? " The checkout has uncommitted changes; apart from the copies the worker starts without them."
                   : " The checkout has uncommitted changes; the worker starts without them.";
  }
  if (copies) {
    note +=
        " Copies of untracked files are not the worker's changes; one that it changes cannot be integrated before "
        "you commit the original.";
  }
  note += facts.left_out;
  if (facts.submodules) note += " Submodules are not checked out; their folders are empty there.";
  if (facts.filtered_files) {
    note += fmt::format(" {} files are kept by a git filter such as LFS and are plain pointers for the worker.",
                        *facts.filtered_files);
  }
  return note;
}

}  // namespace

Strings shown_files(const Strings& paths) {
  Strings names;
  for (std::size_t i = 0; i < std::min(paths.size(), kShownStartFiles); ++i) names.push_back(display_safe(paths[i]));
  return names;
}

void StartFacts::tell(WorkspaceMode mode, TurnReply& reply) const {
  reply.base_revision = base_revision;
  reply.base_dirty = base_dirty;
  reply.base_changed_files = base_files;
  reply.filtered_files = filtered_files;
  reply.submodules = submodules;
  reply.copied_files = copied_files;
  reply.refusal.note = note_of(mode, *this);
}

}  // namespace patchbay::workers
