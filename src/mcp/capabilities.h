#pragma once

#include <string>
#include <string_view>

#include "patchbay/json/json.h"

/// What a client declared it can do.
namespace patchbay::mcp {

/// Whether ClientCapabilities contain "sampling", "elicitation", "elicitation.url", "roots", ... A bare
/// `elicitation: {}` means forms.
bool declares(const Json& capabilities, std::string_view capability);

/// The few capabilities that a session id remembers over a restart, as bits and back.
unsigned capability_bits(const Json& capabilities);
Json capabilities_from_bits(unsigned bits);

/// Which capability a request to the client needs; empty when none. `params` tell forms from URLs.
std::string needed_for(std::string_view method, const Json& params);

/// {"elicitation":{"url":{}}} for "elicitation.url".
Json capability_object(std::string_view capability);

/// The parts of `wanted` (a ClientCapabilities object) that `declared` lacks; empty object: none.
Json missing_capabilities(const Json& wanted, const Json& declared);

}  // namespace patchbay::mcp
