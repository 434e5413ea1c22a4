#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/workspace/workspace_fs.h"
#include "tools/job_view.h"
#include "tools/registry.h"

namespace patchbay::tools::get_diff {
namespace {

struct Args {
  std::string job_id, file_path;

  template <class V>
  static void describe(V& v) {
    v.required("job_id", &Args::job_id, "", json::MaxLength{100});
    v.required("file_path", &Args::file_path, "Relative to the workspace.", json::MaxLength{4096});
  }
};

struct Reply {
  std::string reference_id, record_path, delta_content;
  bool binary = false, truncated = false;
  std::int64_t additions = 0, deletions = 0, total_bytes = 0;
  std::optional<int> redactions;
  bool untrusted_content = true;
  std::string provenance = "job_worktree";

  template <class V>
  static void describe(V& v) {
    v.field("reference_id", &Reply::reference_id);
    v.field("record_path", &Reply::record_path);
    v.field("delta_content", &Reply::delta_content);
    v.field("binary", &Reply::binary);
    v.field("truncated", &Reply::truncated);
    v.field("additions", &Reply::additions);
    v.field("deletions", &Reply::deletions);
    v.field("total_bytes", &Reply::total_bytes);
    v.optional("redactions", &Reply::redactions, "");
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }
  std::string text() const { return delta_content; }
};

Result<Reply> get_diff(Services& services, mcp::Call&, const Args& args) {
  const jobs::JobPtr job = PB_TRY(find_job(services, args.job_id));
  const std::string file_path = workspace::unescape_shown_name(args.file_path).value_or(args.file_path);
  if (services.blocked.matches(file_path)) {
    return Error{ErrorCode::kPathBlocked, "file_path is blocked by the operator's settings.", {}, {}};
  }
  const auto limit = static_cast<std::size_t>(services.launch.config.security.max_diff_bytes);
  const git::Diff diff = PB_TRY(services.plain_jobs.file_diff(job, file_path, limit));
  Reply reply;
  reply.reference_id = job->job_id;
  reply.record_path = display_safe(file_path);
  reply.binary = !diff.files.empty() && diff.files.front().binary;
  reply.additions = diff.additions;
  reply.deletions = diff.deletions;
  reply.total_bytes = static_cast<std::int64_t>(diff.total_bytes);
  reply.truncated = diff.truncated;
  int redactions = diff.redactions;
  reply.delta_content =
      codex::public_code(redact(sanitize_utf8(diff.text), &redactions), private_strings(services, *job));
  if (redactions > 0) reply.redactions = redactions;
  if (diff.truncated) reply.delta_content += fmt::format("\n...[diff truncated to {} bytes]", limit);
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_get_diff",
      .title = "Codex Get Diff",
      .description = "Show what a finished apply job changed in one file. codex_get_result names the changed files.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kStandardFull,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Collecting diff",
      .invoked = "Diff collected",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &get_diff};

}  // namespace
}  // namespace patchbay::tools::get_diff
