#include "patchbay/workers/plain_jobs.h"

#include <filesystem>

#include "patchbay/base/hash.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/workers/public_text.h"
#include "workers/never_ran.h"

namespace patchbay::workers {
namespace {

constexpr std::chrono::milliseconds kAnswerWithin{1'800};
constexpr std::size_t kIdPrefix = 8;
constexpr std::size_t kMaxNamedFiles = 20;

// Private option keys of these jobs.
constexpr char kCwd[] = "_codex_cwd";
constexpr char kBaseRevision[] = "_apply_base_revision";
constexpr char kLocked[] = "_repo_mutation_lock";
constexpr char kLockedFor[] = "_repo_mutation_lock_operation";
constexpr char kRetention[] = "_retention_blocked";

bool is_apply(jobs::JobMode mode) { return mode == jobs::JobMode::kApply; }

/// A path that stays where it is relative to; nothing is looked up.
bool stays_below(const std::string& path) {
  if (path.empty() || path.front() == '/') return false;
  int depth = 0;
  for (const std::string_view part : split(path, '/')) {
    if (part == "..") --depth;
    if (part != ".." && part != "." && !part.empty()) ++depth;
    if (depth < 0) return false;
  }
  return depth > 0;
}

/// The folders of `add_dirs` that are not simply a part of the folder the turn stands in, links resolved. A folder that
/// does not exist is the engine's to refuse.
std::vector<std::string> further_folders(const Json& options, const std::string& cwd) {
  std::vector<std::string> out;
  const Json* given = json::find(options, "add_dirs");
  if (given == nullptr || !given->is_array()) return out;
  for (const Json& entry : *given) {
    if (!entry.is_string()) continue;
    const std::string text = entry.get<std::string>();
    const std::string named = text.starts_with('/') ? text : os::join(cwd, text);
    const auto real = os::real_path(named);
    const bool own =
        stays_below(text) && real.ok() && *real == std::filesystem::path(named).lexically_normal().string();
    if (!own) out.push_back(real.ok() ? *real : named);
  }
  return out;
}

/// The work tree that a folder belongs to, as the repository locks see it; empty when it belongs to none.
std::string work_tree_of(const std::string& folder) {
  for (std::string at = folder; at.size() > 1; at = os::parent_of(at)) {
    if (os::exists(os::join(at, ".git"))) return at;
  }
  return {};
}

/// The work trees among and around `folders`, and the folders that hold the checkout itself: what a turn must hold
/// before it may write them. In one order for everybody, and none inside another, which would be in its own way.
std::vector<std::string> trees_to_lock(const std::vector<std::string>& folders, const std::string& checkout) {
  std::set<std::string> found;
  for (const std::string& folder : folders) {
    const std::string tree = work_tree_of(folder);
    if (!tree.empty()) {
      found.insert(tree);
    } else if (os::is_within(folder, checkout)) {
      found.insert(folder);
    }
  }
  std::vector<std::string> out;
  for (const std::string& tree : found) {
    const bool inside = std::any_of(found.begin(), found.end(), [&](const std::string& other) {
      return other != tree && os::is_within(other, tree);
    });
    if (!inside) out.push_back(tree);
  }
  return out;
}

/// Whether the turn can reach what its sandbox normally keeps from it (SEC:A13).
bool breaks_out(const Json& options, const std::string& effective_sandbox) {
  const Json* overrides = json::find(options, "config_overrides");
  return effective_sandbox == "danger-full-access" || json::get_bool(options, "dangerously_bypass") ||
         (overrides != nullptr && overrides->is_array() && !overrides->empty());
}

}  // namespace

/// A start whose request has been found good.
struct PlainJobs::Plan {
  jobs::NewJob job;
  runner::TurnRequest turn;
  std::vector<std::string> lock_folders;  ///< whose work trees the turn may write and must therefore hold
  git::Target base;
  git::Layout layout;  ///< apply jobs
  git::ObjectId revision;
  git::WorktreeSpec worktree;
};

PlainJobs::PlainJobs(jobs::Jobs& jobs, git::Client& git, workspace::Roots& roots, workspace::RepoLocks& locks,
                     runner::Engine& engine, PlainJobsOptions options)
    : jobs_(jobs), git_(git), roots_(roots), locks_(locks), engine_(engine), options_(std::move(options)) {}

git::Target PlainJobs::base_target(const std::string& repo_path) const {
  git::Target target;
  target.path = repo_path;
  target.ceiling = roots_.allowed_root_of(repo_path);
  target.roots = roots_.allowed();
  target.roots.push_back(options_.worktrees_dir);
  return target;
}

git::Target PlainJobs::worktree_target(const jobs::JobRecord& job) const {
  git::Target target = base_target(job.repo_path);
  const std::string cwd = job.option(kCwd);
  target.path = cwd.empty() ? job.worktree_path : cwd;
  target.ceiling = job.worktree_path;
  return target;
}

Result<std::string> PlainJobs::git_lock_path(const git::Target& base) const {
  const git::Layout layout = PB_TRY(git_.discover(base));
  const std::string identity = fmt::format("{}:{}", layout.common_device, layout.common_inode);
  return os::join(options_.git_locks_dir, "git_" + sha256_hex(identity).substr(0, 32) + ".lock");
}

// ---- starting ---------------------------------------------------------------------------------------

/// Capacity comes before everything else (workers.md 1.7); Jobs::reserve() decides it for good.
Status PlainJobs::room() const {
  const jobs::JobsOptions& limits = jobs_.options();
  const int most = limits.max_concurrent + (limits.queue_enabled ? limits.queue_limit : 0);
  if (limits.max_concurrent <= 0 || jobs_.active_count() < most) return {};
  return Error{ErrorCode::kJobLimit,
               fmt::format("Maximum active jobs ({}) reached", limits.max_concurrent),
               "Wait for a running job to end, or stop one, then call again.",
               {}};
}

Result<PlainJobs::Plan> PlainJobs::check(const JobRequest& request) const {
  PB_TRY(room());
  const workspace::Workspace workspace = PB_TRY(roots_.choose(request.repo_path));
  if (trim(request.spec).empty()) {
    return Error{ErrorCode::kMissingArgument, "spec is empty.", "Say what the job should do.", {}};
  }
  Plan plan;
  plan.job.mode = request.mode;
  plan.job.repo_path = workspace.path;
  plan.base = base_target(workspace.path);

  auto layout = git_.discover(plan.base);
  if (!layout.ok()) {
    if (layout.error().code != ErrorCode::kNotAGitRepository) return std::move(layout).error();
    if (is_apply(request.mode) || options_.require_git_repo) {
      return Error{ErrorCode::kNotAGitRepository,
                   "This job needs a git repository.",
                   "Run git init and make a first commit there, or use codex_plan_job with sandbox read-only.",
                   {}};
    }
  }

  runner::TurnRequest& turn = plan.turn;
  turn.prompt = request.spec;
  turn.cwd = workspace.path;
  turn.model = request.model;
  turn.sandbox = request.sandbox.empty() && is_apply(request.mode) ? "workspace-write" : request.sandbox;
  turn.structured_output = request.structured_output;
  turn.in_git_repository = layout.ok();
  turn.options = request.options;

  // Finds what is wrong with the options before anything exists, and what the turn may write.
  const runner::Command command = PB_TRY(engine_.command(turn, ""));
  const bool writes = command.effective_sandbox != "read-only";
  const std::vector<std::string> further =
      writes ? further_folders(request.options, workspace.path) : std::vector<std::string>();
  const std::string checkout = layout.ok() ? layout->toplevel : workspace.path;
  plan.lock_folders = trees_to_lock(further, checkout);
  if (writes && !is_apply(request.mode)) {
    std::erase_if(plan.lock_folders, [&](const std::string& tree) { return os::is_within(checkout, tree); });
    const bool held = std::any_of(plan.lock_folders.begin(), plan.lock_folders.end(),
                                  [&](const std::string& tree) { return os::is_within(tree, checkout); });
    if (!held) plan.lock_folders.push_back(checkout);
  }
  std::sort(plan.lock_folders.begin(), plan.lock_folders.end());
  const bool needs_power =
      !plan.lock_folders.empty() || !further.empty() || breaks_out(request.options, command.effective_sandbox);
  if (needs_power && !request.may_write_base) {
    return Error{ErrorCode::kScopeDenied,
                 "This token may not start a job that can write outside of a worktree of its own.",
                 is_apply(request.mode) ? "Leave out sandbox, add_dirs, config_overrides and dangerously_bypass."
                                        : "Set sandbox to read-only, or start an isolated worker.",
                 {}};
  }

  Json& options = plan.job.options;
  options = request.options;
  if (!request.model.empty()) options["model"] = request.model;
  options["sandbox"] = command.effective_sandbox;
  options["structured_output"] = request.structured_output;
  for (const auto& [name, value] : request.owner.items()) options[name] = value;
  if (!plan.lock_folders.empty()) {
    options[kLocked] = true;
    options[kLockedFor] = fmt::format("codex_{}_job", name_of(request.mode));
  }
  if (!is_apply(request.mode)) return plan;

  plan.layout = std::move(*layout);
  const git::Branch head = PB_TRY(git_.head(plan.base));
  if (head.unborn) {
    return Error{ErrorCode::kInvalidState,
                 "The repository has no commit yet, so there is nothing to start from.",
                 "Make a first commit, then start the job again.",
                 {}};
  }
  plan.revision = head.head;
  plan.job.phase = "creating_worktree";
  options[kBaseRevision] = plan.revision;
  return plan;
}

Result<StartedJob> PlainJobs::start(const JobRequest& request) {
  const Plan plan = PB_TRY(check(request));
  return is_apply(request.mode) ? start_in_worktree(plan) : start_in_base(plan);
}

/// The locks of the work trees that the turn may write; all or none. The runner inherits them.
Result<PlainJobs::Locks> PlainJobs::lock_for(const Plan& plan) const {
  auto held = std::make_shared<std::vector<workspace::HeldRepoLock>>();
  if (plan.lock_folders.empty()) return held;
  // A turn that waits for its slot must not keep others from writing (workers.md 1.7).
  const jobs::JobsOptions& limits = jobs_.options();
  if (limits.queue_enabled && limits.max_concurrent > 0 && jobs_.active_count() >= limits.max_concurrent) {
    return Error{ErrorCode::kJobLimit,
                 "A job that can write the checkout is not queued, and every slot is taken.",
                 "Wait for a running job to end, or set sandbox to read-only.",
                 {}};
  }
  for (const std::string& folder : plan.lock_folders) {
    held->push_back(PB_TRY(locks_.acquire(folder, {.operation = plan.job.options[kLockedFor].get<std::string>()})));
  }
  return held;
}

Result<jobs::JobPtr> PlainJobs::reserve(const Plan& plan, const Locks& locks) {
  jobs::JobPtr job = PB_TRY(jobs_.reserve(plan.job));
  for (workspace::HeldRepoLock& lock : *locks) lock.name_job(job->job_id);
  return job;
}

std::vector<int> PlainJobs::descriptors(const Locks& locks) {
  std::vector<int> out;
  for (const workspace::HeldRepoLock& lock : *locks) out.push_back(lock.fd());
  return out;
}

Result<StartedJob> PlainJobs::start_in_base(const Plan& plan) {
  const Locks locks = PB_TRY(lock_for(plan));
  const jobs::JobPtr job = PB_TRY(reserve(plan, locks));
  const Status launched = jobs_.launch(job->job_id, plan.turn, descriptors(locks));
  if (!launched.ok()) {
    (void)jobs_.remove(job->job_id);
    return launched.error();
  }
  return StartedJob{.job = jobs_.find(job->job_id), .base_revision = {}};
}

Result<StartedJob> PlainJobs::start_in_worktree(const Plan& checked) {
  Plan plan = checked;
  const Locks locks = PB_TRY(lock_for(plan));
  const jobs::JobPtr job = PB_TRY(reserve(plan, locks));
  const std::string name = "job-" + job->job_id.substr(0, kIdPrefix);
  plan.worktree.directory = os::join(options_.worktrees_dir, name);
  plan.worktree.branch = "codex/" + name;
  plan.worktree.commit = plan.revision;
  plan.worktree.git_filters = options_.git_filters;
  plan.turn.cwd =
      plan.layout.subdir.empty() ? plan.worktree.directory : os::join(plan.worktree.directory, plan.layout.subdir);
  plan.turn.pass_cwd = true;

  // The record knows its worktree before there is one, so that a crash leaves nothing nameless behind.
  Status prepared = jobs_.update(job->job_id, [&](jobs::JobRecord& r) {
    r.worktree_path = plan.worktree.directory;
    r.branch_name = plan.worktree.branch;
    r.options[kCwd] = plan.turn.cwd;
    return true;
  });
  if (!prepared.ok()) {
    jobs_.abandon(job->job_id, prepared.error());
    return std::move(prepared).error();
  }

  auto checkout = std::async(std::launch::async, [this, plan, id = job->job_id, locks]() mutable {
    // Ours only until the runner has inherited them; the future may be kept for longer.
    const Locks held = std::move(locks);
    return make_worktree_and_launch(plan, id, descriptors(held));
  });
  // The state of the base is looked at while the files are being written.
  git::StatusOptions shallow;
  shallow.max_entries = 1;
  shallow.renames = shallow.upstream = false;
  const auto base = git_.status(plan.base, shallow);
  if (checkout.wait_for(kAnswerWithin) == std::future_status::ready) {
    if (Status made = checkout.get(); !made.ok()) {
      (void)jobs_.remove(job->job_id);
      return std::move(made).error();
    }
  } else {
    keep(std::move(checkout));
  }
  StartedJob started;
  started.job = jobs_.find(job->job_id);
  started.base_revision = plan.revision.substr(0, 12);
  started.base_dirty = base.ok() && base->counts.any();
  return started;
}

/// Worktree, then launch. Takes back what it made when it fails; the job is failed then.
Status PlainJobs::make_worktree_and_launch(const Plan& plan, const std::string& job_id, const std::vector<int>& locks) {
  git::WorktreeSpec spec = plan.worktree;
  const auto make = [&]() -> Status {
    spec.lock_path = PB_TRY(git_lock_path(plan.base));
    PB_TRY(os::make_private_dirs(options_.worktrees_dir));
    PB_TRY(os::make_private_dirs(options_.git_locks_dir));
    PB_TRY(git_.add_worktree(plan.base, spec));
    return {};
  };
  if (Status made = make(); !made.ok()) {
    jobs_.abandon(job_id, made.error());
    return made;
  }
  // A folder of the checkout that holds no tracked file is not in the worktree.
  (void)os::make_private_dirs(plan.turn.cwd);
  Status launched = jobs_.launch(job_id, plan.turn, locks);
  if (!launched.ok()) {
    const Status removed = git_.remove_worktree(plan.base, {spec.directory, spec.branch, spec.lock_path});
    if (!removed.ok()) log::warn("job {}: its worktree could not be taken back: {}", job_id, removed.error().message);
  }
  return launched;
}

void PlainJobs::keep(std::future<Status> checkout) {
  std::lock_guard lock(mutex_);
  std::erase_if(checkouts_, [](const std::future<Status>& f) {
    return f.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  checkouts_.push_back(std::move(checkout));
}

// ---- looking ----------------------------------------------------------------------------------------

/// What the job changed, for somebody who asked for another file. Its report need not name any.
std::string PlainJobs::changed_files_sentence(const jobs::JobRecord& job) {
  git::DiffOptions options;
  options.sides = git::DiffSides::kBase;
  options.base = job.option(kBaseRevision);
  options.page.max_bytes = 0;
  const auto all = git_.diff(worktree_target(job), options);
  if (!all.ok()) return {};
  if (all->files.empty()) return "The job changed nothing.";
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(all->files.size(), kMaxNamedFiles); ++i) {
    shown.push_back(display_safe(all->files[i].path));
  }
  return "The job changed " + name_some(shown, all->file_count) + ".";
}

Result<git::Diff> PlainJobs::file_diff(const jobs::JobPtr& job, const std::string& file_path, std::size_t max_bytes) {
  if (!is_apply(job->mode) || job->state != jobs::JobState::kCompleted) {
    return Error{ErrorCode::kInvalidState,
                 "Only a completed apply job has a diff.",
                 "Wait until codex_get_status says completed.",
                 {}};
  }
  if (!stays_below(file_path)) {
    return Error{ErrorCode::kPathEscapesWorkspace, "file_path must be relative and stay inside the workspace.", {}, {}};
  }
  git::DiffOptions options;
  options.sides = git::DiffSides::kBase;
  options.base = job->option(kBaseRevision);
  options.file_path = file_path;
  options.page.max_bytes = max_bytes;
  git::Diff diff = PB_TRY(git_.diff(worktree_target(*job), options));
  if (!diff.files.empty()) return diff;
  return Error{ErrorCode::kNotFound,
               "Delta not available for " + display_safe(file_path) + ".",
               changed_files_sentence(*job),
               {}};
}

// ---- retention --------------------------------------------------------------------------------------

/// Anything that differs from what the job started from, committed or not. Doubt counts as a change.
bool PlainJobs::holds_changes(const jobs::JobRecord& job) {
  if (job.worktree_path.empty() || !os::is_directory(job.worktree_path)) return false;
  // Nobody has worked in what a start left half-made; it would look like one deletion after the other.
  if (never_ran(job, jobs_.job_dir(job.job_id))) return false;
  git::DiffOptions options;
  options.sides = git::DiffSides::kBase;
  options.base = job.option(kBaseRevision);
  options.page.max_bytes = 0;
  git::Target target = worktree_target(job);
  target.path = job.worktree_path;
  const auto diff = git_.diff(target, options);
  return !diff.ok() || diff->file_count > 0;
}

bool PlainJobs::remove_job(const jobs::JobPtr& job) {
  if (holds_changes(*job)) {
    const Status marked = jobs_.update(job->job_id, [](jobs::JobRecord& r) {
      if (r.options.contains(kRetention)) return false;
      r.options[kRetention] = "unreviewed_changes";
      return true;
    });
    if (!marked.ok()) log::warn("job {}: {}", job->job_id, marked.error().message);
    return false;
  }
  if (!job->worktree_path.empty()) {
    const git::Target base = base_target(job->repo_path);
    const auto lock = git_lock_path(base);
    const Status removed = lock.ok() ? git_.remove_worktree(base, {job->worktree_path, job->branch_name, *lock})
                                     : os::remove_tree(job->worktree_path);  // the repository itself is gone
    if (!removed.ok()) {
      log::warn("job {}: its worktree could not be removed: {}", job->job_id, removed.error().message);
      return false;
    }
  }
  const Status removed = jobs_.remove(job->job_id);
  if (!removed.ok()) log::warn("job {} could not be removed: {}", job->job_id, removed.error().message);
  return removed.ok();
}

int PlainJobs::remove_old(double hours) {
  const double before = epoch_seconds(system_clock().wall()) - hours * 3600;
  int gone = 0;
  for (const jobs::JobPtr& job : jobs_.all()) {
    const bool old = !job->unresolved() && job->completed_at > 0 && job->completed_at <= before;
    if (old && job->worker_id().empty() && remove_job(job)) ++gone;
  }
  return gone;
}

}  // namespace patchbay::workers
