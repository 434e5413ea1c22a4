#pragma once

#include <optional>
#include <string>

#include "patchbay/mcp/catalog.h"
#include "patchbay/mcp/limits.h"
#include "patchbay/mcp/version.h"

/// CallToolResult objects: how a reply or an error of a tool looks on the wire.
namespace patchbay::mcp {

/// content, structuredContent and _meta of a reply: redacted, text cut at the limit with a marker.
Json success_result(const Catalog::Entry& entry, ToolReply reply, const CatalogOptions& options, const Limits& limits);

/// isError without structuredContent; one text block: message, hint, newline, one JSON line (T5). `ref` names
/// the log entry, may be empty.
Json error_result(const Error& error, const std::string& ref = {});

/// Replaces what a revision does not know and adds what its clients need (4.5). `text_limit`: what all text blocks
/// together may have (6.2).
void adapt_result(const Version& version, Json& result, std::size_t text_limit);

/// Every string in `value`, made valid UTF-8 and with secrets replaced.
void redact_strings(Json& value);

/// The first place where `value` does not fit `schema`, for the part of JSON Schema our own schemas use:
/// type, properties, required, items, enum, additionalProperties.
std::optional<std::string> schema_mismatch(const Json& schema, const Json& value, const std::string& path = "");

}  // namespace patchbay::mcp
