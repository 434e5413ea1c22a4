#include "app/audit.h"

#include <atomic>

#include "patchbay/base/log.h"

namespace patchbay::app {
namespace {

using Kind = store::AuditLog::Kind;

Json event(std::string_view what, std::uint64_t number, const std::string& tool, const mcp::Caller& caller) {
  constexpr std::size_t kMembers = 12;
  Json line = Json::object();
  line.get_ref<Json::object_t&>().reserve(kMembers);
  line["event"] = what;
  line["call"] = number;
  line["tool"] = tool;
  line["client_ref"] = caller.client_ref;
  line["credential"] = caller.credential;
  line["scope_kind"] = mcp::name_of(caller.kind);
  return line;
}

/// How an ordinary reply ended: a refusal inside it counts as its code.
std::string outcome_of(const Result<mcp::ToolReply>& reply) {
  if (!reply) return std::string(name_of(reply.error().code));
  const std::string refusal = json::get_string(reply->structured, "error_code");
  return refusal.empty() ? std::string("ok") : refusal;
}

/// What a change is about: the workspace it names, or would take, and the worker or job.
void add_subject(Json& line, const mcp::Tool& tool, const Json& args, const workspace::Roots& roots) {
  const Json* properties = json::find(tool.input_schema, "properties");
  if (properties == nullptr) return;
  if (properties->contains("repo_path")) {
    const auto workspace = roots.resolve(json::find_string(args, "repo_path"));
    if (workspace) line["workspace_id"] = workspace->id;
  }
  for (const char* name : {"worker", "job_id"}) {
    if (const auto value = json::find_string(args, name)) line[name] = *value;
  }
}

/// The line of a change that is about to begin. It is not waited for: the line of its end is, and covers it. After a
/// failure it is, so that a disk that works again ends the refusals.
Status write_begin(store::AuditLog& audit, const Json& line) {
  return audit.write(line, audit.failed() ? Kind::kMutating : Kind::kReading);
}

void write_end(store::AuditLog& audit, const Json& line, Kind kind) {
  if (const Status written = audit.write(line, kind); !written)
    log::warn("The audit log cannot be written: {}", written.error().message);
}

Error degraded() {
  return {ErrorCode::kDegradedReadonly,
          "The audit log cannot be written, so nothing is changed.",
          "Ask the operator to look at the disk of the PatchBay home.",
          {}};
}

}  // namespace

mcp::Tool audited(mcp::Tool tool, store::AuditLog& audit, const workspace::Roots& roots, const Clock& clock) {
  static std::atomic<std::uint64_t> last_call{0};
  const bool changes = tool.declaration.effect != mcp::Effect::kReads;
  mcp::Tool wrapped = tool;
  wrapped.run = [tool = std::move(tool), changes, &audit, &roots, &clock](mcp::Call& call,
                                                                          const Json& args) -> Result<mcp::ToolReply> {
    const std::string& name = tool.declaration.name;
    const std::uint64_t number = ++last_call;
    if (changes) {
      Json begin = event("begin", number, name, call.caller());
      add_subject(begin, tool, args, roots);
      if (!write_begin(audit, begin)) return degraded();
    }
    const MonoTime began = clock.mono();
    Result<mcp::ToolReply> reply = tool.run(call, args);
    Json end = event(changes ? "end" : "read", number, name, call.caller());
    end["outcome"] = outcome_of(reply);
    end["ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(clock.mono() - began).count();
    write_end(audit, end, changes ? Kind::kMutating : Kind::kReading);
    return reply;
  };
  return wrapped;
}

Result<Json> audited_control(store::AuditLog& audit, const Json& request, const std::function<Result<Json>()>& body) {
  Json line{{"event", "begin"}, {"control", json::get_string(request, "control")}, {"credential", "local"}};
  if (const auto worker = json::find_string(request, "worker")) line["worker"] = *worker;
  const Status begun = write_begin(audit, line);
  if (!begun) log::warn("The audit log cannot be written: {}", begun.error().message);
  Result<Json> reply = body();
  line["event"] = "end";
  line["outcome"] = reply ? std::string("ok") : std::string(name_of(reply.error().code));
  write_end(audit, line, Kind::kMutating);
  return reply;
}

}  // namespace patchbay::app
