#pragma once

#include <string>

#include "patchbay/os/process.h"

namespace patchbay::codex {

/// True when Codex processes of this home share a login whose token each start may refresh: two starts at
/// once can use one refresh token twice, and then every worker has lost its login. An API key never has that.
bool login_refreshes_tokens(const std::string& codex_home, const os::Environment& env);

/// The lock file that serialises starts on this Codex home for every PatchBay of the user.
std::string startup_gate_file(const std::string& gate_dir, const std::string& codex_home);

}  // namespace patchbay::codex
