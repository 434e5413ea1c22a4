#pragma once

#include "patchbay/base/clock.h"
#include "patchbay/config/home.h"

namespace patchbay::app {

/// True when the state database of a home holds a named token that is valid now. Looks, and changes nothing.
/// kStateTooNew; kConfigRefused for a damaged file, kIoError for one that cannot be read: then nobody knows whether
/// the port needs a token.
Result<bool> has_named_token(const config::Home& home, const Clock& clock);

}  // namespace patchbay::app
