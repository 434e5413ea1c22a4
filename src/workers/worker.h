#pragma once

#include <memory>
#include <string>
#include <vector>

#include "patchbay/jobs/record.h"

namespace patchbay::workers {

enum class WorkspaceMode { kIsolatedWrite, kReadOnly, kSharedWrite };
std::string_view name_of(WorkspaceMode mode);
/// Canonical names and the accepted aliases (workers.md 5.4).
std::optional<WorkspaceMode> parse_workspace_mode(std::string_view text);

// Private option keys of a worker's jobs (workers.md 1.4).
namespace key {
inline constexpr char kId[] = "_worker_id";
inline constexpr char kName[] = "_worker_name";
inline constexpr char kMode[] = "_worker_workspace_mode";
inline constexpr char kBase[] = "_worker_base_repo_path";
inline constexpr char kWorktree[] = "_worker_worktree_path";
inline constexpr char kBranch[] = "_worker_branch_name";
inline constexpr char kBaseRevision[] = "_worker_base_revision";
inline constexpr char kStartTree[] = "_worker_start_tree";
inline constexpr char kDiscarded[] = "_worker_workspace_discarded";
inline constexpr char kModel[] = "_worker_model";
inline constexpr char kEffort[] = "_worker_reasoning_effort";
inline constexpr char kStartDigest[] = "_worker_start_digest";
inline constexpr char kIntegratedAt[] = "_worker_integrated_at";
inline constexpr char kIntegratedFiles[] = "_worker_integrated_changed_files";
inline constexpr char kIntegratedSha[] = "_worker_integrated_patch_sha256";
inline constexpr char kIntegratedTree[] = "_worker_integrated_tree";
inline constexpr char kIntegratedMerged[] = "_worker_integrated_merged";
inline constexpr char kIntegratedToken[] = "_worker_integrated_token";
inline constexpr char kIntegrating[] = "_worker_integrating";
inline constexpr char kOutcomeUnknown[] = "_worker_integration_outcome_unknown";
}  // namespace key

/// Where workers work; shared by all of one repository.
struct Place {
  std::string base_repo, workspace_id;
};
/// The repository that a job's worker was started in.
std::string base_repo_of(const jobs::JobRecord& job);

/// A worker: all jobs that carry its id, oldest first, never empty. Immutable.
class Worker {
 public:
  Worker(std::vector<jobs::JobPtr> turns, std::shared_ptr<const Place> place);

  const std::vector<jobs::JobPtr>& turns() const { return turns_; }
  const jobs::JobRecord& latest() const { return *turns_.back(); }

  const std::string& id() const { return *id_; }
  const std::string& name() const { return *name_; }
  const std::string& folded_name() const { return folded_name_; }
  WorkspaceMode mode() const { return mode_; }
  const std::string& base_repo() const { return place_->base_repo; }
  const std::string& workspace_id() const { return place_->workspace_id; }
  bool isolated() const { return mode_ == WorkspaceMode::kIsolatedWrite; }
  /// State of the latest turn; like the next three kept here, because lists look at them in ten thousand workers.
  jobs::JobState state() const { return state_; }
  bool active() const { return !jobs::is_terminal(state_); }
  /// Processes of some turn are not proven gone.
  bool unresolved() const { return unresolved_; }
  bool discarded() const;
  std::string worktree() const { return latest().option(key::kWorktree); }
  std::string branch() const { return latest().option(key::kBranch); }
  std::string base_revision() const { return latest().option(key::kBaseRevision); }
  std::string_view start_digest() const;  ///< of the first turn; empty when it was started without one
  /// Tree with the untracked files that came along, or empty: then the worker started from base_revision().
  std::string start_tree() const { return latest().option(key::kStartTree); }
  std::string session() const;  ///< of the newest turn that has one
  std::string model() const;    ///< of the newest turn that has one
  std::string reasoning_effort() const;
  /// The newest turn with this private key, or null.
  const jobs::JobRecord* newest_with(const char* option) const;
  double last_activity() const { return last_activity_; }
  double created_at() const { return created_at_; }
  /// The newest completed turn before the latest one, or null.
  const jobs::JobRecord* previous_completed() const;

 private:
  std::vector<jobs::JobPtr> turns_;
  std::shared_ptr<const Place> place_;
  const std::string *id_, *name_;  ///< into the options of the latest turn
  std::string folded_name_;
  WorkspaceMode mode_ = WorkspaceMode::kIsolatedWrite;
  jobs::JobState state_;
  bool unresolved_;
  double created_at_, last_activity_;
};

using WorkerPtr = std::shared_ptr<const Worker>;

}  // namespace patchbay::workers
