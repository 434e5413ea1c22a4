#include "patchbay/git/client.h"

#include "git/apply.h"
#include "git/call.h"
#include "git/helper_pool.h"
#include "patchbay/base/log.h"

namespace patchbay::git {

Client::Client(ClientOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}
Client::~Client() = default;
int Client::helper_count() const { return pool_->count(); }

namespace {

// Any pool: its type is private to Client.
template <auto Function, class Pool, class... A>
auto call(Pool& pool, const char* op, std::chrono::milliseconds limit, Repeat repeat, const A&... args)
    -> Result<typename Signature<decltype(Function)>::Value> {
  static_assert(std::is_same_v<std::tuple<A...>, typename Signature<decltype(Function)>::Arguments>);
  const MonoTime deadline = system_clock().mono() + limit;
  auto reply = pool.exchange(pack_request(op, deadline, args...), deadline, repeat);
  if (!reply.ok()) {
    log::warn("git {}: {} {}", op, name_of(reply.error().code), reply.error().detail);
    return std::move(reply).error();
  }
  return unpack_reply<typename Signature<decltype(Function)>::Value>(reply.value());
}

Error outcome_unknown(const Error& cause) {
  return Error{ErrorCode::kIntegrationOutcomeUnknown, "The integration was interrupted and could not be undone.",
               "Look at the checkout's status; the old files are kept in its git directory.", cause.detail};
}

// Fills a worktree that has a registration and no files yet. Filter drivers run, and nothing else that the
// repository's configuration names.
Status check_out_with_program(const std::string& directory, MonoTime deadline) {
  os::SpawnOptions git;
  git.argv = {"git",   "-c",     "core.hooksPath=/dev/null", "-c",     "core.fsmonitor=false",
              "reset", "--hard", "--no-recurse-submodules",  "--quiet"};
  git.env = environment_for_git();
  git.env->insert_or_assign("GIT_TERMINAL_PROMPT", "0");
  git.env->insert_or_assign("GIT_NO_LAZY_FETCH", "1");
  git.cwd = directory;
  const os::RunResult run = PB_TRY(os::run(git, "", deadline));
  if (run.timed_out) {
    return Error{ErrorCode::kTimeout, "The checkout with the git program took too long.", "Call again.", directory};
  }
  if (run.status.signalled || run.status.code != 0) {
    return Error{ErrorCode::kGitError, "The checkout with the git program failed.",
                 "Look at the repository's filter drivers.", run.err};
  }
  return {};
}

}  // namespace

#define PB_GIT_READ(op, ...) call<&ops::op>(*pool_, #op, pool_->options().read_deadline, Repeat::kAllowed, __VA_ARGS__)
#define PB_GIT_WRITE(op, ...) call<&ops::op>(*pool_, #op, pool_->options().write_deadline, Repeat::kNever, __VA_ARGS__)

Result<Layout> Client::discover(const Target& target) { return PB_GIT_READ(discover, target); }
Result<Branch> Client::head(const Target& target) { return PB_GIT_READ(head, target); }
Result<Summary> Client::summary(const Target& target, std::size_t max_entries) {
  return PB_GIT_READ(summary, target, max_entries);
}
Result<StatusReport> Client::status(const Target& target, const StatusOptions& options) {
  return PB_GIT_READ(status, target, options);
}
Result<std::vector<Commit>> Client::log(const Target& target, int max_commits) {
  return PB_GIT_READ(log, target, max_commits);
}
Result<Diff> Client::diff(const Target& target, const DiffOptions& options) {
  return PB_GIT_READ(diff, target, options);
}
Result<std::vector<std::string>> Client::tracked_files(const Target& target, const std::vector<std::string>& names,
                                                       std::size_t max_files) {
  return PB_GIT_READ(tracked_files, target, names, max_files);
}
Result<ObjectId> Client::resolve_commit(const Target& target, const std::string& revision) {
  return PB_GIT_READ(resolve_commit, target, revision);
}
Result<ObjectId> Client::tree_of(const Target& target, const ObjectId& commit) {
  return PB_GIT_READ(tree_of, target, commit);
}

Result<Worktree> Client::add_worktree(const Target& base, const WorktreeSpec& spec) {
  const MonoTime deadline = system_clock().mono() + pool_->options().write_deadline;
  Worktree made = PB_TRY(PB_GIT_WRITE(add_worktree, base, spec));
  if (!spec.git_filters) return made;
  Status filled = check_out_with_program(spec.directory, deadline);
  if (filled.ok()) filled = PB_GIT_WRITE(finish_filtered, base, spec.directory, std::string());
  if (filled.ok()) {
    made.filtered_files = 0;
    return made;
  }
  (void)remove_worktree(base, {spec.directory, spec.branch, spec.lock_path});
  return filled.error();
}
Result<Copied> Client::copy_files(const Target& base, const CopySpec& spec) {
  return PB_GIT_WRITE(copy_files, base, spec);
}
Status Client::remove_worktree(const Target& base, const WorktreeRemoval& removal) {
  return PB_GIT_WRITE(remove_worktree, base, removal);
}
Result<std::vector<WorktreeInfo>> Client::list_worktrees(const Target& base) {
  return PB_GIT_READ(list_worktrees, base);
}

Result<Snapshot> Client::snapshot(const Target& base, const SnapshotSpec& spec) {
  return PB_GIT_WRITE(snapshot, base, spec);
}
Result<std::vector<Pin>> Client::list_pins(const Target& base, PinKind kind, const std::string& worker_id) {
  return PB_GIT_READ(list_pins, base, kind, worker_id);
}
Result<int> Client::prune_pins(const Target& base, const PinPruning& pruning) {
  return PB_GIT_WRITE(prune_pins, base, pruning);
}
Result<Worktree> Client::restore_pin(const Target& base, const std::string& ref, const WorktreeSpec& spec) {
  const MonoTime deadline = system_clock().mono() + pool_->options().write_deadline;
  Worktree made = PB_TRY(PB_GIT_WRITE(restore_pin, base, ref, spec));
  if (!spec.git_filters) return made;
  Status filled = check_out_with_program(spec.directory, deadline);
  if (filled.ok()) filled = PB_GIT_WRITE(finish_filtered, base, spec.directory, ref);
  if (filled.ok()) {
    made.filtered_files = 0;
    return made;
  }
  (void)remove_worktree(base, {spec.directory, spec.branch, spec.lock_path});
  return filled.error();
}
Result<Changes> Client::changes(const Target& base, const ObjectId& baseline, const ObjectId& snapshot) {
  return PB_GIT_WRITE(changes, base, baseline, snapshot);
}
Result<Diff> Client::tree_diff(const Target& base, const ObjectId& baseline, const ObjectId& snapshot,
                               const std::string& file_path, const PatchPage& page) {
  return PB_GIT_READ(tree_diff, base, baseline, snapshot, file_path, page);
}
Result<Blob> Client::blob(const Target& base, const ObjectId& tree, const std::string& path, std::uint64_t offset,
                          std::uint64_t max_bytes) {
  return PB_GIT_READ(blob, base, tree, path, offset, max_bytes);
}

Result<IntegrationPlan> Client::plan(const Target& base, const IntegrationSpec& spec) {
  return PB_GIT_WRITE(plan, base, spec);
}

Result<Recovery> Client::recover(const std::string& journal_path) { return PB_GIT_WRITE(recover, journal_path); }

Result<Applied> Client::apply(const Target& base, const ApplySpec& spec) {
  const MonoTime deadline = system_clock().mono() + pool_->options().write_deadline;
  auto reply = pool_->exchange(pack_request("apply", deadline, base, spec), deadline, Repeat::kNever);
  if (reply.ok()) return unpack_reply<Applied>(reply.value());
  // The helper is gone in the middle of it. Another one finds out how it ended.
  const Error cause = std::move(reply).error();
  const auto recovery = recover(spec.journal_path);
  if (!recovery.ok() || recovery->outcome == RecoveryOutcome::kUndecided) return outcome_unknown(cause);
  if (recovery->outcome == RecoveryOutcome::kRolledBack) return cause;
  auto now = plan(base, spec.integration);
  if (recovery->outcome == RecoveryOutcome::kNothing) {
    // It had not begun, or it was over: the checkout itself tells.
    if (!now.ok()) return outcome_unknown(cause);
    if (!now->clean() || !now->writes.empty()) return cause;
  }
  Applied out;
  if (now.ok()) out.changes = std::move(now->changes);
  out.written = recovery->written;
  out.deleted = recovery->deleted;
  StatusOptions options;
  options.each_untracked_file = true;
  if (auto after = status(base, options); after.ok()) {
    for (StatusEntry& entry : after->entries) out.main_changed_files.push_back(std::move(entry.path));
  } else {
    out.warnings.emplace_back(kNoStatus);
  }
  return out;
}

}  // namespace patchbay::git
