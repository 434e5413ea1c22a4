#include "app/audit.h"

#include <atomic>

#include "patchbay/base/log.h"

namespace patchbay::app {
namespace {

Json event(std::string_view what, std::uint64_t number, const std::string& tool, const mcp::Caller& caller) {
  return Json{{"event", what},
              {"call", number},
              {"tool", tool},
              {"client_ref", caller.client_ref},
              {"credential", caller.credential},
              {"scope_kind", mcp::name_of(caller.kind)}};
}

/// How an ordinary reply ended: a refusal inside it counts as its code.
std::string outcome_of(const Result<mcp::ToolReply>& reply) {
  if (!reply) return std::string(name_of(reply.error().code));
  const std::string refusal = json::get_string(reply->structured, "error_code");
  return refusal.empty() ? std::string("ok") : refusal;
}

}  // namespace

mcp::Tool audited(mcp::Tool tool, store::AuditLog& audit, const Clock& clock) {
  static std::atomic<std::uint64_t> last_call{0};
  const bool changes = tool.declaration.effect != mcp::Effect::kReads;
  tool.run = [run = std::move(tool.run), name = tool.declaration.name, changes, &audit, &clock](
                 mcp::Call& call, const Json& args) -> Result<mcp::ToolReply> {
    const std::uint64_t number = ++last_call;
    if (changes) {
      if (!audit.write(event("begin", number, name, call.caller()), store::AuditLog::Kind::kReading)) {
        return Error{ErrorCode::kDegradedReadonly,
                     "The audit log cannot be written, so nothing is changed.",
                     "Ask the operator to look at the disk of the PatchBay home.",
                     {}};
      }
    }
    const MonoTime began = clock.mono();
    Result<mcp::ToolReply> reply = run(call, args);
    Json end = event(changes ? "end" : "read", number, name, call.caller());
    end["outcome"] = outcome_of(reply);
    end["ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(clock.mono() - began).count();
    if (const Status written = audit.write(end, store::AuditLog::Kind::kReading); !written) {
      log::warn("The audit log cannot be written: {}", written.error().message);
    }
    return reply;
  };
  return tool;
}

}  // namespace patchbay::app
