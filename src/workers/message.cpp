#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "workers/core.h"
#include "workers/turn_prompt.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

constexpr int kNextAfterMs = 15'000;
constexpr int kNextWaitSeconds = 20;

/// Why a worker cannot take a message right now.
Status ready_for_turn(Core& self, const Worker& worker) {
  if (worker.active()) {
    return Error{ErrorCode::kTurnActive,
                 "The worker is still working; a message can be given when this turn has ended.",
                 {},
                 {}};
  }
  if (self.stopping.lock()->contains(worker.id())) {
    return Error{ErrorCode::kCleanupPending, "The worker is being stopped.", {}, {}};
  }
  if (worker.unresolved()) {
    return Error{ErrorCode::kCleanupPending, "Processes of an earlier turn are not proven gone yet.", {}, {}};
  }
  if (worker.session().empty()) {
    return Error{ErrorCode::kNoSession,
                 "The worker has no conversation that could be continued. Start a new worker with the same brief.",
                 {},
                 {}};
  }
  if (!self.workspace_available(worker)) {
    return Error{
        ErrorCode::kWorkspaceUnavailable,
        worker.discarded()
            ? "The worker's workspace was removed. Start a new worker, or have the operator run: patchbay worker "
              "restore " +
                  worker.id()
            : "The worker's workspace is gone. Start a new worker.",
        {},
        {}};
  }
  return {};
}

}  // namespace

Result<TurnReply> Workers::message(const Actor& actor, const CallContext& call, const MessageArgs& args) {
  Core& self = *core_;
  const Core::HeldWorker held = PB_TRY(self.hold(args.worker, args.repo_path, call));
  const WorkerPtr& worker = held.worker;

  TurnReply reply;
  reply.context_detail = args.context.context_detail;
  const auto refused = [&](Refusal refusal) {
    reply.worker = make_view(self, actor, *self.directory.by_id(worker->id()), Detail::kFull);
    reply.refusal = std::move(refusal);
    return reply;
  };

  Core::Claim claim = self.claim(actor, *worker, args.takeover);
  if (claim.refusal) return refused(std::move(*claim.refusal));
  const std::string message = PB_TRY(check_assignment(args.message, "message"));
  if (!args.context.context_from_artifacts.empty()) {
    return Error{
        ErrorCode::kArtifactNotFound, "There are no imported artifacts here.", "Leave context_from_artifacts out.", {}};
  }
  const PeerContext context = PB_TRY(peer_context(self, args.context, worker->workspace_id(), worker->workspace_id()));
  reply.context_sources = context.sources;
  reply.context_truncated = context.truncated;
  if (const Status ready = ready_for_turn(self, *worker); !ready.ok()) {
    return refused(Core::refuse(ready.error().code, ready.error().message));
  }
  const codex::ModelChoice choice = PB_TRY(
      self.parts.models.check(args.model.empty() ? worker->model() : args.model,
                              args.reasoning_effort.empty() ? worker->reasoning_effort() : args.reasoning_effort));

  std::optional<workspace::HeldRepoLock> lock;
  if (worker->mode() == WorkspaceMode::kSharedWrite && self.options.shared_writers_serialized) {
    auto taken = self.parts.locks.acquire(worker->base_repo(),
                                          {.operation = "codex_worker_message", .worker_name = worker->name()});
    if (!taken) return refused(busy_refusal(taken.error(), "codex_worker_message"));
    lock = std::move(*taken);
  }

  jobs::NewJob job{.mode = jobs::JobMode::kResume, .repo_path = worker->latest().repo_path};
  job.options = worker->latest().options;
  // What was integrated, or was about to be, stays with the turn that it was said about.
  for (const char* of_that_turn :
       {key::kIntegrating, key::kOutcomeUnknown, key::kIntegratedAt, key::kIntegratedFiles, key::kIntegratedSha,
        key::kIntegratedTree, key::kIntegratedMerged, key::kIntegratedToken}) {
    job.options.erase(of_that_turn);
  }
  if (!choice.model.empty()) job.options[key::kModel] = choice.model;
  if (!choice.reasoning_effort.empty()) job.options[key::kEffort] = choice.reasoning_effort;
  self.stamp_owner(actor, claim, args.takeover, job.options);
  job.worktree_path = worker->latest().worktree_path;
  job.branch_name = worker->latest().branch_name;
  job.resume_session = worker->session();

  runner::TurnRequest request;
  request.prompt = compose_prompt(message, context, worker->mode());
  request.sandbox = worker->mode() == WorkspaceMode::kReadOnly ? "read-only" : "workspace-write";
  request.model = choice.model;
  request.reasoning_effort = choice.reasoning_effort;
  request.resume_session = worker->session();
  request.cwd = worker->base_repo();
  const auto layout = self.base_layout(worker->base_repo());
  request.in_git_repository = layout.ok();
  if (worker->isolated()) {
    request.cwd = os::join(worker->worktree(), layout ? layout->subdir : std::string());
    if (!os::is_directory(request.cwd)) request.cwd = worker->worktree();
    request.pass_cwd = true;
  }

  // Whether the worker is still free is decided together with the new turn's record.
  auto reserved =
      self.parts.jobs.reserve(job, [&] { return ready_for_turn(self, *self.directory.by_id(worker->id())); });
  if (!reserved) {
    if (auto refusal = self.as_refusal(reserved.error(), "codex_worker_message")) return refused(std::move(*refusal));
    return std::move(reserved).error();
  }
  const std::string job_id = (*reserved)->job_id;
  if (lock) lock->name_job(job_id);
  if (const Status launched =
          self.parts.jobs.launch(job_id, request, lock ? std::vector<int>{lock->fd()} : std::vector<int>{});
      !launched.ok()) {
    (void)self.parts.jobs.remove(job_id);
    return launched.error();
  }
  reply.accepted = true;
  reply.worker = make_view(self, actor, *self.directory.by_id(worker->id()), Detail::kFull);
  reply.next = NextCall{.tool = "codex_worker_inspect",
                        .arguments = {{"worker", worker->id()}, {"wait_seconds", kNextWaitSeconds}},
                        .after_ms = kNextAfterMs};
  reply.refusal.note = "The same conversation goes on in the same workspace.";
  claim.tell(reply.refusal);
  return reply;
}

}  // namespace patchbay::workers
