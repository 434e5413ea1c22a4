#include "tools/calls.h"
#include "tools/place.h"
#include "tools/registry.h"
#include "tools/tree_view.h"

namespace patchbay::tools::repo_tree {
namespace {

struct Args {
  std::optional<std::string> repo_path;
  std::string path = ".";
  int max_depth = 3;
  std::optional<std::int64_t> max_entries;
  bool include_hidden = false;
  std::string cursor;

  template <class V>
  static void describe(V& v) {
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
    v.optional("path", &Args::path, "", json::MaxLength{4096});
    v.optional("max_depth", &Args::max_depth, "", json::Range{1, 8});
    v.optional("max_entries", &Args::max_entries, "", json::Range{1, 100'000});
    v.optional("include_hidden", &Args::include_hidden, "");
    v.optional("cursor", &Args::cursor, "", json::MaxLength{8192});
  }
};

struct Reply {
  TreeView tree;
  std::optional<std::int64_t> max_entries_applied;
  bool untrusted_content = true;
  std::string provenance = "workspace_names";

  template <class V>
  static void describe(V& v) {
    v.members(&Reply::tree);
    v.optional("max_entries_applied", &Reply::max_entries_applied, "");
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }
  std::string text() const { return tree.text; }
};

Result<Reply> repo_tree(Services& services, mcp::Call& call, const Args& args) {
  const Place place = PB_TRY(open_place(services, args.repo_path));
  const std::int64_t cap = services.launch.config.security.max_tree_entries;
  const std::int64_t entries = capped(args.max_entries, cap, cap);
  workspace::TreeRequest request;
  request.path = args.path;
  request.max_depth = args.max_depth;
  request.max_entries = static_cast<std::size_t>(entries);
  request.include_hidden = args.include_hidden;
  request.cursor = args.cursor;
  request.deadline = call.deadline() - kAnswerTime;
  Reply reply;
  reply.tree = tree_view(place.workspace.id, PB_TRY(workspace::draw_tree(place.fs, request, call.cancel())));
  reply.max_entries_applied = if_changed(args.max_entries, entries);
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_repo_tree",
      .title = "Codex Repo Tree",
      .description = "Draw folders and files of the base checkout, to find your way.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Listing files",
      .invoked = "Files listed",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &repo_tree, {"workspace_id", "path", "text", "entries", "truncated", "next_cursor"}};

}  // namespace
}  // namespace patchbay::tools::repo_tree
