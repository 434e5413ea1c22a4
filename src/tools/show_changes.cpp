#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"
#include "tools/diff_view.h"
#include "tools/git_view.h"
#include "tools/registry.h"

namespace patchbay::tools::show_changes {
namespace {

/// A change set above this has no review token: comparing it would cost more than sending it again.
constexpr std::size_t kReviewedBytes = 4u << 20;
constexpr std::size_t kUntrackedShown = 200;

struct Args {
  std::optional<std::string> repo_path;
  std::string file_path;
  bool include_diff = true, staged = false;
  std::optional<std::int64_t> max_diff_bytes;
  std::string since;

  template <class V>
  static void describe(V& v) {
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
    v.optional("file_path", &Args::file_path, "", json::MaxLength{4096});
    v.optional("include_diff", &Args::include_diff, "");
    v.optional("staged", &Args::staged, "");
    v.optional("max_diff_bytes", &Args::max_diff_bytes, "", json::Range{1, 100'000'000});
    v.optional("since", &Args::since, "An earlier review_token.", json::MaxLength{100});
  }
};

struct SideSummary {
  int files = 0;
  std::int64_t additions = 0, deletions = 0;

  template <class V>
  static void describe(V& v) {
    v.field("files", &SideSummary::files);
    v.field("additions", &SideSummary::additions);
    v.field("deletions", &SideSummary::deletions);
  }
};

struct Reply {
  std::string workspace_id, path;
  GitView git;
  std::string status, diff;
  bool staged = false;
  std::int64_t additions = 0, deletions = 0;
  bool changed = false;
  std::vector<std::string> files_changed;
  std::string overview;
  SideSummary staged_summary, unstaged_summary;
  std::vector<std::string> untracked;
  bool truncated = false;
  std::optional<std::string> next_cursor, review_token;
  bool unchanged_since_last_review = false;
  std::optional<std::int64_t> max_diff_bytes_applied;
  std::optional<int> redactions;
  bool untrusted_content = true;
  std::string provenance = "workspace_diff";

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &Reply::workspace_id);
    v.field("path", &Reply::path);
    v.field("git", &Reply::git);
    v.field("status", &Reply::status);
    v.field("diff", &Reply::diff);
    v.field("staged", &Reply::staged);
    v.field("additions", &Reply::additions);
    v.field("deletions", &Reply::deletions);
    v.field("changed", &Reply::changed);
    v.field("files_changed", &Reply::files_changed);
    v.field("text", &Reply::overview);
    v.field("staged_summary", &Reply::staged_summary);
    v.field("unstaged_summary", &Reply::unstaged_summary);
    v.field("untracked", &Reply::untracked);
    v.field("truncated", &Reply::truncated);
    v.optional("next_cursor", &Reply::next_cursor, "");
    v.field("review_token", &Reply::review_token);
    v.field("unchanged_since_last_review", &Reply::unchanged_since_last_review);
    v.optional("max_diff_bytes_applied", &Reply::max_diff_bytes_applied, "");
    v.optional("redactions", &Reply::redactions, "");
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }
  std::string text() const { return overview; }
};

struct Sides {
  git::Diff staged, unstaged;
};

Result<Sides> both_sides(Services& services, const Place& place, const std::string& file_path) {
  git::DiffOptions options;
  options.file_path = file_path;
  options.page.max_bytes = kReviewedBytes;
  Sides sides;
  options.sides = git::DiffSides::kStaged;
  sides.staged = PB_TRY(guarded_diff(services, place, options));
  options.sides = git::DiffSides::kUnstaged;
  sides.unstaged = PB_TRY(guarded_diff(services, place, options));
  return sides;
}

/// Files that a diff's text begins with their header; every other line of it has a mark before its content.
std::size_t headers_in(std::string_view text) {
  constexpr std::string_view kHeader = "diff --git ";
  std::size_t count = text.starts_with(kHeader) ? 1 : 0;
  const std::string later = "\n" + std::string(kHeader);
  for (auto at = text.find(later); at != text.npos; at = text.find(later, at + 1)) ++count;
  return count;
}

/// Names the state of the changes exactly; nothing when they are too large, or a file is not part of the
/// text.
std::optional<std::string> review_token(const std::string& head, const std::string& scope, const Sides& sides,
                                        const std::vector<std::string>& folders) {
  std::string everything = head + '\0' + scope;
  for (const std::string& folder : folders) everything += '\0' + folder;
  for (const git::Diff* diff : {&sides.staged, &sides.unstaged}) {
    if (diff->truncated || diff->totals_partial) return std::nullopt;
    if (headers_in(diff->text) != diff->file_count) return std::nullopt;
    everything += '\0' + diff->text;
  }
  return "rev_" + sha256_hex(everything).substr(0, 32);
}

/// Untracked repositories: a part of the status, of no diff.
std::vector<std::string> untracked_folders(const git::StatusReport& report) {
  std::vector<std::string> out;
  for (const git::StatusEntry& e : report.entries) {
    if (e.index == '?' && e.path.ends_with('/')) out.push_back(e.path);
  }
  return out;
}

SideSummary summary_of(const git::Diff& diff, bool tracked_only) {
  SideSummary s;
  for (const git::DiffFile& file : diff.files) {
    if (tracked_only && file.untracked) continue;
    ++s.files;
    s.additions += file.additions;
    s.deletions += file.deletions;
  }
  return s;
}

std::string status_text(const git::StatusReport& report) {
  std::string out = branch_line(report.branch);
  for (const git::StatusEntry& e : report.entries) out += "\n" + display_safe(git::short_line(e));
  if (report.entries.empty()) out += "\nNo changes.";
  if (report.truncated) out += "\n[more entries: codex_git_status]";
  return out;
}

/// The page that is shown: cut from the whole diff when it fits, else asked for.
Result<git::Diff> page_of(Services& services, const Place& place, const Args& args, const std::string& file_path,
                          const git::Diff& whole, std::size_t max_bytes) {
  if (!whole.truncated && whole.text.size() <= max_bytes) return whole;
  git::DiffOptions options;
  options.sides = args.staged ? git::DiffSides::kStaged : git::DiffSides::kUnstaged;
  options.file_path = file_path;
  options.page.max_bytes = max_bytes;
  return guarded_diff(services, place, options);
}

std::string overview_of(const Reply& reply, const DiffView& view, const Args& args) {
  std::string out = "# Workspace Changes\n\n" + reply.status + "\n\n";
  out += fmt::format("Staged: {} files, +{} -{}. Not staged: {} files, +{} -{}. Untracked: {}.",
                     reply.staged_summary.files, reply.staged_summary.additions, reply.staged_summary.deletions,
                     reply.unstaged_summary.files, reply.unstaged_summary.additions, reply.unstaged_summary.deletions,
                     reply.untracked.size());
  if (reply.unchanged_since_last_review) return out + "\n\nNothing changed since your last review.";
  if (!args.include_diff || reply.diff.empty()) return out;
  // A fence that is longer than any in the diff cannot be closed by it.
  std::string fence = "```";
  while (reply.diff.find(fence) != std::string::npos) fence += '`';
  out += fmt::format("\n\n{} ({}):\n{}diff\n{}\n{}", args.staged ? "Staged" : "Not staged", diff_stats(view), fence,
                     reply.diff, fence);
  if (reply.next_cursor) {
    out += fmt::format("\n[continue with codex_git_diff{}, cursor={}]", args.staged ? " staged=true" : "",
                       *reply.next_cursor);
  }
  return out;
}

Result<Reply> show_changes(Services& services, mcp::Call&, const Args& args) {
  const Place place = PB_TRY(open_place(services, args.repo_path));
  const std::string file_path = PB_TRY(literal_path(place, args.file_path));
  git::StatusOptions status_options;
  status_options.file_path = file_path;
  status_options.each_untracked_file = true;
  const git::StatusReport status = PB_TRY(services.git.status(place.git, status_options));
  const Sides sides = PB_TRY(both_sides(services, place, file_path));
  const git::Diff& whole = args.staged ? sides.staged : sides.unstaged;
  const config::Config& config = services.launch.config;
  const auto max_bytes = capped(args.max_diff_bytes, config.mcp.page_bytes, config.security.max_diff_bytes);

  Reply reply;
  reply.workspace_id = place.workspace.id;
  reply.path = display_safe(file_path);
  reply.git = git_view(status);
  reply.status = status_text(status);
  reply.staged = args.staged;
  reply.changed = status.counts.any();
  reply.staged_summary = summary_of(sides.staged, false);
  reply.unstaged_summary = summary_of(sides.unstaged, true);
  for (const git::DiffFile& file : sides.unstaged.files) {
    if (file.untracked && reply.untracked.size() < kUntrackedShown) reply.untracked.push_back(display_safe(file.path));
  }
  const std::vector<std::string> folders = untracked_folders(status);
  for (const std::string& folder : folders) {
    if (reply.untracked.size() < kUntrackedShown) reply.untracked.push_back(display_safe(folder));
  }
  reply.review_token = review_token(status.branch.head, file_path, sides, folders);
  reply.unchanged_since_last_review = reply.review_token && *reply.review_token == args.since;
  reply.max_diff_bytes_applied = if_changed(args.max_diff_bytes, max_bytes);

  const DiffView view =
      diff_view(place, PB_TRY(page_of(services, place, args, file_path, whole, static_cast<std::size_t>(max_bytes))));
  reply.additions = view.additions;
  reply.deletions = view.deletions;
  reply.files_changed = view.files_changed;
  if (args.include_diff && !reply.unchanged_since_last_review) {
    reply.diff = view.text;
    reply.truncated = view.truncated;
    reply.redactions = view.redactions;
    reply.next_cursor = view.next_cursor;
  }
  reply.overview = overview_of(reply, view, args);
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_show_changes",
      .title = "Codex Show Changes",
      .description =
          "Review the base checkout: status, totals and diff. Pass review_token as since to see only what is "
          "new.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kAllModes,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Collecting changes",
      .invoked = "Changes collected",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration,
                     &show_changes,
                     {"workspace_id", "git", "status", "diff", "staged", "additions", "deletions", "changed",
                      "files_changed", "text", "review_token"}};

}  // namespace
}  // namespace patchbay::tools::show_changes
