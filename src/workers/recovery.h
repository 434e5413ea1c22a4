#pragma once

#include "workers/core.h"

namespace patchbay::workers {

/// Where the journal of a worker's integration lies while it is needed.
std::string journal_path(const Core& self, const std::string& worker_id);

/// Turns the recorded intent into a recorded integration.
void mark_integrated(jobs::JobRecord& record, const std::string& token_digest, double now);

/// Remembers which patch a caller was shown.
void remember_preview(Core& self, const Actor& actor, const std::string& worker_id,
                      const std::string& patch_sha256);

/// Finishes integrations and worktrees that a crash interrupted.
void recover_integrations(Core& self);
void recover_worktrees(Core& self);

/// Deletes the snapshots past their retention; returns how many. A repository that cannot be read is passed over.
int prune_snapshots(Core& self);

}  // namespace patchbay::workers
