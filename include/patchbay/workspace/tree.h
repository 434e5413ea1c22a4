#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {

struct TreeRequest {
  std::string path = ".";
  int max_depth = 3;  ///< 1..8; the caller clamps
  std::size_t max_entries = 500;
  bool include_hidden = false;  ///< names that begin with a dot, below `path`
  std::string cursor = {};      ///< next_cursor of the page before
  MonoTime deadline = MonoTime::max();
};

/// What was left out although it exists.
struct TreeOmitted {
  std::int64_t blocked = 0, hidden = 0, noise = 0;
};

/// A drawn directory tree (tools.md 11.4).
///
/// Entries are taken level by level, directories first, then by name without regard to case, so that a full
/// page still shows the breadth; a directory that has more says "+N more". The cursor goes on after the last
/// entry in that order.
struct Tree {
  std::string path;  ///< relative, as shown
  std::string text;
  std::int64_t entries = 0;  ///< drawn, without the root line, markers, and parents repeated for orientation
  bool truncated = false;
  TreeOmitted omitted;
  std::optional<std::string> next_cursor;
};

/// kNotADirectory, kInvalidArgument (foreign cursor), kCancelled, and those of WorkspaceFs::open_dir.
Result<Tree> draw_tree(const WorkspaceFs& fs, const TreeRequest& request, const CancelToken& cancel = {});

}  // namespace patchbay::workspace
