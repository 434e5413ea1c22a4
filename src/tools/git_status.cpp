#include "patchbay/base/text.h"
#include "tools/git_view.h"
#include "tools/place.h"
#include "tools/registry.h"

namespace patchbay::tools::git_status {
namespace {

constexpr std::size_t kEntries = 500;
constexpr std::size_t kShortLines = 200;

struct Args {
  std::optional<std::string> repo_path;
  std::string file_path;
  bool porcelain = true;

  template <class V>
  static void describe(V& v) {
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
    v.optional("file_path", &Args::file_path, "", json::MaxLength{4096});
    v.optional("porcelain", &Args::porcelain, "");
  }
};

struct Entry {
  std::string path, index, worktree;
  std::optional<std::string> orig_path;

  template <class V>
  static void describe(V& v) {
    v.field("path", &Entry::path);
    v.field("index", &Entry::index);
    v.field("worktree", &Entry::worktree);
    v.optional("orig_path", &Entry::orig_path, "");
  }
};

struct BranchView {
  std::optional<std::string> name, upstream;
  bool detached = false;
  int ahead = 0, behind = 0;

  template <class V>
  static void describe(V& v) {
    v.field("name", &BranchView::name);
    v.field("detached", &BranchView::detached);
    v.field("upstream", &BranchView::upstream);
    v.field("ahead", &BranchView::ahead);
    v.field("behind", &BranchView::behind);
  }
};

struct Reply {
  std::string workspace_id, path, status;
  std::vector<std::string> status_short;
  GitView git;
  std::vector<Entry> entries;
  bool truncated = false;
  BranchView branch;

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &Reply::workspace_id);
    v.field("path", &Reply::path);
    v.field("text", &Reply::status);
    v.field("status_short", &Reply::status_short);
    v.field("git", &Reply::git);
    v.field("entries", &Reply::entries);
    v.field("truncated", &Reply::truncated);
    v.field("branch", &Reply::branch);
  }
  std::string text() const { return status; }
};

/// Groups with headings, each path once per group it is in.
std::string readable(const git::StatusReport& report) {
  std::string staged, changed, untracked, conflicted;
  for (const git::StatusEntry& e : report.entries) {
    std::string path = display_safe(e.path);
    if (e.orig_path) path = display_safe(*e.orig_path) + " -> " + path;
    if (e.index == 'U' || e.worktree == 'U') {
      conflicted += "  " + path + "\n";
    } else if (e.index == '?') {
      untracked += "  " + path + "\n";
    } else {
      if (e.index != ' ') staged += fmt::format("  {} {}\n", e.index, path);
      if (e.worktree != ' ') changed += fmt::format("  {} {}\n", e.worktree, path);
    }
  }
  std::string out;
  const std::pair<const char*, const std::string*> groups[] = {
      {"Conflicted", &conflicted}, {"Staged", &staged}, {"Not staged", &changed}, {"Untracked", &untracked}};
  for (const auto& [heading, lines] : groups) {
    if (!lines->empty()) out += fmt::format("\n{}:\n{}", heading, *lines);
  }
  return out;
}

/// `at` is the path that was asked for, as it is shown; empty for the whole workspace.
std::string text_of(const git::StatusReport& report, const Args& args, const std::string& at) {
  std::string out = branch_line(report.branch) + "\n";
  if (report.entries.empty()) {
    return out + (at.empty() ? "No changes." : fmt::format("No changed file at {}.", at));
  }
  if (!args.porcelain) {
    out += readable(report);
  } else {
    for (const git::StatusEntry& e : report.entries) out += display_safe(git::short_line(e)) + "\n";
  }
  if (report.truncated) {
    out += fmt::format("[the first {} entries; give file_path for one folder]\n", report.entries.size());
  }
  out.pop_back();
  return out;
}

Result<Reply> git_status(Services& services, mcp::Call&, const Args& args) {
  const Place place = PB_TRY(open_place(services, args.repo_path));
  git::StatusOptions options;
  options.file_path = PB_TRY(literal_path(place, args.file_path));
  options.max_entries = kEntries;
  const git::StatusReport report = PB_TRY(services.git.status(place.git, options));

  Reply reply;
  reply.workspace_id = place.workspace.id;
  reply.path = display_safe(options.file_path);
  reply.status = text_of(report, args, reply.path);
  // What `git` says is about the workspace, whatever part of it was asked for.
  reply.git = git_view(options.file_path.empty() ? report : PB_TRY(services.git.status(place.git, {})));
  reply.status_short.push_back(branch_line(report.branch));
  for (const git::StatusEntry& e : report.entries) {
    if (reply.status_short.size() < kShortLines) reply.status_short.push_back(display_safe(git::short_line(e)));
    reply.entries.push_back({display_safe(e.path), std::string(1, e.index), std::string(1, e.worktree),
                             e.orig_path ? std::optional(display_safe(*e.orig_path)) : std::nullopt});
  }
  reply.truncated = report.truncated;
  const git::Branch& head = report.branch;
  if (head.name) reply.branch.name = display_safe(*head.name);
  if (head.upstream) reply.branch.upstream = display_safe(*head.upstream);
  reply.branch.detached = head.detached;
  reply.branch.ahead = head.ahead;
  reply.branch.behind = head.behind;
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_git_status",
      .title = "Codex Git Status",
      .description = "Show branch and changed files of the base checkout.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Checking git state",
      .invoked = "Git state read",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration, &git_status, {"workspace_id", "text", "status_short", "git"}};

}  // namespace
}  // namespace patchbay::tools::git_status
