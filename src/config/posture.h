#pragma once

#include <vector>

#include "patchbay/config/launch.h"

namespace patchbay::config {

/// Every key whose value is not the documented one. Before blank paths are filled in: those are no
/// differences.
std::vector<Difference> differences_of(const Launch& launch);

}  // namespace patchbay::config
