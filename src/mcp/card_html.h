#pragma once

#include <string_view>

namespace patchbay::mcp {

/// src/mcp/card/tool_card_v2.html, embedded by the build.
extern const std::string_view kCardHtml;

}  // namespace patchbay::mcp
