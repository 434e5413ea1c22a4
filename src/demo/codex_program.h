#pragma once

#include <string>

#include "patchbay/base/result.h"
#include "patchbay/os/process.h"

namespace patchbay::demo {

/// The Codex CLI for the demo: `named`, a path or a name on PATH, when given; else the one that scripts/demo installs
/// and the one on PATH, the latter first with `prefer_path`. kCodexCliMissing with a hint.
Result<std::string> find_codex(const std::string& named, const os::Environment& env, bool prefer_path);

/// First line that `codex ARGUMENTS` prints, whichever stream it uses; an error when it does not succeed.
Result<std::string> ask_codex(const std::string& codex, std::vector<std::string> arguments, const os::Environment& env);

}  // namespace patchbay::demo
