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

/// Names the key that Codex uses when no login is stored.
inline constexpr char kApiKeyVariable[] = "CODEX_API_KEY";

/// The variables that hold the key Codex is configured to log in with: CODEX_API_KEY when it is set and no
/// login is stored, and what the chosen model provider of config.toml names as its `env_key`.
std::vector<std::string> login_variables(const std::string& codex_home, const os::Environment& from);

}  // namespace patchbay::codex
