#pragma once

#include <chrono>
#include <memory>

#include "patchbay/git/diff.h"
#include "patchbay/git/integration.h"
#include "patchbay/git/snapshot.h"
#include "patchbay/git/status.h"
#include "patchbay/git/types.h"
#include "patchbay/git/worktree.h"

namespace patchbay::git {

struct ClientOptions {
  std::vector<std::string> helper;  ///< argv of the helper program, for example {self, "git-helper"}
  int max_helpers = 8;
  std::chrono::milliseconds idle_end{60'000};         ///< helpers beyond the first end after this
  std::chrono::milliseconds read_deadline{10'000};    ///< status, diff and other reads
  std::chrono::milliseconds write_deadline{120'000};  ///< snapshot, checkout, plan, apply
};

/// Git for the whole program: every call runs in a helper process with a deadline, so that no repository,
/// however hostile, can hang or crash the owner (SEC:G3).
///
/// Threads: call from any thread; calls run side by side up to `max_helpers`, further ones wait for a free
/// helper inside their deadline.
/// Ownership: owns the helpers; they end with the Client, and with the process that made it.
/// Errors: kTimeout when the deadline passed (the helper is killed), kNotAGitRepository, kRepoLayoutUnsafe,
/// kRepoUntrusted (owned by another user), kRepoBusy (index or ref locked by another program, or the lock
/// file held past the deadline), kGitError for damage libgit2 reports, kSpawnFailed, kDiskFull, kIoError.
class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // ---- reads ------------------------------------------------------------------------------------------
  Result<Layout> discover(const Target& target);
  /// HEAD without looking at any file.
  Result<Branch> head(const Target& target);
  Result<Summary> summary(const Target& target, std::size_t max_entries = 100);
  Result<StatusReport> status(const Target& target, const StatusOptions& options = {});
  Result<std::vector<Commit>> log(const Target& target, int max_commits);
  Result<Diff> diff(const Target& target, const DiffOptions& options);
  /// Tracked paths below the target's path whose last component is one of `names` (empty: all), sorted.
  Result<std::vector<std::string>> tracked_files(const Target& target, const std::vector<std::string>& names,
                                                 std::size_t max_files);
  /// Resolves a commit-ish; kNotFound when it names none.
  Result<ObjectId> resolve_commit(const Target& target, const std::string& revision);
  /// Tree of a commit.
  Result<ObjectId> tree_of(const Target& target, const ObjectId& commit);

  // ---- worktrees: `base` is the repository they belong to ----------------------------------------------
  /// All or nothing: after an error neither directory, branch nor registration is left.
  /// kInvalidState on an unborn branch, kAlreadyExists, kNotFound for the commit.
  Result<Worktree> add_worktree(const Target& base, const WorktreeSpec& spec);
  /// Copies untracked files of the target as they are: no link is followed or copied, nothing is overwritten. After an
  /// error some files may have been copied.
  Result<Copied> copy_files(const Target& base, const CopySpec& spec);
  /// Removes directory, registration and branch; what is already gone is no error.
  Status remove_worktree(const Target& base, const WorktreeRemoval& removal);
  Result<std::vector<WorktreeInfo>> list_worktrees(const Target& base);

  // ---- snapshots and what they changed -----------------------------------------------------------------
  Result<Snapshot> snapshot(const Target& base, const SnapshotSpec& spec);
  Result<std::vector<Pin>> list_pins(const Target& base, PinKind kind, const std::string& worker_id = {});
  /// Deletes old pins; returns how many.
  Result<int> prune_pins(const Target& base, const PinPruning& pruning);
  /// A worktree with the state that a pin holds: HEAD at the worker's own commit, the rest as changes.
  Result<Worktree> restore_pin(const Target& base, const std::string& ref, const WorktreeSpec& spec);
  Result<Changes> changes(const Target& base, const ObjectId& baseline, const ObjectId& snapshot);
  /// Patch text between two trees, of one file (with its old name when renamed) or of all.
  Result<Diff> tree_diff(const Target& base, const ObjectId& baseline, const ObjectId& snapshot,
                         const std::string& file_path, const PatchPage& page);
  Result<Blob> blob(const Target& base, const ObjectId& tree, const std::string& path, std::uint64_t offset,
                    std::uint64_t max_bytes);

  // ---- integration -------------------------------------------------------------------------------------
  Result<IntegrationPlan> plan(const Target& base, const IntegrationSpec& spec);
  /// kPatchConflict, kUnsafeChange, kContentTooLarge, kPatchChanged with nothing changed; after any other
  /// error the base is as before, except kIntegrationOutcomeUnknown: the journal stays and says why.
  Result<Applied> apply(const Target& base, const ApplySpec& spec);
  /// Finishes or undoes an apply that was cut short. Call for every journal found at start.
  Result<Recovery> recover(const std::string& journal_path);

  /// Helper processes alive now.
  int helper_count() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace patchbay::git
