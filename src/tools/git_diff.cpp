#include "patchbay/base/text.h"
#include "tools/diff_view.h"
#include "tools/registry.h"

namespace patchbay::tools::git_diff {
namespace {

struct Args {
  std::optional<std::string> repo_path;
  std::string file_path, base;
  bool staged = false, include_untracked = true;
  std::optional<std::int64_t> max_bytes;
  int context_lines = 3;
  std::string cursor;

  template <class V>
  static void describe(V& v) {
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
    v.optional("file_path", &Args::file_path, "", json::MaxLength{4096});
    v.optional("staged", &Args::staged, "Index against HEAD.");
    v.optional("base", &Args::base, "Commit to compare files with.", json::MaxLength{250});
    v.optional("include_untracked", &Args::include_untracked, "");
    v.optional("max_bytes", &Args::max_bytes, "", json::Range{1, 100'000'000});
    v.optional("context_lines", &Args::context_lines, "", json::Range{0, 20});
    v.optional("cursor", &Args::cursor, "", json::MaxLength{200});
  }
};

struct Reply {
  std::string workspace_id, path;
  bool staged = false;
  std::string shown, diff;
  std::int64_t additions = 0, deletions = 0;
  bool changed = false;
  std::vector<std::string> files_changed;
  std::vector<DiffFileView> files;
  bool truncated = false;
  std::int64_t total_bytes = 0;
  std::optional<std::string> next_cursor;
  std::optional<std::int64_t> max_bytes_applied;
  std::optional<bool> encoding_replaced, totals_partial;
  std::optional<int> redactions;
  bool untrusted_content = true;
  std::string provenance = "workspace_diff";

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &Reply::workspace_id);
    v.field("path", &Reply::path);
    v.field("staged", &Reply::staged);
    v.field("text", &Reply::shown);
    v.field("diff", &Reply::diff);
    v.field("additions", &Reply::additions);
    v.field("deletions", &Reply::deletions);
    v.field("changed", &Reply::changed);
    v.field("files_changed", &Reply::files_changed);
    v.field("files", &Reply::files);
    v.field("truncated", &Reply::truncated);
    v.field("total_bytes", &Reply::total_bytes);
    v.optional("next_cursor", &Reply::next_cursor, "");
    v.optional("max_bytes_applied", &Reply::max_bytes_applied, "");
    v.optional("encoding_replaced", &Reply::encoding_replaced, "");
    v.optional("totals_partial", &Reply::totals_partial, "");
    v.optional("redactions", &Reply::redactions, "");
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }
  std::string text() const {
    if (!next_cursor) return shown;
    return fmt::format("{}\n[page of {} bytes in all; continue with cursor={}]", shown, total_bytes, *next_cursor);
  }
};

Result<git::DiffOptions> options_of(const Services& services, const Place& place, const Args& args) {
  if (args.staged && !args.base.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "staged and base exclude each other.",
                 "Leave one of them out: staged compares the index, base compares the files.",
                 {}};
  }
  const config::Config& config = services.launch.config;
  git::DiffOptions options;
  options.sides = args.staged         ? git::DiffSides::kStaged
                  : args.base.empty() ? git::DiffSides::kUnstaged
                                      : git::DiffSides::kBase;
  options.base = args.base;
  options.file_path = PB_TRY(literal_path(place, args.file_path));
  options.include_untracked = args.include_untracked;
  options.page.max_bytes =
      static_cast<std::size_t>(capped(args.max_bytes, config.mcp.page_bytes, config.security.max_diff_bytes));
  options.page.cursor = args.cursor;
  options.page.context_lines = args.context_lines;
  return options;
}

Result<Reply> git_diff(Services& services, mcp::Call&, const Args& args) {
  const Place place = PB_TRY(open_place(services, args.repo_path));
  const git::DiffOptions options = PB_TRY(options_of(services, place, args));
  DiffView view = diff_view(place, PB_TRY(guarded_diff(services, place, options)));

  Reply reply;
  reply.workspace_id = place.workspace.id;
  reply.path = display_safe(options.file_path);
  reply.staged = args.staged;
  reply.changed = !view.files.empty();
  reply.shown = view.text.empty() ? (reply.changed ? diff_stats(view) : std::string("No differences.")) : view.text;
  reply.diff = std::move(view.text);
  reply.additions = view.additions;
  reply.deletions = view.deletions;
  reply.files_changed = std::move(view.files_changed);
  reply.files = std::move(view.files);
  reply.truncated = view.truncated;
  reply.total_bytes = view.total_bytes;
  reply.next_cursor = std::move(view.next_cursor);
  reply.max_bytes_applied = if_changed(args.max_bytes, static_cast<std::int64_t>(options.page.max_bytes));
  reply.redactions = view.redactions;
  if (view.encoding_replaced) reply.encoding_replaced = true;
  if (view.totals_partial) reply.totals_partial = true;
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_git_diff",
      .title = "Codex Git Diff",
      .description =
          "Show differences of the base checkout: unstaged with untracked files, staged, or against a "
          "commit. A worker's changes: codex_worker_inspect.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Comparing",
      .invoked = "Diff read",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration,
                     &git_diff,
                     {"workspace_id", "path", "staged", "text", "diff", "additions", "deletions", "changed",
                      "files_changed", "next_cursor"}};

}  // namespace
}  // namespace patchbay::tools::git_diff
