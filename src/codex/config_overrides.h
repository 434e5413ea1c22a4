#pragma once

#include <string>
#include <vector>

#include "patchbay/base/result.h"

namespace patchbay::codex {

/// Whether `-c key=value` overrides of a request may be passed on.
///
/// Each must begin with one of `prefixes` (none: overrides are off; "" matches everything). Keys that move
/// the sandbox, approvals, what runs beside the model, or where its data goes are refused on top of that
/// unless bypass is allowed here, or a prefix names that very family. kModeNotPermitted for what is not
/// permitted, kInvalidArgument for what is no override.
Status check_overrides(const std::vector<std::string>& overrides, const std::vector<std::string>& prefixes,
                       bool bypass_allowed);

/// The widest sandbox a turn can get when it is started with `sandbox` and these overrides. The flag wins
/// over `sandbox_mode` in 0.169.0; counting the wider one keeps the lock right for programs that decide
/// otherwise.
std::string widest_sandbox(std::string sandbox, const std::vector<std::string>& overrides);

}  // namespace patchbay::codex
