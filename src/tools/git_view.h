#pragma once

#include "patchbay/tools/services.h"

namespace patchbay::tools {

struct GitCounts {
  int staged = 0, unstaged = 0, untracked = 0, conflicted = 0;

  template <class V>
  static void describe(V& v) {
    v.field("staged", &GitCounts::staged);
    v.field("unstaged", &GitCounts::unstaged);
    v.field("untracked", &GitCounts::untracked);
    v.field("conflicted", &GitCounts::conflicted);
  }
};

/// The `git` member of workspace replies (tools.md 5.6). Outside of a repository only `is_git_repo` is there;
/// what was not looked at, or could not be, is null.
struct GitView {
  bool is_git_repo = false;
  std::optional<std::string> branch, commit;
  std::optional<bool> detached, dirty;
  std::optional<std::string> subdir;
  std::optional<GitCounts> counts;
  std::optional<std::vector<std::string>> status_short;
  std::optional<bool> status_truncated;
  std::optional<std::string> git_error;

  template <class V>
  static void describe(V& v) {
    v.field("is_git_repo", &GitView::is_git_repo);
    v.optional("branch", &GitView::branch, "");
    v.optional("commit", &GitView::commit, "");
    v.optional("detached", &GitView::detached, "");
    v.optional("dirty", &GitView::dirty, "");
    v.optional("subdir", &GitView::subdir, "");
    v.optional("counts", &GitView::counts, "");
    v.optional("status_short", &GitView::status_short, "");
    v.optional("status_truncated", &GitView::status_truncated, "");
    v.optional("git_error", &GitView::git_error, "");
  }
};

inline constexpr std::size_t kSummaryLines = 100;

GitView git_view(const git::StatusReport& report, std::size_t max_lines = kSummaryLines);
/// Without looking at files: branch and commit only.
GitView git_view(const git::Branch& head);
/// Of a failure: no repository, or a repository that could not be read.
GitView git_view(const Error& error);

/// "## main...origin/main [ahead 1]", as porcelain shows it.
std::string branch_line(const git::Branch& branch);

/// One phrase for people: "main at 1a2b3c4, 2 staged, 1 untracked", "not a git repository".
std::string git_phrase(const GitView& view);

}  // namespace patchbay::tools
