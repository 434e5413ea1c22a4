#pragma once

#include <string>
#include <vector>

#include "patchbay/os/process.h"

namespace patchbay::codex {

/// What a Codex process may see of `from` (SEC:C6).
///
/// `allowed` holds names, prefixes ("LC_*") and "*". Names that steer programs (LD_*, GIT_*, BASH_ENV ...)
/// come through only when an entry other than "*" names them. PATCHBAY_*, tunnel tokens and `secrets` never
/// do: Codex hands its whole environment to the commands of the model.
os::Environment filter_environment(const os::Environment& from, const std::vector<std::string>& allowed,
                                   const std::vector<std::string>& secrets);

}  // namespace patchbay::codex
