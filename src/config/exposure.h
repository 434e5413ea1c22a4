#pragma once

#include <string>
#include <vector>

#include "patchbay/config/launch.h"

namespace patchbay::config {

/// Why this start can be reached from beyond loopback; empty when it cannot. kConfigRefused when
/// PATCHBAY_TUNNEL_MODE is no tunnel mode.
Result<std::vector<std::string>> exposure_of(const Config& config, const std::string& public_base_url,
                                             const os::Environment& env);

/// Narrows what an exposed start may not have unless its own flags ask for it; each change is a line in
/// `warnings`.
void apply_overlay(const LaunchOptions& options, Config& config, Provenance& provenance,
                   std::vector<std::string>& warnings);

/// Listed hosts and origins that no client can ever send, as a line each in `warnings`: a refusal would ask the
/// operator to list what is listed (X2, X3).
void warn_of_useless_names(const Server& server, std::vector<std::string>& warnings);

/// The rules that no flag lifts: token (SEC:F1, F2), Host names, allowed roots.
Status check_exposed(const LaunchOptions& options, const os::Environment& env, Launch& launch);

}  // namespace patchbay::config
