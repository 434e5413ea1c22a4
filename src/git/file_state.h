#pragma once

#include <git2.h>

#include <optional>
#include <string>

#include "patchbay/base/result.h"

namespace patchbay::git {

/// What lies at a path of a checkout. `mode` 0: nothing. `blocked`: something that is neither a file nor a
/// symlink lies there, or a symlink or file lies where one of its parents should be.
struct FileState {
  unsigned mode = 0;
  git_oid id{};
  std::string bytes;  ///< content, or the symlink's target
  enum class Blocked { kNo, kDirectory, kSpecial, kParentIsLink, kParentIsFile, kTooLarge } blocked = Blocked::kNo;
  std::string blocker;       ///< the parent in the way, for kParentIs…
  unsigned permissions = 0;  ///< of a regular file

  /// Whether it could be compared at all; what is blocked by a directory or a parent is simply absent.
  bool comparable() const { return blocked != Blocked::kSpecial && blocked != Blocked::kTooLarge; }
  bool same_as(unsigned other_mode, const git_oid& other_id) const {
    if (mode != other_mode || !comparable()) return false;
    return mode == 0 || git_oid_equal(&id, &other_id) != 0;
  }
  /// The same, or the same with CRLF in place of LF as git checks it out under eol=crlf or core.autocrlf.
  bool same_text_as(unsigned other_mode, const git_oid& other_id) const;
};

/// Whether these bytes, a regular file's, are the blob `id` once their CRLF are LF.
bool is_with_lf(std::string_view bytes, const git_oid& id);

/// Looks at `path` below `root` without following any symlink. Contents above `limit` are kTooLarge.
Result<FileState> read_state(int root, const std::string& path, std::size_t limit);

git_oid blob_id(std::string_view bytes);

}  // namespace patchbay::git
