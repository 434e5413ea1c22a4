#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/git/client.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/workspace/repo_lock.h"
#include "patchbay/workspace/roots.h"

namespace patchbay::workers {

struct PlainJobsOptions {
  std::string worktrees_dir;  ///< <home>/runtime/worktrees/jobs
  std::string git_locks_dir;  ///< locks per git common directory
  bool require_git_repo = false;
  bool git_filters = false;
};

/// What a job tool asks for.
struct JobRequest {
  jobs::JobMode mode = jobs::JobMode::kPlan;
  std::string spec;
  std::optional<std::string> repo_path;
  std::string model;
  std::string sandbox;  ///< empty: the default of the mode
  bool structured_output = true;
  Json options = Json::object();  ///< remaining common options, public names
  Json owner = Json::object();    ///< private owner members to store with the job
  /// The credential allows a turn that can write more than a worktree of its own: the checkout, further folders, or,
  /// without a sandbox or with settings of the caller's, anything (SEC:A13).
  bool may_write_base = true;
};

struct StartedJob {
  jobs::JobPtr job;
  std::string base_revision;  ///< apply jobs
  bool base_dirty = false;
};

/// Jobs without a worker: plan jobs on the checkout itself, apply jobs each in a worktree of their own
/// (workers.md 4).
///
/// Threads:  any.
/// Lifetime: destroying it waits for checkouts that are being made; the jobs go on without it.
/// Errors:   those of Roots, git::Client, Jobs and the engine; kRepoBusy with the holder in `detail` as JSON
/// when the
///           base checkout is being written by somebody else; kScopeDenied for a job that would write more than
///           a worktree of its own and may not.
class PlainJobs {
 public:
  PlainJobs(jobs::Jobs& jobs, git::Client& git, workspace::Roots& roots, workspace::RepoLocks& locks,
            runner::Engine& engine, PlainJobsOptions options);

  /// The job is durable when this returns, within about two seconds: a larger checkout goes on in the
  /// background, and then its failure is the job's.
  Result<StartedJob> start(const JobRequest& request);

  /// Diff of one file of a completed apply job against what it started from; kInvalidState for any other job,
  /// kNotFound when unchanged. `file_path` is relative to the repository.
  Result<git::Diff> file_diff(const jobs::JobPtr& job, const std::string& file_path, std::size_t max_bytes);

  /// Removes finished jobs without a worker that ended more than `hours` ago, with their branch and folder.
  /// Apply jobs whose worktree holds changes stay and are marked `retention_blocked`. Returns how many went.
  int remove_old(double hours);

 private:
  struct Plan;
  Result<Plan> check(const JobRequest& request) const;
  Status room() const;
  using Locks = std::shared_ptr<std::vector<workspace::HeldRepoLock>>;
  Result<Locks> lock_for(const Plan& plan) const;
  static std::vector<int> descriptors(const Locks& locks);
  Result<jobs::JobPtr> reserve(const Plan& plan, const Locks& locks);
  Result<StartedJob> start_in_base(const Plan& plan);
  Result<StartedJob> start_in_worktree(const Plan& plan);
  Status make_worktree_and_launch(const Plan& plan, const std::string& job_id, const std::vector<int>& locks);
  git::Target base_target(const std::string& repo_path) const;
  git::Target worktree_target(const jobs::JobRecord& job) const;
  Result<std::string> git_lock_path(const git::Target& base) const;
  bool holds_changes(const jobs::JobRecord& job);
  std::string changed_files_sentence(const jobs::JobRecord& job);
  bool remove_job(const jobs::JobPtr& job);
  void keep(std::future<Status> checkout);

  jobs::Jobs& jobs_;
  git::Client& git_;
  workspace::Roots& roots_;
  workspace::RepoLocks& locks_;
  runner::Engine& engine_;
  const PlainJobsOptions options_;

  std::mutex mutex_;
  std::vector<std::future<Status>> checkouts_;  ///< guarded by mutex_; last, so that they end before the rest goes
};

}  // namespace patchbay::workers
