#pragma once

#include "workers/core.h"

namespace patchbay::workers {

/// Where the journal of a worker's integration lies while it is needed.
std::string journal_path(const Core& self, const std::string& worker_id);

/// Turns the recorded intent into a recorded integration.
void mark_integrated(jobs::JobRecord& record, double now);

/// Settles an integration of this worker that was cut short, if there is one; true when records changed. The caller
/// keeps other operations from the worker and holds the checkout's lock.
bool recover_integration(Core& self, const Worker& worker);

/// Remembers which patch a caller was shown.
void remember_preview(Core& self, const Actor& actor, const std::string& worker_id, const std::string& patch_sha256);

/// Finishes integrations and worktrees that a crash interrupted.
void recover_integrations(Core& self);
void recover_worktrees(Core& self);

/// Deletes the snapshots past their retention; returns how many. A repository that cannot be read is passed over.
int prune_snapshots(Core& self);

}  // namespace patchbay::workers
