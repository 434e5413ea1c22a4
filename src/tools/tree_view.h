#pragma once

#include "patchbay/tools/services.h"
#include "patchbay/workspace/tree.h"

namespace patchbay::tools {

struct OmittedView {
  std::int64_t blocked = 0, hidden = 0, noise = 0;

  template <class V>
  static void describe(V& v) {
    v.field("blocked", &OmittedView::blocked);
    v.field("hidden", &OmittedView::hidden);
    v.field("noise", &OmittedView::noise);
  }
};

/// A drawn tree as part of a reply.
struct TreeView {
  std::string workspace_id, path, text;
  std::int64_t entries = 0;
  bool truncated = false;
  OmittedView omitted;
  std::optional<std::string> next_cursor;

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &TreeView::workspace_id);
    v.field("path", &TreeView::path);
    v.field("text", &TreeView::text);
    v.field("entries", &TreeView::entries);
    v.field("truncated", &TreeView::truncated);
    v.field("omitted", &TreeView::omitted);
    v.optional("next_cursor", &TreeView::next_cursor, "");
  }
};

inline TreeView tree_view(const std::string& workspace_id, workspace::Tree tree) {
  return {workspace_id,
          std::move(tree.path),
          std::move(tree.text),
          tree.entries,
          tree.truncated,
          {tree.omitted.blocked, tree.omitted.hidden, tree.omitted.noise},
          std::move(tree.next_cursor)};
}

}  // namespace patchbay::tools
