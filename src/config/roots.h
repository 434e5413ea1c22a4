#pragma once

#include <string>
#include <vector>

#include "patchbay/config/launch.h"

namespace patchbay::config {

/// Settles `repositories.default` and `.allowed` as absolute paths without links, and checks that each
/// allowed root is a readable directory (SEC:F7). kUsage when the current folder would be the default root
/// and may not be.
Status resolve_roots(const LaunchOptions& options, const os::Environment& env, const Home& home, Config& config,
                     Provenance& provenance, std::vector<std::string>& warnings);

/// Why this root gives away more than a workspace: it is the whole machine, the user's home, or it shares
/// files with the state directory. Empty when it does not.
std::string too_wide(const std::string& root, const os::Environment& env, const Home& home);

/// Fills blank folders with their place below `<home>` and makes every configured path absolute: `~`, `$NAME`
/// and
/// `${NAME}` are replaced, relative ones start at `cwd`. kConfigRefused for a variable that is not set.
Status resolve_paths(const os::Environment& env, const std::string& cwd, const Home& home, Config& config);

/// One path by the same rules, `what` naming the key in the error.
Result<std::string> absolute_path(const std::string& path, const std::string& what, const os::Environment& env,
                                  const std::string& cwd);

}  // namespace patchbay::config
