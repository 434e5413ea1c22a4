#include "tools/job_view.h"
#include "tools/registry.h"

namespace patchbay::tools::cancel_job {
namespace {

/// INT, TERM, KILL and the sweep take a few seconds; the answer waits for the usual case only.
constexpr std::chrono::milliseconds kProofTime{6'000};

struct Args {
  std::string job_id;

  template <class V>
  static void describe(V& v) {
    v.required("job_id", &Args::job_id, "", json::MaxLength{100});
  }
};

struct Reply {
  std::string reference_id;
  bool cancelled = false;
  std::string state;
  std::optional<std::string> reason, error_code;
  std::optional<bool> retryable;
  bool process_signalled = false, cleanup_pending = false;

  template <class V>
  static void describe(V& v) {
    v.field("reference_id", &Reply::reference_id);
    v.field("cancelled", &Reply::cancelled);
    v.field("state", &Reply::state);
    v.optional("reason", &Reply::reason, "");
    v.optional("error_code", &Reply::error_code, "");
    v.optional("retryable", &Reply::retryable, "");
    v.field("process_signalled", &Reply::process_signalled);
    v.field("cleanup_pending", &Reply::cleanup_pending);
  }
  std::string text() const {
    if (!cancelled)
      return fmt::format("Job {} is {} and was not cancelled: {}.", reference_id, state, reason.value_or(""));
    return fmt::format("Job {} is cancelled{}.", reference_id,
                       cleanup_pending ? "; its processes are still being ended" : "");
  }
};

Result<Reply> cancel_job(Services& services, mcp::Call& call, const Args& args) {
  PB_TRY(find_job(services, args.job_id));
  const auto room = std::chrono::duration_cast<std::chrono::milliseconds>(call.deadline() - services.clock.mono());
  const jobs::CancelReply outcome =
      services.jobs.cancel(args.job_id, "Cancelled by request", std::clamp(room, {}, kProofTime));
  Reply reply;
  reply.reference_id = args.job_id;
  reply.cancelled = outcome.cancelled;
  reply.state = std::string(name_of(outcome.state));
  reply.process_signalled = outcome.process_signalled;
  reply.cleanup_pending = outcome.cleanup_pending;
  if (!outcome.cancelled) {
    reply.reason = outcome.reason;
    reply.error_code = std::string(name_of(ErrorCode::kInvalidState));
    reply.retryable = false;
  }
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_cancel_job",
      .title = "Codex Cancel Job",
      .description =
          "Stop a pending or running job and everything it started. What it wrote so far stays. For a worker "
          "use codex_worker_stop.",
      .effect = mcp::Effect::kDestroys,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kEachTimeAgain,
      .modes = mcp::kStandardFull,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kWorker,
      .invoking = "Stopping job",
      .invoked = "Job stopped",
      .takes_handle = true,
      .takes_request_key = true,
  };
}

const Register kTool{&declaration, &cancel_job};

}  // namespace
}  // namespace patchbay::tools::cancel_job
