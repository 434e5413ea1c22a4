#include "tools/diff_view.h"

#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::tools {
namespace {

constexpr std::size_t kMostFiles = 50'000;
constexpr std::size_t kShownFiles = 500;

bool is_blocked(const Place& place, const git::DiffFile& file) {
  return place.fs.blocked(file.path) || (file.old_path && place.fs.blocked(*file.old_path));
}

}  // namespace

Result<git::Diff> guarded_diff(Services& services, const Place& place, git::DiffOptions options) {
  options.max_files = kMostFiles;
  git::Diff diff = PB_TRY(services.git.diff(place.git, options));
  for (const git::DiffFile& file : diff.files) {
    if (is_blocked(place, file)) options.withheld.push_back(file.path);
  }
  if (diff.files_truncated) {
    // Some files are unknown here, so nobody can say whether they may be shown.
    return Error{ErrorCode::kContentTooLarge,
                 fmt::format("{} files differ, more than one diff can show.", diff.file_count),
                 "Give file_path for one folder or file.",
                 {}};
  }
  // Rarely needed, so it costs a second look rather than a list in front of every diff.
  if (!options.withheld.empty()) return services.git.diff(place.git, options);
  return diff;
}

DiffView diff_view(const Place& place, const git::Diff& diff) {
  DiffView view;
  int redactions = diff.redactions;
  view.text = redact(sanitize_utf8(diff.text, &view.encoding_replaced), &redactions);
  if (redactions > 0) view.redactions = redactions;
  for (const git::DiffFile& file : diff.files) {
    if (view.files.size() == kShownFiles) break;
    DiffFileView f;
    f.path = display_safe(file.path);
    if (file.old_path) f.old_path = display_safe(*file.old_path);
    f.status = std::string(1, file.status);
    f.additions = file.additions;
    f.deletions = file.deletions;
    f.binary = file.binary;
    if (file.untracked) f.untracked = true;
    if (is_blocked(place, file)) f.withheld = true;
    view.files_changed.push_back(f.path);
    view.files.push_back(std::move(f));
  }
  std::ranges::sort(view.files_changed);
  view.additions = diff.additions;
  view.deletions = diff.deletions;
  view.total_bytes = static_cast<std::int64_t>(diff.total_bytes);
  view.totals_partial = diff.totals_partial;
  view.truncated = diff.truncated || diff.file_count > view.files.size();
  view.next_cursor = diff.next_cursor;
  return view;
}

std::string diff_stats(const DiffView& view) {
  return fmt::format("{} {} changed, +{} -{}{}", view.files.size(), view.files.size() == 1 ? "file" : "files",
                     view.additions, view.deletions, view.totals_partial ? " (not everything was compared)" : "");
}

}  // namespace patchbay::tools
