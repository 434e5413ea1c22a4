#include "patchbay/workspace/discovery.h"
#include "tools/git_view.h"
#include "tools/place.h"
#include "tools/registry.h"

namespace patchbay::tools::list_workspaces {
namespace {

/// For the git state of all of them; what comes later has branch and commit only, or nothing.
constexpr std::chrono::milliseconds kGitTime{2'000};
constexpr std::size_t kShownChanges = 20;

struct Args {
  std::string query;
  bool discover = true;
  int max_depth = 3, max_results = 50;

  template <class V>
  static void describe(V& v) {
    v.optional("query", &Args::query, "Part of the name or path.", json::MaxLength{4096});
    v.optional("discover", &Args::discover, "");
    v.optional("max_depth", &Args::max_depth, "", json::Range{1, 10});
    v.optional("max_results", &Args::max_results, "", json::Range{1, 1000});
  }
};

struct Item {
  std::string workspace_id, root, name;
  bool is_default = false;
  std::string source;
  std::optional<GitView> git;
  std::optional<std::string> discovery_root, error;
  std::optional<std::vector<std::string>> markers;

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &Item::workspace_id);
    v.field("root", &Item::root);
    v.field("name", &Item::name);
    v.field("default", &Item::is_default);
    v.field("source", &Item::source);
    v.field("git", &Item::git);
    v.optional("discovery_root", &Item::discovery_root, "");
    v.optional("markers", &Item::markers, "");
    v.optional("error", &Item::error, "");
  }
};

struct Reply {
  std::vector<Item> workspaces;
  int count = 0;
  bool truncated = false;
  std::string paths_returned;
  int configured_count = 0, discovered_count = 0;
  std::vector<std::string> discovery_roots;
  std::string query;

  template <class V>
  static void describe(V& v) {
    v.field("workspaces", &Reply::workspaces);
    v.field("count", &Reply::count);
    v.field("truncated", &Reply::truncated);
    v.field("paths_returned", &Reply::paths_returned);
    v.field("configured_count", &Reply::configured_count);
    v.field("discovered_count", &Reply::discovered_count);
    v.field("discovery_roots", &Reply::discovery_roots);
    v.field("query", &Reply::query);
  }
  std::string text() const {
    if (workspaces.empty()) return query.empty() ? "No workspace is configured." : "No workspace matches.";
    std::string out = fmt::format("{} workspaces", count);
    for (const Item& item : workspaces) {
      out += fmt::format("\n{}{}: {}", item.root, item.is_default ? " (default)" : "",
                         item.error ? *item.error
                         : item.git ? git_phrase(*item.git)
                                    : item.source);
    }
    if (truncated) out += "\n[more exist: give query]";
    return out;
  }
};

class Lister {
 public:
  Lister(Services& services, mcp::Call& call)
      : services_(services), cancel_(call.cancel()), until_(services.clock.mono() + kGitTime) {}

  Item item(const workspace::FoundWorkspace& found) {
    Item item;
    item.workspace_id = found.workspace.id;
    item.root = found.workspace.path;
    item.name = found.name;
    item.is_default = found.is_default;
    item.source = found.discovered ? "discovered" : "configured";
    if (!found.discovery_root.empty()) item.discovery_root = found.discovery_root;
    if (!found.markers.empty()) item.markers = found.markers;
    if (!found.error.empty()) {
      item.error = found.error;
    } else {
      item.git = git(found);
    }
    return item;
  }

 private:
  std::optional<GitView> git(const workspace::FoundWorkspace& found) {
    if (cancel_.cancelled() || services_.clock.mono() >= until_) return std::nullopt;
    const git::Target target = git_target(services_, found.workspace);
    if (found.discovered) {
      const auto head = services_.git.head(target);
      return head.ok() ? git_view(*head) : git_view(head.error());
    }
    const auto summary = services_.git.summary(target, kShownChanges);
    return summary.ok() ? git_view(summary->status, kShownChanges) : git_view(summary.error());
  }

  Services& services_;
  CancelToken cancel_;
  MonoTime until_;
};

Result<Reply> list_workspaces(Services& services, mcp::Call& call, const Args& args) {
  workspace::DiscoveryRequest request;
  request.query = args.query;
  request.discover = args.discover;
  request.max_depth = args.max_depth;
  request.max_results = args.max_results;
  const workspace::WorkspaceList list = workspace::list_workspaces(services.roots, request, call.cancel());

  Reply reply;
  Lister lister(services, call);
  for (const workspace::FoundWorkspace& found : list.items) reply.workspaces.push_back(lister.item(found));
  reply.count = static_cast<int>(reply.workspaces.size());
  reply.truncated = list.truncated;
  reply.configured_count = static_cast<int>(list.configured_count);
  reply.discovered_count = static_cast<int>(list.discovered_count);
  reply.paths_returned = list.discovered_count > 0 ? "configured-and-discovered" : "configured-only";
  reply.discovery_roots = list.discovery_roots;
  reply.query = args.query;
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_list_workspaces",
      .title = "Codex List Workspaces",
      .description = "List the repositories you may reach. Use it before guessing a repo_path.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Finding workspaces",
      .invoked = "Workspaces found",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &list_workspaces, {"workspaces", "count", "truncated", "paths_returned"}};

}  // namespace
}  // namespace patchbay::tools::list_workspaces
