#include "patchbay/workers/public_text.h"
#include "tools/calls.h"
#include "tools/job_view.h"
#include "tools/registry.h"

namespace patchbay::tools::get_result {
namespace {

struct Args {
  std::string job_id;
  int wait_seconds = 0;

  template <class V>
  static void describe(V& v) {
    v.required("job_id", &Args::job_id, "", json::MaxLength{100});
    v.optional("wait_seconds", &Args::wait_seconds, "Wait for the job to end.",
               json::Range{0, workers::kWaitCapSeconds});
  }
};

struct Reply {
  Json result = Json::object();   ///< the report's members stand beside the others
  std::string report, next_step;  ///< the same as text; no members of their own
  std::string reference_id, state, mode;
  std::optional<std::string> error, error_code;
  std::optional<int> exit_code;
  std::optional<std::string> session_ref, staging_branch;
  std::optional<int> redactions;
  std::optional<int> wait_seconds_applied;
  std::optional<workers::NextCall> next;
  bool untrusted_content = true;
  std::string provenance = "codex_report";

  template <class V>
  static void describe(V& v) {
    v.members(&Reply::result);
    v.field("reference_id", &Reply::reference_id);
    v.field("state", &Reply::state);
    v.field("mode", &Reply::mode);
    v.optional("error", &Reply::error, "");
    v.optional("error_code", &Reply::error_code, "");
    v.optional("exit_code", &Reply::exit_code, "");
    v.optional("session_ref", &Reply::session_ref, "");
    v.optional("staging_branch", &Reply::staging_branch, "");
    v.optional("redactions", &Reply::redactions, "");
    v.optional("wait_seconds_applied", &Reply::wait_seconds_applied, "");
    v.optional("next", &Reply::next, "");
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }
  std::string text() const {
    std::string out = fmt::format("Job {} ({}): {}.", reference_id, mode, state);
    if (error) out += " " + *error;
    if (!next_step.empty()) out += "\nNext: " + next_step;
    if (next) out += " Ask again later.";
    if (!report.empty()) out += "\n\n" + report;
    return out;
  }
};

/// What the agent wrote cannot pose as a member of ours, not even as one that this reply leaves out.
void drop_own_names(Json& result) {
  static const Json ours = json::schema_of<Reply>(json::SchemaStyle::kOutputBrief).at("properties");
  for (const auto& [name, schema] : ours.items()) result.erase(name);
}

Reply view_of(const Services& services, const jobs::JobRecord& job) {
  const codex::PrivateStrings secrets = private_strings(services, job);
  Reply r;
  r.reference_id = job.job_id;
  r.mode = std::string(name_of(job.mode));
  r.state = job.state == jobs::JobState::kFailed ? "error" : std::string(name_of(job.state));
  if (job.active()) {
    r.next = ask_again(job.job_id);
    return r;
  }
  if (!job.session_id.empty()) r.session_ref = job.session_id;
  if (!job.branch_name.empty()) r.staging_branch = job.branch_name;
  if (job.state == jobs::JobState::kFailed) {
    r.error = public_text(job.error, secrets);
    if (!job.error_code.empty()) r.error_code = job.error_code;
    r.exit_code = job.exit_code;
  }
  const Json full = services.jobs.full_result(job.job_id);
  const Json& kept = full.is_object() ? full : job.result;
  if (kept.is_object()) {
    r.result = public_result(kept, secrets);
    drop_own_names(r.result);
    r.report = public_text(codex::report_text(kept), secrets);
    r.next_step = public_text(codex::next_step(kept), secrets);
    if (const int n = workers::redactions_in(json::dump(r.result)); n > 0) r.redactions = n;
  }
  return r;
}

Result<Reply> get_result(Services& services, mcp::Call& call, const Args& args) {
  PB_TRY(find_job(services, args.job_id));
  wait_until(
      services, call, args.wait_seconds,
      [&] {
        const jobs::JobPtr now = services.jobs.find(args.job_id);
        return !now || !now->active();
      },
      [&] { return progress_line(services, args.job_id); });
  const jobs::JobPtr job = PB_TRY(find_job(services, args.job_id));
  Reply reply = view_of(services, *job);
  if (args.wait_seconds > 0) reply.wait_seconds_applied = args.wait_seconds;
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_get_result",
      .title = "Codex Get Result",
      .description =
          "Read what a finished job reports, or why it failed. While it runs the reply says so; wait_seconds "
          "waits for the end. For edits see codex_get_diff.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kStandardFull,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Collecting result",
      .invoked = "Result collected",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &get_result};

}  // namespace
}  // namespace patchbay::tools::get_result
