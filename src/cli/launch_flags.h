#pragma once

#include <memory>
#include <string>

#include "patchbay/app/owner.h"
#include "patchbay/config/launch.h"

namespace CLI {
class App;
}

namespace patchbay::cli {

/// The flags that say what to start with, as `start`, `serve` and `doctor` share them.
struct LaunchFlags {
  config::LaunchOptions options;
};

/// Everything `start` takes that changes the configuration.
void declare_launch_flags(CLI::App& app, const std::shared_ptr<LaunchFlags>& flags);
/// Only --config.
void declare_config_flag(CLI::App& app, const std::shared_ptr<LaunchFlags>& flags);

/// From flags and environment to a launch: looks for named tokens, then config::compose.
Result<config::Launch> compose_launch(const LaunchFlags& flags, const os::Environment& env);

/// Writes the settings in force where a later owner of the same workspace can be started from them; its path.
Result<std::string> write_runtime_config(const config::Launch& launch);

/// The argv of our own helpers.
app::Program own_program();
/// The argv of a background owner with this configuration file (empty: as it is looked up).
std::vector<std::string> background_owner_argv(const std::string& config_file);

std::string working_directory();

}  // namespace patchbay::cli
