#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/result.h"

/// Everything PatchBay does with git, on libgit2; no program is ever run, whatever a repository's
/// configuration names. Filters are off: contents are raw bytes.
///
/// Names of files, branches and authors are bytes as git stores them, not necessarily UTF-8. Make them
/// printable with `display_safe` or `sanitize_utf8` where they leave the program, not before.
///
/// Object ids are 40 lower-case hex digits; an empty string means "there is none".
namespace patchbay::git {

using ObjectId = std::string;

/// Which repository a call is about, and how far it may reach.
struct Target {
  std::string path{};     ///< absolute, canonical directory; the repository is looked for here and upwards
  std::string ceiling{};  ///< highest directory to look in (inclusive); empty: only `path` itself
  /// Canonical directories. The git directory, the common directory and alternates must lie below one of
  /// them or below `path`'s own toplevel, else kRepoLayoutUnsafe (SEC:G2). The worktree root belongs here
  /// too.
  std::vector<std::string> roots{};
};

/// Where the parts of a repository lie. Paths are absolute and canonical.
struct Layout {
  std::string toplevel;
  std::string subdir;      ///< of the target's path below the toplevel, "" or "a/b"
  std::string git_dir;     ///< of this worktree
  std::string common_dir;  ///< shared by all worktrees of the repository
  bool linked_worktree = false;
  std::uint64_t device = 0, inode = 0;                ///< of the toplevel: the identity of the checkout
  std::uint64_t common_device = 0, common_inode = 0;  ///< of the common directory
};

/// HEAD as people see it.
struct Branch {
  std::optional<std::string> name;  ///< short branch name; absent when detached; set when unborn
  bool detached = false;
  bool unborn = false;
  ObjectId head;                        ///< commit of HEAD; empty when unborn
  std::optional<std::string> upstream;  ///< for example "origin/main"
  int ahead = 0, behind = 0;            ///< against the upstream; 0 without one
};

struct Commit {
  ObjectId id;
  std::string subject;
  std::string author;
  std::int64_t author_time = 0;          ///< seconds since the epoch
  std::vector<std::string> decorations;  ///< short names of branches and tags that point at it
};

/// Number of leading hex digits in the short form of an id.
inline constexpr std::size_t kShortId = 7;
inline std::string short_id(const ObjectId& id) { return id.substr(0, kShortId); }

}  // namespace patchbay::git
