#pragma once

#include <chrono>
#include <functional>
#include <set>

#include "git/handle.h"
#include "patchbay/git/diff.h"

namespace patchbay::git {

struct RenderOptions {
  git_repository* repo = nullptr;  ///< holds the contents of both sides
  PatchPage page;
  std::size_t max_files = 5000;
  std::string strip;                                ///< leading "dir/" taken off every path
  std::set<std::string> untracked;                  ///< full paths to flag
  std::set<std::string> withheld = {};              ///< shown paths whose content stays out
  std::function<bool(const git_diff_delta&)> want;  ///< null: every delta
  std::chrono::milliseconds budget{7000};           ///< comparing stops after this
};

/// File list, totals and one page of patch text.
Result<Diff> render(git_diff* diff, const RenderOptions& options);

char letter_of(git_delta_t status);

}  // namespace patchbay::git
