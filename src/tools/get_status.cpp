#include "tools/calls.h"
#include "tools/job_view.h"
#include "tools/registry.h"

namespace patchbay::tools::get_status {
namespace {

struct Args {
  std::string job_id;
  int wait_seconds = 0;

  template <class V>
  static void describe(V& v) {
    v.required("job_id", &Args::job_id, "", json::MaxLength{100});
    v.optional("wait_seconds", &Args::wait_seconds, "Wait for a change of state.",
               json::Range{0, workers::kWaitCapSeconds});
  }
};

/// Counters and times as the record has them; null when nothing is known. Commands themselves stay out.
struct Course {
  std::optional<double> last_heartbeat_at, last_stdout_at, last_stderr_at;
  std::int64_t event_count = 0, stdout_bytes_seen = 0, stderr_bytes_seen = 0;
  std::string current_phase;
  std::optional<std::string> current_item_type, current_item_status;
  std::optional<double> current_command_started_at, last_command_completed_at;

  template <class V>
  static void describe(V& v) {
    v.field("last_heartbeat_at", &Course::last_heartbeat_at);
    v.field("event_count", &Course::event_count);
    v.field("stdout_bytes_seen", &Course::stdout_bytes_seen);
    v.field("stderr_bytes_seen", &Course::stderr_bytes_seen);
    v.field("last_stdout_at", &Course::last_stdout_at);
    v.field("last_stderr_at", &Course::last_stderr_at);
    v.field("current_phase", &Course::current_phase);
    v.field("current_item_type", &Course::current_item_type);
    v.field("current_item_status", &Course::current_item_status);
    v.field("current_command_started_at", &Course::current_command_started_at);
    v.field("last_command_completed_at", &Course::last_command_completed_at);
  }
};

Course course_of(const runner::Progress& p) {
  const auto text = [](const std::string& t) { return t.empty() ? std::nullopt : std::optional(t); };
  return {.last_heartbeat_at = time_or_null(p.heartbeat_at),
          .last_stdout_at = time_or_null(p.last_stdout_at),
          .last_stderr_at = time_or_null(p.last_stderr_at),
          .event_count = p.event_count,
          .stdout_bytes_seen = p.stdout_bytes,
          .stderr_bytes_seen = p.stderr_bytes,
          .current_phase = p.phase,
          .current_item_type = text(p.current_item_type),
          .current_item_status = text(p.current_item_status),
          .current_command_started_at = time_or_null(p.current_command_started_at),
          .last_command_completed_at = time_or_null(p.last_command_completed_at)};
}

struct Reply {
  std::string reference_id, state, mode;
  std::optional<double> started_at, completed_at;
  std::optional<std::string> last_event;
  Json progress = Json::object();
  Course course;
  std::string message;
  std::optional<std::string> error;
  Liveness liveness;
  std::optional<Json> usage;
  std::vector<Json> checkpoints;
  std::optional<int> queue_position, wait_seconds_applied;
  std::optional<workers::NextCall> next;

  template <class V>
  static void describe(V& v) {
    v.field("reference_id", &Reply::reference_id);
    v.field("state", &Reply::state);
    v.field("mode", &Reply::mode);
    v.field("started_at", &Reply::started_at);
    v.field("completed_at", &Reply::completed_at);
    v.optional("last_event", &Reply::last_event, "");
    v.field("progress", &Reply::progress);
    v.members(&Reply::course);
    v.field("message", &Reply::message);
    v.optional("error", &Reply::error, "");
    v.field("liveness", &Reply::liveness);
    v.field("usage", &Reply::usage);
    v.field("checkpoints", &Reply::checkpoints);
    v.optional("queue_position", &Reply::queue_position, "");
    v.optional("wait_seconds_applied", &Reply::wait_seconds_applied, "");
    v.optional("next", &Reply::next, "");
  }
  std::string text() const {
    std::string out = fmt::format("Job {} ({}): {}, {}. {}", reference_id, mode, state, liveness.phase, message);
    if (error) out += "\n" + *error;
    for (const Json& c : checkpoints) out += "\n- " + json::get_string(c, "summary");
    return out;
  }
};

std::string message_of(const jobs::JobRecord& job, const Liveness& liveness) {
  switch (job.state) {
    case jobs::JobState::kCompleted: return "The job is finished; read codex_get_result.";
    case jobs::JobState::kFailed: return "The job failed; codex_get_result tells why.";
    case jobs::JobState::kCancelled: return "The job was cancelled.";
    default: break;
  }
  if (liveness.command_running_seconds) {
    return fmt::format("A shell command has been running for {:.0f} s.", *liveness.command_running_seconds);
  }
  return job.state == jobs::JobState::kPending ? "The job is about to start." : "The job is at work.";
}

Reply view_of(const Services& services, const jobs::JobRecord& job) {
  const codex::PrivateStrings secrets = private_strings(services, job);
  Reply r;
  r.reference_id = job.job_id;
  r.state = std::string(name_of(job.state));
  r.mode = std::string(name_of(job.mode));
  r.started_at = time_or_null(job.started_at);
  r.completed_at = time_or_null(job.completed_at);
  if (!job.progress.last_event.empty()) r.last_event = job.progress.last_event;
  r.liveness = liveness_of(job, epoch_seconds(services.clock.wall()), services.launch.config.workers);
  r.progress = {{"phase", job.progress.phase},
                {"events", job.progress.event_count},
                {"messages", job.progress.message_count},
                {"stdout_bytes", job.progress.stdout_bytes}};
  r.course = course_of(job.progress);
  r.message = message_of(job, r.liveness);
  if (!job.error.empty()) r.error = codex::public_report(job.error, secrets);
  if (job.usage) r.usage = Json(*job.usage);
  for (const runner::Checkpoint& c : job.progress.checkpoints) {
    r.checkpoints.push_back({{"at", c.at}, {"summary", codex::public_report(c.summary, secrets)}});
  }
  if (const int position = services.jobs.queue_position(job.job_id); position > 0) r.queue_position = position;
  if (job.active()) r.next = ask_again(job.job_id);
  return r;
}

Result<Reply> get_status(Services& services, mcp::Call& call, const Args& args) {
  const jobs::JobPtr before = PB_TRY(find_job(services, args.job_id));
  if (before->active()) {
    wait_until(
        services, call, args.wait_seconds,
        [&] {
          const jobs::JobPtr now = services.jobs.find(args.job_id);
          return !now || now->state != before->state;
        },
        [&] { return progress_line(services, args.job_id); });
  }
  const jobs::JobPtr job = PB_TRY(find_job(services, args.job_id));
  Reply reply = view_of(services, *job);
  if (args.wait_seconds > 0) reply.wait_seconds_applied = args.wait_seconds;
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_get_status",
      .title = "Codex Get Status",
      .description = "Show the state and progress of a job. wait_seconds waits for a change of state.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kStandardFull,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Polling job",
      .invoked = "Job polled",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &get_status};

}  // namespace
}  // namespace patchbay::tools::get_status
