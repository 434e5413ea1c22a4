#pragma once

#include <string>

#include "patchbay/base/result.h"

namespace patchbay::workspace {

/// Whether paths of requests can be kept inside their roots on this machine (SEC:F12). With openat2(2) the kernel does
/// it. Without, the walk that stands in for it has to prove itself in `scratch`, a private directory: it must read what
/// is inside and refuse what leads out, what is a link, and what is no file. kInternal when it fails at one of these;
/// kIoError when the trial itself could not be made.
Status prove_path_guard(const std::string& scratch);

}  // namespace patchbay::workspace
