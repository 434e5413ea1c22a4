#pragma once

#include "patchbay/runner/turn.h"

namespace patchbay::runner {

/// The order without the prompt, which follows it as raw bytes.
Json order_to_json(const TurnOrder& order);
TurnOrder order_from_json(const Json& j);

}  // namespace patchbay::runner
