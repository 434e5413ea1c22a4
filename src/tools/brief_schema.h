#pragma once

#include "patchbay/json/json.h"

namespace patchbay::tools {

/// Leaves in an output schema the members a client decides by, and drops the rest: the schemas stay open, so every reply
/// still fits, and the whole list keeps within what chat hosts accept (mcp.md T10).
void keep_deciding_members(Json& output_schema);

}  // namespace patchbay::tools
