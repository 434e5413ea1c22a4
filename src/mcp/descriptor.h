#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/mcp/tool.h"

/// How a declaration becomes the object that tools/list shows.
namespace patchbay::mcp {

/// T1: 1 to 64 of A-Z a-z 0-9 _ . -  (the conformance fixtures also use '/').
bool valid_tool_name(std::string_view name);

/// The descriptor with schemas, annotations, security schemes and card metadata; `handle` and `request_key`
/// are added to the input schema where the declaration asks for them. An empty `card_uri` leaves the card
/// out.
Json describe_tool(const Tool& tool, const std::string& card_uri);

/// What hosts would choke on (T2), or nothing.
std::optional<std::string> schema_trouble(const Tool& tool);

/// Parameters that travel as headers too (x-mcp-header): argument path with '/' and header name.
/// kConfigRefused when a mark is malformed.
Result<std::vector<std::pair<std::string, std::string>>> header_parameters(const Json& descriptor);

}  // namespace patchbay::mcp
