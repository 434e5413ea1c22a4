#pragma once

#include "patchbay/tools/services.h"

/// From the protocol's view of a call to the views of the layers below.
namespace patchbay::tools {

/// Waits inside a call end this long before the call itself has to (mcp.md B3).
inline constexpr std::chrono::seconds kAnswerTime{2};

workers::Actor actor_of(const mcp::Call& call);

/// The call's limits. Waiting needs a permit of the server, which the context holds until it is destroyed.
workers::CallContext context_of(Services& services, mcp::Call& call);

/// Private owner members that a job keeps of the caller (workers.md 1.4).
Json owner_of(const mcp::Call& call, const Clock& clock);

/// Waits up to `seconds` for `done`, if the server has room for one more waiting call; the last answer of
/// `done`. About once a second `say` tells a person how things are (mcp.md B4).
bool wait_until(Services& services, mcp::Call& call, int seconds, const std::function<bool()>& done,
                const std::function<std::string()>& say);

}  // namespace patchbay::tools
