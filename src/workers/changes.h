#pragma once

#include "workers/core.h"

namespace patchbay::workers {

/// What an isolated worker has changed since its baseline: what it started from, or what was integrated last.
struct WorkerChanges {
  git::Snapshot snapshot;
  git::ObjectId baseline;  ///< tree
  git::Changes changes;
};

/// The tree that the worker's changes are counted from.
Result<git::ObjectId> baseline_of(Core& self, const Worker& worker);

/// Takes a snapshot of the worktree. kWorkspaceUnavailable, kNotIsolated, and what git reports.
Result<WorkerChanges> worker_changes(Core& self, const Worker& worker);

/// Patch text of one file, or of all with an empty path.
Result<git::Diff> worker_diff(Core& self, const Worker& worker, const WorkerChanges& changes,
                              const std::string& file_path, const git::PatchPage& page);

/// "a (fifo), b (repository) and 3 more"; empty for none.
std::string named(const std::vector<git::SpecialFile>& files);

/// One change as clients see it.
Json change_json(const git::Change& change);

}  // namespace patchbay::workers
