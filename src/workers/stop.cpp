#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "workers/changes.h"
#include "workers/core.h"
#include "workers/liveness.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

/// INT, TERM, KILL and the sweep together (SEC:S5); a turn normally ends within a tenth of a second.
constexpr std::chrono::milliseconds kProof{8'500};
constexpr std::size_t kMaxListed = 500;

/// Keeps turns from beginning while a worker is stopped without its mutex.
class Stopping {
 public:
  Stopping(Core& self, const std::string& worker_id) : self_(self), at_(self.stopping.lock()->insert(worker_id)) {}
  ~Stopping() { self_.stopping.lock()->erase(at_); }
  Stopping(const Stopping&) = delete;
  Stopping& operator=(const Stopping&) = delete;

 private:
  Core& self_;
  std::multiset<std::string>::iterator at_;
};

/// What would be lost with the worktree: content that no tree can hold.
std::vector<git::SpecialFile> unkept_content(const git::Snapshot& kept, const std::optional<git::Changes>& changes) {
  std::vector<git::SpecialFile> out;
  for (const git::SpecialFile& s : kept.special) {
    const bool no_content =
        s.type == git::SpecialType::kFifo || s.type == git::SpecialType::kSocket || s.type == git::SpecialType::kDevice;
    if (!no_content) out.push_back(s);
  }
  if (!changes) return out;
  // A tree names a submodule's commit; the commit itself goes with the worktree.
  for (const git::Change& c : changes->entries) {
    if (c.new_mode == 0160000) out.push_back({c.path, git::SpecialType::kSubmodule});
  }
  return out;
}

class Stopper {
 public:
  Stopper(Core& self, const Actor& actor, const CallContext& call, Core::HeldWorker held, const StopArgs& args)
      : self_(self),
        actor_(actor),
        call_(call),
        lock_(std::move(held.lock)),
        worker_(std::move(held.worker)),
        args_(args) {}

  Result<StopReply> run() {
    claim_ = self_.claim(actor_, *worker_, args_.takeover);
    if (claim_.refusal) return finish(*claim_.refusal);
    if (needs_confirmation()) {
      reply_.stop_confirmation_required = true;
      reply_.force_required = true;
      return finish(Core::refuse(ErrorCode::kStopConfirmationRequired,
                                 "The turn looks healthy. Call again with force=true to stop it all the same."));
    }
    PB_TRY(self_.record_owner(actor_, *worker_, claim_, args_.takeover));
    owner_recorded_ = true;
    Refusal notes;
    const Stopping stopping(self_, worker_->id());
    if (worker_->unresolved()) {
      // The proof that nothing is left may take its time; others need not wait for it with us (SEC:L7).
      lock_.unlock();
      stop_turn(notes);
    }
    worker_ = self_.directory.by_id(worker_->id());
    if (!worker_) return Error{ErrorCode::kWorkerNotFound, "The worker vanished while it was being stopped.", {}, {}};
    if (args_.cleanup_workspace) {
      if (worker_->unresolved() || !hold_again()) {
        return finish(Core::refuse(ErrorCode::kCleanupPending,
                                   "Processes of the turn are not proven gone, or somebody else is at work on the "
                                   "worker, so the workspace stays. Call again in a moment."));
      }
      PB_TRY(clean(notes));
    }
    if (!notes.note) {
      notes.note = fmt::format("{}; {} kept.", reply_.stopped ? "The turn was stopped" : "No turn was running",
                               worker_->session().empty() ? "the workspace is" : "conversation and workspace are");
    }
    return finish(std::move(notes));
  }

 private:
  /// The worker's mutex, and the worker as it is now; false when another operation keeps it for too long.
  bool hold_again() {
    if (lock_.owns_lock()) return true;
    auto held = self_.hold(worker_->id(), std::nullopt, call_);
    if (!held) return false;
    lock_ = std::move(held->lock);
    worker_ = std::move(held->worker);
    return !worker_->unresolved();
  }

  bool needs_confirmation() const {
    if (!worker_->active() || args_.force || self_.options.stop_confirmation_grace_seconds <= 0) return false;
    const double now = epoch_seconds(self_.parts.clock.wall());
    const Liveness live = liveness_of(*worker_, now, self_.options);
    const bool young = now - worker_->latest().created_at < self_.options.stop_confirmation_grace_seconds;
    return young || live.category == "active" || live.category == "starting";
  }

  void stop_turn(Refusal& notes) {
    const std::string reason = args_.reason.empty() ? "Stopped by request" : args_.reason;
    const jobs::CancelReply cancelled = self_.parts.jobs.cancel(worker_->latest().job_id, reason, kProof);
    reply_.stopped = cancelled.cancelled;
    if (cancelled.cleanup_pending) {
      reply_.cleanup_pending = true;
      notes = Core::refuse(ErrorCode::kCleanupPending,
                           "The turn is stopped, but it is not proven yet that all of its processes are gone.");
    } else if (!cancelled.cancelled && cancelled.reason == "already_completed") {
      notes.note = "The turn had just completed; its report is kept.";
    }
  }

  Status clean(Refusal& notes) {
    if (!worker_->isolated()) {
      notes.note = "Only isolated workers have a workspace of their own; there was nothing to remove.";
      return {};
    }
    if (worker_->discarded() && !os::exists(worker_->worktree())) {
      notes.note = "The workspace had been removed before.";
      reply_.workspace_cleaned = true;
      return {};
    }
    const git::Target base = self_.base_target(worker_->base_repo());
    const git::Layout layout = PB_TRY(self_.parts.git.discover(base));
    const std::string lock = self_.git_lock_path(layout);
    std::string unkept, branch = worker_->branch();
    // A discarded workspace that is still there is what a removal that failed has left; all of it was pinned then.
    const bool kept = !worker_->discarded() && os::is_directory(worker_->worktree());
    const bool gone = !worker_->discarded() && !kept;
    if (kept && !self_.workspace_available(*worker_)) {
      notes = Core::refuse(
          ErrorCode::kWorkspaceUnavailable,
          "A symlink lies in place of the worker's folder, so nothing was removed. Have the operator look at it.");
      return {};
    }
    // Nothing is left to take a snapshot of; commits of the worker are on its branch alone.
    if (gone) {
      const auto head = self_.parts.git.resolve_commit(base, branch);
      if (head && *head != worker_->base_revision()) branch.clear();
    }
    if (kept) {
      // What is thrown away is pinned first; no ref, no cleanup (SEC:W2, I9).
      git::SnapshotSpec spec;
      spec.directory = worker_->worktree();
      spec.worker_id = worker_->id();
      spec.kind = git::PinKind::kTrash;
      spec.lock_path = lock;
      const git::Snapshot pinned = PB_TRY(self_.parts.git.snapshot(base, spec));
      const git::ObjectId start = PB_TRY(baseline_of(self_, *worker_));
      std::optional<git::Changes> changes;
      if (auto found = self_.parts.git.changes(base, start, pinned.tree)) changes = std::move(*found);
      unkept = named(unkept_content(pinned, changes));
      if (!unkept.empty() && !args_.force) {
        notes = Core::refuse(ErrorCode::kUnsafeChange, "Not removed, because it would be lost for good: " + unkept +
                                                           ". Message the worker to move it away, or call again with "
                                                           "force: true.");
        return {};
      }
      std::vector<std::string> files;
      if (changes) {
        for (const git::Change& c : changes->entries) {
          if (files.size() < kMaxListed) files.push_back(display_safe(c.path));
        }
      }
      reply_.recoverable = true;
      reply_.discarded_changed_files = std::move(files);
    }
    for (const auto& turn : worker_->turns()) {
      PB_TRY(self_.parts.jobs.update(turn->job_id, [](jobs::JobRecord& r) {
        r.options[key::kDiscarded] = true;
        return true;
      }));
    }
    PB_TRY(self_.parts.git.remove_worktree(base, {worker_->worktree(), branch, lock}));
    reply_.workspace_cleaned = true;
    if (gone) {
      notes.note = "The workspace was gone already, so nothing of it could be kept; what was left of it is removed" +
                   std::string(branch.empty() ? ", but for the branch with its commits." : ".");
      return {};
    }
    notes.note = fmt::format(
        "The workspace was removed. Its content, but for ignored files, stays recoverable for {} days "
        "with: patchbay worker restore {}",
        self_.options.snapshot_retention_days, worker_->id());
    if (!unkept.empty()) *notes.note += ". Lost with it: " + unkept + ".";
    return {};
  }

  Result<StopReply> finish(Refusal refusal) {
    reply_.worker = make_view(self_, actor_, *self_.directory.by_id(worker_->id()), Detail::kFull);
    if (owner_recorded_) claim_.tell(refusal);
    reply_.refusal = std::move(refusal);
    return std::move(reply_);
  }

  Core& self_;
  const Actor& actor_;
  const CallContext& call_;
  std::unique_lock<std::timed_mutex> lock_;  ///< of the worker; let go of while a turn is being stopped
  WorkerPtr worker_;
  const StopArgs& args_;
  StopReply reply_;
  Core::Claim claim_;
  bool owner_recorded_ = false;
};

/// Whether the directory of a discarded worker already holds what the pin holds: then only the record of an earlier
/// restore is missing. Whatever else it holds is pinned by looking, and so may be removed.
Result<bool> is_restored(Core& self, const Worker& worker, const git::Target& base, const git::Pin& pin,
                         const std::string& lock_path) {
  git::SnapshotSpec spec;
  spec.directory = worker.worktree();
  spec.worker_id = worker.id();
  spec.lock_path = lock_path;
  const auto present = self.parts.git.snapshot(base, spec);
  if (present) return present->tree == pin.tree && present->head == pin.head;
  // A removal that was cut short leaves a directory that is no worktree any more, and nothing that was not pinned.
  if (present.error().code == ErrorCode::kWorkspaceUnavailable) return false;
  return present.error();
}

}  // namespace

Result<StopReply> Workers::stop(const Actor& actor, const CallContext& call, const StopArgs& args) {
  return Stopper(*core_, actor, call, PB_TRY(core_->hold(args.worker, args.repo_path, call)), args).run();
}

Result<StopReply> Workers::restore(const Actor& actor, const CallContext& call, const std::string& name,
                                   const std::optional<std::string>& repo_path) {
  Core& self = *core_;
  const Core::HeldWorker held = PB_TRY(self.hold(name, repo_path, call));
  const WorkerPtr& worker = held.worker;
  StopReply reply;
  const auto finish = [&](Refusal refusal) {
    reply.worker = make_view(self, actor, *self.directory.by_id(worker->id()), Detail::kFull);
    reply.refusal = std::move(refusal);
    return reply;
  };
  if (!worker->isolated() || !worker->discarded()) {
    return finish(Core::refuse(ErrorCode::kInvalidState, "The worker's workspace has not been discarded."));
  }
  const git::Target base = self.base_target(worker->base_repo());
  const git::Layout layout = PB_TRY(self.parts.git.discover(base));
  const auto pins = PB_TRY(self.parts.git.list_pins(base, git::PinKind::kTrash, worker->id()));
  if (pins.empty()) {
    return finish(Core::refuse(ErrorCode::kWorkspaceUnavailable,
                               "Nothing is kept of this workspace any more; its retention has ended."));
  }
  const auto newest =
      std::max_element(pins.begin(), pins.end(), [](const git::Pin& a, const git::Pin& b) { return a.seq < b.seq; });
  git::WorktreeSpec spec;
  spec.directory = worker->worktree();
  spec.branch = worker->branch();
  spec.git_filters = self.options.git_filters;
  spec.lock_path = self.git_lock_path(layout);
  if (os::exists(spec.directory) && !PB_TRY(is_restored(self, *worker, base, *newest, spec.lock_path))) {
    PB_TRY(self.parts.git.remove_worktree(base, {spec.directory, spec.branch, spec.lock_path}));
  }
  if (!os::exists(spec.directory)) PB_TRY(self.parts.git.restore_pin(base, newest->ref, spec));
  for (const auto& turn : worker->turns()) {
    PB_TRY(
        self.parts.jobs.update(turn->job_id, [](jobs::JobRecord& r) { return r.options.erase(key::kDiscarded) > 0; }));
  }
  Refusal note;
  note.note = "The workspace is back as it was when it was discarded.";
  return finish(std::move(note));
}

}  // namespace patchbay::workers
