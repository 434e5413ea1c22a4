#pragma once

#include <functional>
#include <string>

#include "beneath.h"

namespace patchbay::workspace {

using OpenCanonical = std::function<os::Fd(int root, const CleanPath& path, int flags)>;

/// The trial of prove_path_guard, with any way to open a canonical path.
Status prove_by_trial(const std::string& scratch, const OpenCanonical& open);

}  // namespace patchbay::workspace
