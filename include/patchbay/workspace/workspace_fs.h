#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"
#include "patchbay/workspace/blocked_globs.h"
#include "patchbay/workspace/protected_paths.h"
#include "patchbay/workspace/roots.h"

namespace patchbay::workspace {

enum class FileType { kRegular, kDirectory, kSymlink, kOther };

/// What the file system says about the state of a regular file. Content that changes through a write changes it;
/// nanoseconds since the epoch.
struct FileStamp {
  FileId id{};
  std::uint64_t size = 0;
  std::int64_t modified = 0, changed = 0;
  auto operator<=>(const FileStamp&) const = default;
};

FileStamp stamp_of(const struct stat& st);

/// An object inside a workspace that passed every check, with the descriptor it was checked by.
struct OpenedPath {
  os::Fd fd;
  std::string path;  ///< relative to the root, links resolved, raw bytes; "." is the root itself
  FileType type = FileType::kRegular;
  std::uint64_t size = 0;
  double mtime = 0;  ///< seconds since the epoch
  unsigned mode = 0;
  std::uint64_t links = 1;  ///< hard links; above 1 other names exist (SEC:P6)
  FileId id{};
  FileStamp stamp{};
};

struct DirEntry {
  std::string name;  ///< raw bytes
  FileType type = FileType::kRegular;
};

struct Listing {
  std::vector<DirEntry> entries;  ///< in no order; without "." and ".."
  bool truncated = false;
  std::size_t left_out = 0;  ///< protected directories
};

/// A symbolic link as a listing shows it.
struct LinkTarget {
  std::string text;  ///< the link's content, raw bytes; empty when it leads outside
  bool inside = false;
  bool blocked = false;    ///< leads to something blocked inside, and counts as not inside
  bool directory = false;  ///< leads to an existing directory inside
};

/// The only way from a path in a request to a file (SEC:7). It holds the root's descriptor and walks from
/// there, component by component, expanding links itself; the last step is openat2 with RESOLVE_BENEATH where
/// the kernel has it. Nothing is ever opened twice by name.
///
/// Input paths: relative to the root or absolute, `~/` for the home, `.` and `..` collapsed before any link
/// is looked at, valid UTF-8, at most 4,096 bytes, 255 per component. Names that are not UTF-8, or hold
/// control characters, are reached by the form in which `display_safe` shows them (`\xFF`, `\n`, `\u{202E}`).
///
/// Errors of every method that takes a path: kInvalidArgument (malformed), kPathEscapesWorkspace,
/// kPathBlocked (blocked globs, protected files), kPathSymlinkEscape (a link that leads out, or more than 40
/// of them), kPathSpecialFile (FIFO, socket, device; anything on procfs, sysfs and their like), kNotFound,
/// kIoError. None blocks.
///
/// Threads: any. Cheap to copy.
class WorkspaceFs {
 public:
  /// A workspace that Roots chose.
  static Result<WorkspaceFs> open(const Roots& roots, const Workspace& workspace, BlockedGlobs blocked);
  /// The same for one that is open already.
  static Result<WorkspaceFs> adopt(const Roots& roots, OpenedWorkspace opened, BlockedGlobs blocked);
  /// A directory that PatchBay itself made (a worker's worktree), which may lie inside a protected one. The
  /// protected paths below it stay out of reach.
  static Result<WorkspaceFs> open_own(const std::string& directory, BlockedGlobs blocked,
                                      ProtectedPaths protected_paths);

  /// This workspace with the identities of the protected files as they are now, for a run of many short steps that
  /// shall not each look them up. Cheap while those it has are from just now.
  WorkspaceFs at_this_moment() const;

  /// A regular file, for reading. kNotAFile for a directory.
  Result<OpenedPath> open_file(std::string_view input) const;
  /// A directory, for listing. kNotADirectory for anything else.
  Result<OpenedPath> open_dir(std::string_view input) const;
  /// A file or directory without access to its content (O_PATH).
  Result<OpenedPath> find(std::string_view input) const;

  /// A directory by the raw path that listings led to, whose parents were not blocked. Follows no link: a
  /// path that holds one now is kPathSymlinkEscape.
  Result<OpenedPath> open_listed_dir(const std::string& path) const;
  /// A regular file by a raw path that another program reported. Every check of open_file; follows no link.
  Result<OpenedPath> open_reported_file(const std::string& path) const;
  /// Reads at most `max_entries` names of a directory opened for listing. Protected directories are left out.
  Result<Listing> list(const OpenedPath& dir, std::size_t max_entries) const;
  LinkTarget read_link(const OpenedPath& dir, const std::string& name) const;
  /// Whether `path` (relative, raw bytes) is blocked by its name.
  bool blocked(std::string_view path) const { return blocked_.matches(path); }

  const BlockedGlobs& blocked_globs() const { return blocked_; }
  const ProtectedPaths& protected_paths() const { return protected_; }
  const std::string& root() const;  ///< absolute, links resolved
  int root_fd() const;              ///< O_PATH

 private:
  struct Tree;
  /// Identities of the protected files now, or of the moment the workspace was opened while that is just past.
  std::vector<FileId> protected_ids() const;
  WorkspaceFs(std::shared_ptr<const Tree> tree, BlockedGlobs blocked, ProtectedPaths protected_paths);

  std::shared_ptr<const Tree> tree_;
  BlockedGlobs blocked_;
  ProtectedPaths protected_;
};

/// Joins two relative paths; "." is neutral.
std::string join_relative(std::string_view directory, std::string_view name);
/// The reverse of `display_safe` for names; nothing when `shown` holds no escape.
std::optional<std::string> unescape_shown_name(std::string_view shown);

}  // namespace patchbay::workspace
