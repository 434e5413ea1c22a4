#pragma once

#include "patchbay/mcp/tool.h"
#include "patchbay/store/audit_log.h"

namespace patchbay::app {

/// The same tool with a line in the audit log for each call: tool, caller, outcome, duration (SEC:R3). A tool
/// that changes something also leaves a line before it begins, and refuses with degraded_readonly while the
/// log cannot be written (SEC:F17). `audit` outlives the tool.
mcp::Tool audited(mcp::Tool tool, store::AuditLog& audit, const Clock& clock);

}  // namespace patchbay::app
