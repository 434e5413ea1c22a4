#pragma once

#include <string>
#include <string_view>

#include "git/file_state.h"

namespace patchbay::git {

/// One side of a three-way merge of one path. `mode` 0: the path does not exist there.
struct Side {
  unsigned mode = 0;
  git_oid id{};
  std::string_view bytes;
};

struct Merged {
  enum class Kind {
    kKeep,      ///< ours is right already
    kTake,      ///< theirs as it is
    kCombine,   ///< `mode` and `bytes`, from both
    kConflict,  ///< `reason`
  } kind = Kind::kKeep;
  unsigned mode = 0;
  std::string bytes;
  std::string reason;
  std::string excerpt;  ///< of a text conflict: the lines in question with markers
};

/// Merges one path: what `theirs` made of `base`, into `ours`. On bytes; text is merged by lines when no side looks
/// binary. Where git checked `ours` out with CRLF (eol=crlf, core.autocrlf) and the other sides have LF, line ends are
/// no difference, and the result has those of `ours`.
Merged merge_path(const std::string& path, const Side& base, const Side& ours, const Side& theirs);

/// CRLF turned into LF.
std::string with_lf(std::string_view text);

/// Whether a symlink at `path` with this target stays inside of the tree whose paths are relative.
bool link_stays_inside(std::string_view path, std::string_view target);

}  // namespace patchbay::git
