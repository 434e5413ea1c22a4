#pragma once

#include "patchbay/git/diff.h"
#include "patchbay/git/integration.h"
#include "patchbay/git/snapshot.h"
#include "patchbay/git/status.h"
#include "patchbay/git/worktree.h"

/// What the helper process can do: each function opens the repository, works and returns. They run no
/// program and keep no state, but may block for ever on a hostile repository: only the helper calls them.
/// Contracts are those of git::Client.
namespace patchbay::git::ops {

Result<Layout> discover(const Target& target);
Result<Branch> head(const Target& target);
Result<Summary> summary(const Target& target, std::size_t max_entries);
Result<StatusReport> status(const Target& target, const StatusOptions& options);
Result<std::vector<Commit>> log(const Target& target, int max_commits);
Result<Diff> diff(const Target& target, const DiffOptions& options);
Result<std::vector<std::string>> tracked_files(const Target& target, const std::vector<std::string>& names,
                                               std::size_t max_files);
Result<ObjectId> resolve_commit(const Target& target, const std::string& revision);
Result<ObjectId> tree_of(const Target& target, const ObjectId& commit);

Result<Worktree> add_worktree(const Target& base, const WorktreeSpec& spec);
Result<Copied> copy_files(const Target& base, const CopySpec& spec);
Status remove_worktree(const Target& base, const WorktreeRemoval& removal);
Result<std::vector<WorktreeInfo>> list_worktrees(const Target& base);

Result<Snapshot> snapshot(const Target& base, const SnapshotSpec& spec);
Result<std::vector<Pin>> list_pins(const Target& base, PinKind kind, const std::string& worker_id);
Result<int> prune_pins(const Target& base, const PinPruning& pruning);
Result<Worktree> restore_pin(const Target& base, const std::string& ref, const WorktreeSpec& spec);
/// Last part of add_worktree and restore_pin with filters, when the git program has filled HEAD in. What the pin `ref`
/// has otherwise is put over it (an empty one: nothing), and files are as the index says whenever they were written.
Status finish_filtered(const Target& base, const std::string& directory, const std::string& ref);
Result<Changes> changes(const Target& base, const ObjectId& baseline, const ObjectId& snapshot);
Result<Diff> tree_diff(const Target& base, const ObjectId& baseline, const ObjectId& snapshot,
                       const std::string& file_path, const PatchPage& page);
Result<Blob> blob(const Target& base, const ObjectId& tree, const std::string& path, std::uint64_t offset,
                  std::uint64_t max_bytes);

Result<IntegrationPlan> plan(const Target& base, const IntegrationSpec& spec);
Result<Applied> apply(const Target& base, const ApplySpec& spec);
Result<Recovery> recover(const std::string& journal_path);

}  // namespace patchbay::git::ops
