#pragma once

#include <string>

#include "patchbay/config/launch.h"

namespace patchbay::config {

/// Lays the profile of the workspace at `root` (absolute, without links) over the settings, when there is one. A
/// profile that cannot be read or belongs to another root is a warning and changes nothing; so is a single value that
/// does not fit.
void lay_profile(const std::string& root, Launch& launch);

}  // namespace patchbay::config
