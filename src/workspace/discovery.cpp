#include "patchbay/workspace/discovery.h"

#include <algorithm>
#include <array>
#include <deque>

#include "patchbay/base/clock.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kMaxConfigured = 50;
constexpr std::size_t kMaxNames = 20'000;  // looked at in one directory
constexpr std::array<std::string_view, 8> kMarkers = {".git",         "AGENTS.md",  "README.md", "pyproject.toml",
                                                      "package.json", "Cargo.toml", "go.mod",    "CMakeLists.txt"};
constexpr std::array<std::string_view, 14> kSkipped = {
    ".git",  ".cache", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".venv", "__pycache__",
    "build", "dist",   "logs",        "node_modules",  "target",      "venv",  "worktrees"};

class Discovery {
 public:
  Discovery(const Roots& roots, const DiscoveryRequest& request, const CancelToken& cancel)
      : roots_(roots),
        request_(request),
        cancel_(cancel),
        query_(fold_case(request.query)),
        max_items_(static_cast<std::size_t>(std::max(0, request.max_results))),
        deadline_(system_clock().mono() + request.max_time) {}

  WorkspaceList run() {
    add_configured();
    for (const std::string& root : roots_.options().discovery_roots) {
      const auto workspace = roots_.resolve(root);
      if (!workspace) continue;
      list_.discovery_roots.push_back(workspace->path);
      if (request_.discover) walk(*workspace);
    }
    return std::move(list_);
  }

 private:
  bool fits(const std::string& path) const {
    return query_.empty() || fold_case(path).find(query_) != std::string::npos;
  }

  void add_configured() {
    std::vector<std::string> paths = roots_.options().allowed;
    const std::string& by_default = roots_.options().default_root;
    const auto chosen_default = roots_.resolve(std::nullopt);
    if (!by_default.empty() && chosen_default) {
      const auto all = roots_.allowed();
      if (std::find(all.begin(), all.end(), chosen_default->path) == all.end()) paths.insert(paths.begin(), by_default);
    }
    for (const std::string& path : paths) {
      if (!fits(path)) continue;
      if (list_.configured_count == std::min(kMaxConfigured, max_items_)) {
        list_.truncated = true;
        break;
      }
      ++list_.configured_count;
      FoundWorkspace item;
      auto workspace = roots_.resolve(path);
      if (workspace) {
        item.workspace = *workspace;
        item.is_default = chosen_default && chosen_default->path == workspace->path;
      } else {
        item.workspace.path = path;
        item.error = std::string(name_of(workspace.error().code));
      }
      item.name = os::base_name(item.workspace.path);
      list_.items.push_back(std::move(item));
    }
  }

  bool exhausted() {
    if (!cancel_.cancelled() && system_clock().mono() < deadline_) return false;
    list_.truncated = true;
    return true;
  }

  void walk(const Workspace& root) {
    const auto fs = WorkspaceFs::open(roots_, root, roots_.options().blocked);
    if (!fs) return;
    const int max_depth = std::min(request_.max_depth, roots_.options().max_discovery_depth);
    const auto max_discovered = static_cast<std::size_t>(std::max(0, roots_.options().max_discovery_results));
    const std::size_t max_results = std::min(max_discovered, max_items_ - list_.configured_count);
    std::deque<std::pair<std::string, int>> queue{{".", 0}};
    while (!queue.empty() && !exhausted()) {
      const auto [path, depth] = std::move(queue.front());
      queue.pop_front();
      const auto dir = fs->open_listed_dir(path);
      if (!dir) continue;
      auto listing = fs->list(*dir, kMaxNames);
      if (!listing) continue;
      std::sort(listing->entries.begin(), listing->entries.end(),
                [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
      if (depth > 0 && !add_discovered(root, path, *listing, max_results)) return;
      if (depth >= max_depth) continue;
      for (const DirEntry& entry : listing->entries) {
        const bool skipped = std::find(kSkipped.begin(), kSkipped.end(), entry.name) != kSkipped.end();
        if (entry.type == FileType::kDirectory && !skipped && is_valid_utf8(entry.name)) {
          queue.emplace_back(join_relative(path, entry.name), depth + 1);
        }
      }
    }
  }

  /// False when the list is full.
  bool add_discovered(const Workspace& root, const std::string& path, const Listing& listing, std::size_t limit) {
    std::vector<std::string> markers;
    for (const std::string_view marker : kMarkers) {
      if (std::any_of(listing.entries.begin(), listing.entries.end(),
                      [&](const DirEntry& e) { return e.name == marker; })) {
        markers.emplace_back(marker);
      }
    }
    const std::string absolute = os::join(root.path, path);
    const bool known = std::any_of(list_.items.begin(), list_.items.end(),
                                   [&](const FoundWorkspace& item) { return item.workspace.path == absolute; });
    if (markers.empty() || known || !fits(absolute)) return true;
    if (list_.discovered_count >= limit) {
      list_.truncated = true;
      return false;
    }
    ++list_.discovered_count;
    FoundWorkspace item;
    item.workspace = {absolute, root.allowed_root, workspace_id(absolute)};
    item.name = os::base_name(absolute);
    item.discovered = true;
    item.discovery_root = root.path;
    item.markers = std::move(markers);
    list_.items.push_back(std::move(item));
    return true;
  }

  const Roots& roots_;
  const DiscoveryRequest& request_;
  const CancelToken& cancel_;
  const std::string query_;
  const std::size_t max_items_;
  const MonoTime deadline_;
  WorkspaceList list_;
};

}  // namespace

WorkspaceList list_workspaces(const Roots& roots, const DiscoveryRequest& request, const CancelToken& cancel) {
  return Discovery(roots, request, cancel).run();
}

}  // namespace patchbay::workspace
