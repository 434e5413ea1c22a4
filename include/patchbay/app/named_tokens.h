#pragma once

#include "patchbay/base/clock.h"
#include "patchbay/config/home.h"

namespace patchbay::app {

/// True when the state database of a home holds a named token that is valid now. Opens nothing when there is
/// none.
bool has_named_token(const config::Home& home, const Clock& clock);

}  // namespace patchbay::app
