#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/workspace/roots.h"

namespace patchbay::workspace {

struct DiscoveryRequest {
  std::string query = {};  ///< part of the name or path, either case; empty: all
  bool discover = true;
  int max_depth = 3;     ///< at most `repositories.max_discovery_depth`
  int max_results = 50;  ///< configured and discovered; of the latter at most `repositories.max_discovery_results`
  std::chrono::milliseconds max_time{2000};
};

struct FoundWorkspace {
  Workspace workspace;  ///< id empty when `error` is set
  std::string name;     ///< last component of the path
  bool is_default = false;
  bool discovered = false;
  std::string discovery_root = {};        ///< of a discovered one
  std::vector<std::string> markers = {};  ///< what made it count: ".git", "README.md", ...
  std::string error = {};                 ///< public code, for example "workspace_missing"
};

struct WorkspaceList {
  std::vector<FoundWorkspace> items;  ///< configured first (the default one leading), then discovered
  std::size_t configured_count = 0;
  std::size_t discovered_count = 0;
  std::vector<std::string> discovery_roots;
  bool truncated = false;
};

/// Allowed roots (at most 50) and projects below the discovery roots (tools.md 11.2, L7): breadth first,
/// without following links.
WorkspaceList list_workspaces(const Roots& roots, const DiscoveryRequest& request = {}, const CancelToken& cancel = {});

}  // namespace patchbay::workspace
