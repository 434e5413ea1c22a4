#include "workers/core.h"

#include "patchbay/base/error_text.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kReasonBytes = 500;
constexpr int kBusyRetrySeconds = 30;
constexpr char kTakeoverReason[] = "_mcp_takeover_reason";
constexpr char kTakeoverAt[] = "_mcp_takeover_at";
/// Waits inside a call end this long before the call itself has to (mcp.md B3).
constexpr std::chrono::seconds kAnswerTime{2};

}  // namespace

Refusal busy_refusal(const Error& busy, const std::string& operation) {
  Refusal r = Core::refuse(busy.code, busy.message);
  r.repo_busy = true;
  r.operation = r.requested_operation = operation;
  r.required_action = busy.hint.empty() ? "Wait until the other writer is done, then call again." : busy.hint;
  const auto holder = json::parse(busy.detail);
  r.holder = holder && holder->is_object() ? *holder : Json::object();
  r.retry_after_seconds = kBusyRetrySeconds;
  return r;
}

Result<std::string> Core::choose_root(const std::optional<std::string>& repo_path) const {
  const auto workspace = PB_TRY(parts.roots.choose(repo_path));
  return workspace.path;
}

Result<Core::HeldWorker> Core::hold(const std::string& name, const std::optional<std::string>& repo_path,
                                    const CallContext& call) {
  const WorkerPtr meant = PB_TRY(resolve(name, repo_path));
  HeldWorker held;
  const std::size_t stripe = std::hash<std::string>{}(meant->id()) % worker_mutexes.size();
  // By the wall clock, because thread sanitizers do not know a mutex's wait by the steady one.
  const auto patience = std::max<MonoTime::duration>(call.deadline - kAnswerTime - parts.clock.mono(), {});
  held.lock = std::unique_lock(
      worker_mutexes[stripe],
      std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(patience));
  if (!held.lock.owns_lock()) {
    return Error{ErrorCode::kTimeout, "Another operation on this worker takes long.", "Call again in a moment.", {}};
  }
  held.worker = directory.by_id(meant->id());
  if (!held.worker) {
    return Error{ErrorCode::kWorkerNotFound,
                 "Unknown worker: " + display_safe(name),
                 "Call codex_worker_list to see the workers and their names.",
                 {}};
  }
  // The repository may have left the allowed roots since the worker was started.
  PB_TRY(choose_root(held.worker->base_repo()));
  return held;
}

Result<WorkerPtr> Core::resolve(const std::string& worker, const std::optional<std::string>& repo_path) const {
  std::optional<std::string> scope;
  if (repo_path && !repo_path->empty()) scope = workspace::workspace_id(PB_TRY(choose_root(repo_path)));
  const auto fallback = parts.roots.choose(std::nullopt);
  return directory.resolve(worker, scope, fallback ? workspace::workspace_id(fallback->path) : std::string());
}

git::Target Core::base_target(const std::string& base_repo) const {
  git::Target t;
  t.path = base_repo;
  t.ceiling = parts.roots.allowed_root_of(base_repo);
  t.roots = parts.roots.allowed();
  t.roots.push_back(options.worktree_root);
  return t;
}

git::Target Core::worktree_target(const Worker& worker) const {
  git::Target t = base_target(worker.base_repo());
  t.path = worker.worktree();
  t.ceiling.clear();
  return t;
}

Result<git::Layout> Core::base_layout(const std::string& base_repo) const {
  return parts.git.discover(base_target(base_repo));
}

std::string Core::git_lock_path(const git::Layout& layout) const {
  const std::string identity = fmt::format("{}:{}", layout.common_device, layout.common_inode);
  return os::join(options.git_locks_dir, "git_" + sha256_hex(identity).substr(0, 32) + ".lock");
}

bool Core::workspace_available(const Worker& worker) const {
  if (worker.discarded()) return false;
  if (!worker.isolated()) return os::is_directory(worker.base_repo());
  // A symlink that the worker put in place of its worktree leads wherever it likes.
  const auto real = os::real_path(worker.worktree());
  const auto parent = os::real_path(os::parent_of(worker.worktree()));
  return real && parent && *real == os::join(*parent, os::base_name(worker.worktree())) && os::is_directory(*real);
}

Refusal Core::refuse(ErrorCode code, std::string note) {
  Refusal r;
  r.error_code = std::string(name_of(code));
  r.retryable = is_retryable(code);
  r.note = std::move(note);
  return r;
}

Refusal Core::refuse_takeover(const OwnershipView& owner, const TakeoverArgs& args) {
  Refusal r = refuse(ErrorCode::kTakeoverRequired, owner.note);
  r.takeover_required = true;
  r.takeover_performed = false;
  r.required_action = "call again with takeover=true after user confirms this is intentional";
  if (!args.takeover_reason.empty()) r.takeover_reason_ignored = true;
  return r;
}

Refusal Core::refuse_job_limit(const Error& error) const {
  Refusal r = refuse(ErrorCode::kJobLimit, with_hint(error.message, error.hint));
  r.active_jobs = parts.jobs.active_count();
  r.max_concurrent_jobs = parts.jobs.options().max_concurrent;
  return r;
}

std::optional<Refusal> Core::as_refusal(const Error& error, const std::string& operation) const {
  switch (error.code) {
    case ErrorCode::kJobLimit: return refuse_job_limit(error);
    case ErrorCode::kRepoBusy: return busy_refusal(error, operation);
    case ErrorCode::kTurnActive:
    case ErrorCode::kCleanupPending:
    case ErrorCode::kNoSession:
    case ErrorCode::kWorkspaceUnavailable:
    case ErrorCode::kNotIsolated:
    case ErrorCode::kWorkerNameConflict: return refuse(error.code, error.message);
    default: return std::nullopt;
  }
}

Core::Claim Core::claim(const Actor& actor, const Worker& worker, const TakeoverArgs& args) const {
  const OwnershipView owner = ownership.view(actor, worker);
  Claim c;
  if (owner.needs_takeover && !args.takeover) {
    c.refusal = refuse_takeover(owner, args);
  } else if (owner.needs_takeover) {
    c.taken_over = true;
  } else {
    c.inherited = owner.owned == false;
  }
  return c;
}

void Core::Claim::tell(Refusal& reply) const {
  if (taken_over) reply.takeover_performed = true;
  if (!inherited) return;
  const std::string note = "The conversation that owned this worker is gone; the worker is yours now.";
  reply.note = reply.note ? with_hint(*reply.note, note) : note;
}

void Core::stamp_owner(const Actor& actor, const Claim& claim, const TakeoverArgs& args, Json& stamped) const {
  ownership.stamp(actor, stamped);
  stamped.erase(kTakeoverReason);
  stamped.erase(kTakeoverAt);
  if (!claim.taken_over) return;
  stamped[kTakeoverReason] = display_safe(utf8_prefix(args.takeover_reason, kReasonBytes));
  stamped[kTakeoverAt] = epoch_seconds(parts.clock.wall());
}

Status Core::record_owner(const Actor& actor, const Worker& worker, const Claim& claim, const TakeoverArgs& args) {
  return parts.jobs.update(worker.latest().job_id, [&](jobs::JobRecord& r) {
    stamp_owner(actor, claim, args, r.options);
    return true;
  });
}

void Core::wait_for_end(const std::string& worker_id, int seconds, const CallContext& call) const {
  if (seconds <= 0 || !call.may_wait()) return;
  const MonoTime until = std::min(parts.clock.mono() + std::chrono::seconds(seconds), call.deadline - kAnswerTime);
  double told = 0;
  parts.jobs.wait(
      [&] {
        const WorkerPtr now = directory.by_id(worker_id);
        if (!now || !now->active()) return true;
        if (const double at = now->latest().progress.heartbeat_at; at != told) {
          told = at;
          call.progress(fmt::format("{}: {}", now->name(), now->latest().progress.phase));
        }
        return false;
      },
      until, call.cancel);
}

}  // namespace patchbay::workers
