// Starting a worker.
//
//   checks -> context -> base state -> name reserved and record durable -> worktree -> turn launched -> reply
//
// Nothing exists before the reservation, and everything made after it is taken back when the launch fails while the
// caller still waits. A checkout that takes longer than two seconds goes on in the background; from then on a failure
// is the worker's own failed turn.

#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "workers/core.h"
#include "workers/start_facts.h"
#include "workers/turn_prompt.h"
#include "workers/untracked_copies.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kMaxNameCharacters = 120;
constexpr std::chrono::milliseconds kAnswerWithin{1'800};
constexpr double kDuplicateSeconds = 120;
constexpr int kNextAfterMs = 15'000;
constexpr int kNextWaitSeconds = 20;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// A start that is being carried out.
struct Plan {
  std::string name, brief, root;
  WorkspaceMode mode = WorkspaceMode::kIsolatedWrite;
  codex::ModelChoice choice;
  PeerContext context;
  std::string worker_id, digest;
  bool in_git = false;
  git::Layout layout;
  git::Branch head;
  git::WorktreeSpec worktree;
  UntrackedChoice untracked;
  runner::TurnRequest request;
};

/// What the background part of a start ends with.
struct Checkout {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  bool abandoned_by_caller = false;  ///< the reply has gone out; failures are the worker's own now
  Status outcome;
  git::Worktree made;
  UntrackedCopies copies;
};

Result<std::string> check_name(const std::string& text) {
  std::string name = collapse_whitespace(text);
  if (name.empty() || characters(name) > kMaxNameCharacters) {
    return Error{ErrorCode::kInvalidArgument, "name must have 1 to 120 characters.", "Choose a short name.", {}};
  }
  return name;
}

std::string sandbox_for(WorkspaceMode mode) {
  return mode == WorkspaceMode::kReadOnly ? "read-only" : "workspace-write";
}

std::string safe_suffix(const std::string& worker_id) {
  std::string s = to_lower_ascii(worker_id);
  for (char& c : s) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '-';
  }
  return s.substr(0, 32);
}

class Starter {
 public:
  Starter(Core& self, const Actor& actor, const CallContext& call, const StartArgs& args)
      : self_(self), actor_(actor), call_(call), args_(args) {}

  Result<TurnReply> run() {
    PB_TRY(check());
    if (const WorkerPtr twin = duplicate()) return reply_for_twin(*twin);
    PB_TRY(look_at_base());
    std::optional<workspace::HeldRepoLock> lock;
    if (plan_.mode == WorkspaceMode::kSharedWrite && self_.options.shared_writers_serialized) {
      auto taken =
          self_.parts.locks.acquire(plan_.root, {.operation = "codex_worker_start", .worker_name = plan_.name});
      if (!taken) return refused(taken.error());
      lock = std::move(*taken);
    }
    // The name is settled where it is taken: reserve() reads the job after its precondition.
    jobs::NewJob job = new_job();
    WorkerPtr twin;
    auto reserved = self_.parts.jobs.reserve(job, [&]() -> Status {
      if ((twin = duplicate())) return Error{ErrorCode::kWorkerNameConflict, "The same start is under way.", {}, {}};
      return take_name(job.options);
    });
    if (twin) return reply_for_twin(*twin);
    if (!reserved) return refused(reserved.error());
    job_id_ = (*reserved)->job_id;
    if (lock) lock->name_job(job_id_);
    return plan_.mode == WorkspaceMode::kIsolatedWrite
               ? start_isolated()
               : start_in_base(lock ? std::vector<int>{lock->fd()} : std::vector<int>{});
  }

 private:
  // ---- before anything exists ----

  Status check() {
    plan_.name = PB_TRY(check_name(args_.name));
    plan_.brief = PB_TRY(check_assignment(args_.brief, "brief"));
    plan_.mode = parse_workspace_mode(args_.workspace_mode).value_or(WorkspaceMode::kIsolatedWrite);
    if (!args_.context.context_from_artifacts.empty()) {
      return Error{ErrorCode::kArtifactNotFound,
                   "There are no imported artifacts here.",
                   "Leave context_from_artifacts out.",
                   {}};
    }
    if (!args_.include_untracked_from_base.empty() && plan_.mode != WorkspaceMode::kIsolatedWrite) {
      return Error{ErrorCode::kInvalidArgument,
                   "include_untracked_from_base is for isolated_write workers.",
                   "Leave it out: this worker sees the checkout itself.",
                   {}};
    }
    if (plan_.mode == WorkspaceMode::kSharedWrite && !actor_.may_write_shared) {
      return Error{ErrorCode::kScopeDenied,
                   "This token may not start workers that write the checkout itself.",
                   "Start an isolated worker, or use a token with the scope integrate.",
                   {}};
    }
    plan_.choice = PB_TRY(self_.parts.models.check(args_.model, args_.reasoning_effort));
    plan_.root = PB_TRY(self_.choose_root(args_.repo_path));
    const std::string here = workspace::workspace_id(plan_.root);
    plan_.context = PB_TRY(peer_context(self_, args_.context, here, here));
    const std::string& asker = actor_.asked_as.empty() ? actor_.scope_key : actor_.asked_as;
    plan_.digest = sha256_hex(asker + '\n' + plan_.root + '\n' + json::dump(json::to_json(args_)));

    plan_.request.prompt = compose_prompt(plan_.brief, plan_.context, plan_.mode);
    plan_.request.sandbox = sandbox_for(plan_.mode);
    plan_.request.model = plan_.choice.model;
    plan_.request.reasoning_effort = plan_.choice.reasoning_effort;
    return {};
  }

  /// An identical start by the same conversation within two minutes is a retry (B8).
  WorkerPtr duplicate() const {
    WorkerPtr twin = self_.directory.by_start_digest(plan_.digest);
    const double now = epoch_seconds(self_.parts.clock.wall());
    return twin && now - twin->created_at() < kDuplicateSeconds ? twin : nullptr;
  }

  Status look_at_base() {
    const git::Target base = self_.base_target(plan_.root);
    auto layout = self_.parts.git.discover(base);
    plan_.in_git = layout.ok();
    if (!layout) {
      const bool plain_folder = layout.error().code == ErrorCode::kNotAGitRepository;
      if (!plain_folder) return std::move(layout).error();
      if (plan_.mode == WorkspaceMode::kIsolatedWrite || self_.options.require_git_repo) {
        return Error{
            ErrorCode::kNotAGitRepository,
            layout.error().message + " An isolated worker needs a checkout.",
            "Run git init and make a first commit there (of a bare repository: make a clone), or start a read_only "
            "worker.",
            {}};
      }
      return {};
    }
    plan_.layout = std::move(*layout);
    if (plan_.mode != WorkspaceMode::kIsolatedWrite) return {};
    plan_.head = PB_TRY(self_.parts.git.head(base));
    if (plan_.head.unborn) {
      return Error{ErrorCode::kInvalidState,
                   "The repository has no commit yet, so there is nothing to start from.",
                   "Make a first commit, then start the worker again.",
                   {}};
    }
    plan_.untracked = PB_TRY(choose_untracked(self_, base, plan_.layout, args_.include_untracked_from_base));
    return {};
  }

  jobs::NewJob new_job() {
    plan_.worker_id = "wrk_" + random_hex(20);
    Json options = Json::object();
    options[key::kId] = plan_.worker_id;
    options[key::kMode] = std::string(name_of(plan_.mode));
    options[key::kBase] = plan_.root;
    options[key::kStartDigest] = plan_.digest;
    options["sandbox"] = plan_.request.sandbox;
    if (!plan_.choice.model.empty()) options[key::kModel] = plan_.choice.model;
    if (!plan_.choice.reasoning_effort.empty()) options[key::kEffort] = plan_.choice.reasoning_effort;
    self_.ownership.stamp(actor_, options);

    jobs::NewJob job{.mode = jobs::JobMode::kInteractive, .repo_path = plan_.root};
    plan_.request.cwd = plan_.root;
    plan_.request.in_git_repository = plan_.in_git;
    if (plan_.mode == WorkspaceMode::kIsolatedWrite) {
      const std::string suffix = safe_suffix(plan_.worker_id);
      plan_.worktree.directory = os::join(self_.options.worktree_root, "worker-" + suffix);
      plan_.worktree.branch = "codex/worker-" + suffix;
      plan_.worktree.commit = plan_.head.head;
      plan_.worktree.git_filters = self_.options.git_filters;
      plan_.worktree.lock_path = self_.git_lock_path(plan_.layout);
      options[key::kWorktree] = plan_.worktree.directory;
      options[key::kBranch] = plan_.worktree.branch;
      options[key::kBaseRevision] = plan_.head.head;
      job.worktree_path = plan_.worktree.directory;
      job.branch_name = plan_.worktree.branch;
      job.phase = "creating_worktree";
      // The worker stands where the caller's workspace stands inside the repository.
      plan_.request.cwd = os::join(plan_.worktree.directory, plan_.layout.subdir);
      plan_.request.pass_cwd = true;
    }
    job.options = std::move(options);
    return job;
  }

  /// Inside the admission of the job, so that nobody else takes the name at the same time.
  Status take_name(Json& options) {
    const std::string workspace = workspace::workspace_id(plan_.root);
    const std::string wanted = plan_.name;
    WorkerPtr holder = self_.directory.by_name(workspace, plan_.name);
    for (int n = 2; holder && args_.auto_suffix; ++n) {
      plan_.name = fmt::format("{} {}", wanted, n);
      holder = self_.directory.by_name(workspace, plan_.name);
    }
    if (holder) {
      holder_id_ = holder->id();
      return Error{ErrorCode::kWorkerNameConflict,
                   "A worker called " + display_safe(plan_.name) + " exists already.",
                   "Message that worker, choose another name, or set auto_suffix.",
                   {}};
    }
    options[key::kName] = plan_.name;
    return {};
  }

  // ---- after the reservation ----

  Result<TurnReply> start_in_base(const std::vector<int>& locks) {
    const Status launched = self_.parts.jobs.launch(job_id_, plan_.request, locks);
    if (!launched.ok()) {
      (void)self_.parts.jobs.remove(job_id_);
      return refused(launched.error());
    }
    return accepted({});
  }

  Result<TurnReply> start_isolated() {
    auto checkout = std::make_shared<Checkout>();
    {
      std::lock_guard lock(self_.background_mutex);
      ++self_.background;
    }
    std::thread([&self = self_, plan = plan_, job_id = job_id_, checkout] {
      carry_out(self, plan, job_id, *checkout);
      std::lock_guard lock(self.background_mutex);
      --self.background;
      self.background_done.notify_all();
    }).detach();

    // The state of the base is looked at while the files are being written.
    const auto base = self_.parts.git.summary(self_.base_target(plan_.root), kShownStartFiles);
    std::unique_lock lock(checkout->mutex);
    const auto until = std::min(std::chrono::steady_clock::now() + kAnswerWithin, call_.deadline);
    const bool ready = checkout->changed.wait_until(lock, until, [&] { return checkout->ready; });
    if (!ready) checkout->abandoned_by_caller = true;
    if (ready && !checkout->outcome.ok()) {
      const Error why = checkout->outcome.error();
      lock.unlock();
      (void)self_.parts.jobs.remove(job_id_);
      return refused(why);
    }
    StartFacts facts;
    facts.base_revision = plan_.head.head.substr(0, 12);
    if (!plan_.untracked.paths.empty()) {
      facts.copied_files = ready ? shown_files(checkout->copies.files) : shown_files(plan_.untracked.paths);
    }
    facts.left_out = left_out_sentence(plan_.untracked, checkout->copies.skipped);
    if (ready && checkout->made.filtered_files > 0) {
      facts.filtered_files = static_cast<int>(checkout->made.filtered_files);
    }
    if (ready && !checkout->made.submodules.empty()) {
      facts.submodules = shown_files(checkout->made.submodules);
    }
    lock.unlock();
    if (base) {
      facts.base_dirty = base->status.counts.any();
      Strings files;
      for (const git::StatusEntry& e : base->status.entries) files.push_back(e.path);
      if (!files.empty()) facts.base_files = shown_files(files);
    }
    return accepted(facts);
  }

  /// Worktree, then launch. Takes back what it made when it fails.
  static void carry_out(Core& self, const Plan& plan, const std::string& job_id, Checkout& checkout) {
    const git::Target base = self.base_target(plan.root);
    Status outcome;
    git::Worktree made;
    UntrackedCopies copies;
    auto worktree = make_worktree(self, base, plan);
    if (worktree) {
      made = std::move(*worktree);
      outcome = bring_untracked(self, base, plan, job_id, copies);
      if (outcome.ok()) {
        (void)os::make_private_dirs(plan.request.cwd);
        outcome = self.parts.jobs.launch(job_id, plan.request, {});
      } else {
        self.parts.jobs.abandon(job_id, outcome.error());
      }
      if (!outcome.ok()) {
        const git::WorktreeRemoval removal{plan.worktree.directory, plan.worktree.branch, plan.worktree.lock_path};
        if (const auto removed = self.parts.git.remove_worktree(base, removal); !removed.ok()) {
          log::warn("a worktree could not be taken back: {}", removed.error().message);
        }
      }
    } else {
      outcome = std::move(worktree).error();
      self.parts.jobs.abandon(job_id, outcome.error());
    }
    std::lock_guard lock(checkout.mutex);
    checkout.ready = true;
    checkout.outcome = std::move(outcome);
    checkout.made = std::move(made);
    checkout.copies = std::move(copies);
    checkout.changed.notify_all();
  }

  static Result<git::Worktree> make_worktree(Core& self, const git::Target& base, const Plan& plan) {
    PB_TRY(os::make_private_dirs(self.options.worktree_root));
    return self.parts.git.add_worktree(base, plan.worktree);
  }

  /// What the worker's changes count from is on record before the worker runs.
  static Status bring_untracked(Core& self, const git::Target& base, const Plan& plan, const std::string& job_id,
                                UntrackedCopies& copies) {
    git::SnapshotSpec spec;
    spec.directory = plan.worktree.directory;
    spec.worker_id = plan.worker_id;
    spec.lock_path = plan.worktree.lock_path;
    copies = PB_TRY(copy_untracked(self, base, plan.untracked.paths, spec));
    if (copies.start_tree.empty()) return {};
    return self.parts.jobs.update(job_id, [&](jobs::JobRecord& r) {
      r.options[key::kStartTree] = copies.start_tree;
      return true;
    });
  }

  // ---- replies ----

  TurnReply context_fields() const {
    TurnReply r;
    r.context_sources = plan_.context.sources;
    r.context_detail = args_.context.context_detail;
    r.context_truncated = plan_.context.truncated;
    return r;
  }

  Result<TurnReply> refused(const Error& error) {
    auto refusal = self_.as_refusal(error, "codex_worker_start");
    if (!refusal) return error;
    TurnReply r = context_fields();
    r.refusal = std::move(*refusal);
    r.refused_name = plan_.name;
    r.refused_workspace_mode = std::string(name_of(plan_.mode));
    r.refused_workspace_name = os::base_name(plan_.root);
    if (!holder_id_.empty()) r.conflicting_worker_id = holder_id_;
    // The note of a full house has the hint already.
    if (!error.hint.empty() && r.refusal.note && error.code != ErrorCode::kJobLimit)
      *r.refusal.note += " " + error.hint;
    return r;
  }

  TurnReply accepted_view(const Actor& actor, const Worker& worker) {
    TurnReply r = context_fields();
    r.accepted = true;
    r.worker = make_view(self_, actor, worker, Detail::kFull);
    r.next = NextCall{.tool = "codex_worker_inspect",
                      .arguments = {{"worker", worker.id()}, {"wait_seconds", kNextWaitSeconds}},
                      .after_ms = kNextAfterMs};
    return r;
  }

  Result<TurnReply> reply_for_twin(const Worker& worker) {
    // A handle that was made for this call would be somebody else's than the one whose answer may have been lost.
    Actor actor = actor_;
    const bool fresh = !actor_.asked_as.empty() && actor_.asked_as != actor_.scope_key;
    if (fresh) actor.scope_key = Ownership::owner_of(worker);
    TurnReply r = accepted_view(actor, worker);
    if (fresh) r.goes_on_as = actor.scope_key;
    r.deduplicated = true;
    r.refusal.note = "The same start was accepted a moment ago; this is that worker.";
    return r;
  }

  Result<TurnReply> accepted(const StartFacts& facts) {
    const WorkerPtr worker = self_.directory.by_id(plan_.worker_id);
    if (!worker) return Error{ErrorCode::kInternal, "The worker vanished while it was being started.", {}, {}};
    TurnReply r = accepted_view(actor_, *worker);
    facts.tell(plan_.mode, r);
    return r;
  }

  Core& self_;
  const Actor& actor_;
  const CallContext& call_;
  const StartArgs& args_;
  Plan plan_;
  std::string job_id_, holder_id_;
};

}  // namespace

Result<TurnReply> Workers::start(const Actor& actor, const CallContext& call, const StartArgs& args) {
  return Starter(*core_, actor, call, args).run();
}

}  // namespace patchbay::workers
