#pragma once

#include "tools/place.h"

namespace patchbay::tools {

struct DiffFileView {
  std::string path;
  std::optional<std::string> old_path;
  std::string status;
  int additions = 0, deletions = 0;
  bool binary = false;
  std::optional<bool> untracked, withheld;

  template <class V>
  static void describe(V& v) {
    v.field("path", &DiffFileView::path);
    v.field("old_path", &DiffFileView::old_path);
    v.field("status", &DiffFileView::status);
    v.field("additions", &DiffFileView::additions);
    v.field("deletions", &DiffFileView::deletions);
    v.field("binary", &DiffFileView::binary);
    v.optional("untracked", &DiffFileView::untracked, "");
    v.optional("withheld", &DiffFileView::withheld, "");
  }
};

/// One page of a diff as clients see it: valid UTF-8, no content of blocked files, secrets replaced.
struct DiffView {
  std::string text;  ///< patch text; empty when nothing differs
  std::vector<DiffFileView> files;
  std::vector<std::string> files_changed;
  std::int64_t additions = 0, deletions = 0, total_bytes = 0;
  bool totals_partial = false, truncated = false, encoding_replaced = false;
  std::optional<std::string> next_cursor;
  std::optional<int> redactions;  ///< secrets replaced in `text`; absent when none
};

/// A diff in which the content of files that the path guard blocks is left out.
Result<git::Diff> guarded_diff(Services& services, const Place& place, git::DiffOptions options);

DiffView diff_view(const Place& place, const git::Diff& diff);

/// "3 files changed, +10 -2".
std::string diff_stats(const DiffView& view);

}  // namespace patchbay::tools
