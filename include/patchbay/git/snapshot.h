#pragma once

#include "patchbay/git/types.h"

namespace patchbay::git {

/// Which private ref keeps a snapshot: refs/patchbay/snapshots/<worker>/<seq> or .../trash/<worker>/<seq>.
enum class PinKind { kSnapshot, kTrash };

/// `worker_id` must be a valid ref component; `directory` a worktree of the target's repository.
struct SnapshotSpec {
  std::string directory{};
  std::string worker_id{};
  PinKind kind = PinKind::kSnapshot;
  std::string lock_path{};  ///< file lock of the common directory
  /// Directory prefixes that never enter the tree, even when committed.
  std::vector<std::string> excluded = {".ai-bridge/imported-artifacts"};
};

enum class SpecialType { kFifo, kSocket, kDevice, kRepository, kSubmodule, kUnreadable, kTooLarge };

/// A path that a tree does not hold: not a file, not readable, or larger than 1 GiB. Special files are never
/// opened.
struct SpecialFile {
  std::string path;
  SpecialType type = SpecialType::kFifo;
};
const char* name_of(SpecialType type);

/// The working state of a worktree as a tree, pinned by `ref` in the base repository. The ref's commit has
/// the worktree's HEAD commit as its parent, so the worker's own commits stay reachable.
struct Snapshot {
  ObjectId tree;
  ObjectId commit;
  ObjectId head;                      ///< HEAD of the worktree
  std::string ref;                    ///< an unchanged tree and HEAD reuse the worker's newest snapshot ref
  std::vector<SpecialFile> special;   ///< new or replacing something; unchanged submodules are left out
  std::vector<std::string> excluded;  ///< tracked paths that were left out, at most 100
};

/// A pinned snapshot.
struct Pin {
  std::string ref;
  PinKind kind = PinKind::kSnapshot;
  std::string worker_id;
  int seq = 0;
  ObjectId commit, tree, head;
  std::int64_t time = 0;  ///< seconds since the epoch
};

/// Which pins go: older than `days`, except the worker's newest snapshot and the refs in `keep` (a
/// baseline that is still compared with must stay reachable).
struct PinPruning {
  int days = 30;
  std::vector<std::string> keep{};
  std::string lock_path{};
};

/// One path that differs between two trees.
struct Change {
  std::string path;
  char status = 'M';                    ///< A, M, D, R, T
  std::optional<std::string> old_path;  ///< of R
  unsigned old_mode = 0, new_mode = 0;
  ObjectId old_id, new_id;
  bool binary = false;
  int additions = 0, deletions = 0;
  std::uint64_t bytes = 0;  ///< of the new content
  bool mode_change() const { return old_mode != 0 && new_mode != 0 && old_mode != new_mode; }
};

struct Changes {
  std::vector<Change> entries;    ///< sorted by path
  std::string patch_sha256;       ///< over (old mode, old id, new mode, new id, path, NUL) of each changed path
  std::uint64_t patch_bytes = 0;  ///< of the new contents
  bool counts_partial = false;    ///< the time budget ended before every file's lines were counted
};

/// Content of one path of a tree.
struct Blob {
  bool exists = false;
  unsigned mode = 0;
  ObjectId id;
  std::uint64_t size = 0;
  std::string bytes;  ///< from the wanted offset, at most the wanted length; a symlink's is its target
};

}  // namespace patchbay::git
