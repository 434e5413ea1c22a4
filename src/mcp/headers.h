#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "patchbay/mcp/catalog.h"
#include "patchbay/mcp/jsonrpc.h"
#include "patchbay/mcp/outlet.h"

/// What the headers of an HTTP request may say and what they must agree with (M9-M13).
namespace patchbay::mcp {

/// A header's value, spaces and tabs at the ends dropped; absent when it was not sent.
struct HeaderValue {
  std::optional<std::string> value;
  bool conflicting = false;  ///< sent more than once with different values (M12)
};
HeaderValue header_value(const HeaderList& headers, std::string_view name);

/// Decodes the `=?base64?…?=` form; absent when that form is broken, or a raw value has control characters or
/// bytes above 0x7E (M10, M11).
std::optional<std::string> decode_header_value(std::string_view raw);

/// N2: the version header confirms the claim.
std::optional<RpcError> check_version_header(const HeaderList& headers, std::string_view claim);
/// N4: Mcp-Method confirms the method.
std::optional<RpcError> check_method_header(const HeaderList& headers, std::string_view method);
/// N6: Mcp-Name confirms a member of params.
std::optional<RpcError> check_name_header(const HeaderList& headers, std::string_view member, const Json& params);
/// N9: Mcp-Param-* confirm the marked arguments.
std::optional<RpcError> check_param_headers(const HeaderList& headers, const Catalog::Entry& entry,
                                            const Json& arguments);

}  // namespace patchbay::mcp
