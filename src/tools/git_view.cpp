#include "tools/git_view.h"

#include "patchbay/base/error_text.h"
#include "patchbay/base/text.h"

namespace patchbay::tools {

GitView git_view(const git::Branch& head) {
  GitView v;
  v.is_git_repo = true;
  v.detached = head.detached;
  v.branch = head.detached ? std::optional<std::string>("HEAD") : head.unborn ? std::nullopt : head.name;
  if (v.branch) v.branch = display_safe(*v.branch);
  if (!head.head.empty()) v.commit = git::short_id(head.head);
  return v;
}

GitView git_view(const git::StatusReport& report, std::size_t max_lines) {
  GitView v = git_view(report.branch);
  v.subdir = display_safe(report.layout.subdir);
  v.dirty = report.counts.any();
  v.counts = GitCounts{report.counts.staged, report.counts.unstaged, report.counts.untracked, report.counts.conflicted};
  v.status_short.emplace();
  for (const git::StatusEntry& entry : report.entries) {
    if (v.status_short->size() == max_lines) break;
    v.status_short->push_back(display_safe(git::short_line(entry)));
  }
  v.status_truncated = report.truncated || report.entries.size() > max_lines;
  return v;
}

GitView git_view(const Error& error) {
  GitView v;
  if (error.code == ErrorCode::kNotAGitRepository) return v;
  v.is_git_repo = true;
  v.git_error = fmt::format("{}: {}", name_of(error.code), with_hint(error.message, error.hint));
  return v;
}

std::string branch_line(const git::Branch& branch) {
  if (branch.unborn) return "## No commits yet on " + display_safe(branch.name.value_or("?"));
  if (branch.detached) return "## HEAD (no branch)";
  std::string line = "## " + display_safe(branch.name.value_or("?"));
  if (!branch.upstream) return line;
  line += "..." + display_safe(*branch.upstream);
  std::vector<std::string> distance;
  if (branch.ahead > 0) distance.push_back(fmt::format("ahead {}", branch.ahead));
  if (branch.behind > 0) distance.push_back(fmt::format("behind {}", branch.behind));
  return distance.empty() ? line : fmt::format("{} [{}]", line, fmt::join(distance, ", "));
}

std::string git_phrase(const GitView& view) {
  if (view.git_error) return "git could not be read: " + *view.git_error;
  if (!view.is_git_repo) return "not a git repository";
  std::string text = view.branch.value_or("no commit yet");
  if (view.commit) text += " at " + *view.commit;
  if (!view.counts) return text;
  if (!view.dirty.value_or(false)) return text + ", clean";
  const std::pair<int, const char*> parts[] = {{view.counts->staged, "staged"},
                                               {view.counts->unstaged, "unstaged"},
                                               {view.counts->untracked, "untracked"},
                                               {view.counts->conflicted, "conflicted"}};
  for (const auto& [count, name] : parts) {
    if (count > 0) text += fmt::format(", {} {}", count, name);
  }
  return text;
}

}  // namespace patchbay::tools
