#pragma once

#include <functional>

#include "patchbay/mcp/tool.h"
#include "patchbay/store/audit_log.h"
#include "patchbay/workspace/roots.h"

namespace patchbay::app {

/// The same tool with a line in the audit log for each call: tool, caller, outcome, duration (SEC:R3). A tool
/// that changes something also leaves a line before it begins, with what it is about; the line of its end is on
/// stable storage before the caller gets its answer. While the log cannot be written such a tool refuses with
/// degraded_readonly (SEC:F17). `audit` and `roots` outlive the tool.
mcp::Tool audited(mcp::Tool tool, store::AuditLog& audit, const workspace::Roots& roots, const Clock& clock);

/// Carries out a request of the operator over the socket and leaves the same two lines. The operator is not refused
/// anything because of the log: stopping is what a full disk may call for.
Result<Json> audited_control(store::AuditLog& audit, const Json& request, const std::function<Result<Json>()>& body);

}  // namespace patchbay::app
