#pragma once

#include "patchbay/git/snapshot.h"

namespace patchbay::git {

/// A file as an integration left it in the checkout.
struct MergedFile {
  std::string path;
  unsigned mode = 0;
  ObjectId id;  ///< blob of exactly the bytes that were written
};

/// What to bring into a base checkout: everything that differs between two trees of its repository.
struct IntegrationSpec {
  ObjectId baseline{};       ///< tree: what the worker started from, or what was integrated last
  ObjectId snapshot{};       ///< tree: what the worker has now
  ObjectId base_revision{};  ///< commit the worker started from; for `base_moved`
  /// Tree the worker started from when it is not the commit's own: what it has beyond that are copies of untracked
  /// files of the checkout, and a change of one collides with its original for as long as that is untracked.
  ObjectId start{};
  std::uint64_t max_bytes = 50u << 20;  ///< of post-images
  std::vector<SpecialFile> special{};   ///< of the snapshot: they make the plan unsafe
  /// What earlier integrations of the same worker merged into the checkout. A file that still holds exactly that, or
  /// that with CRLF, is no change of the user, just like one that holds what `baseline` has.
  std::vector<MergedFile> merged{};
};

enum class WriteKind { kCreate, kReplace, kDelete };

/// One path that apply will touch.
struct PlannedWrite {
  std::string path;
  WriteKind kind = WriteKind::kReplace;
  unsigned mode = 0;        ///< of the result; 0120000 is a symlink; 0 for a deletion
  std::uint64_t bytes = 0;  ///< of the result
  bool merged = false;      ///< both sides had changed it
  ObjectId id;              ///< blob of the result of a merge that is not the worker's version; else empty
};

struct PathReason {
  std::string path;
  std::string reason;  ///< one phrase for people
};

/// State of the base checkout as far as an integration cares. `.ai-bridge/` never counts.
struct BaseState {
  ObjectId head;
  bool moved = false;                      ///< HEAD is not `base_revision`
  std::vector<std::string> tracked_dirty;  ///< staged or unstaged modifications
  std::vector<std::string> collisions;     ///< untracked files at paths of the change, with other content
  std::vector<std::string> untracked;      ///< other untracked files, at most 500; they never block
  /// Uncommitted only because they hold what an earlier integration of this worker brought, or already
  /// what this one would; in none of the lists above, and they never block.
  std::vector<std::string> integrated;
  std::string fingerprint;  ///< SHA-256 over head and the paths and contents of all but `untracked`
  bool dirty() const { return !tracked_dirty.empty() || !collisions.empty(); }
};

/// What applying would do; nothing has been touched. It can be applied when `conflicts` and `unsafe` are
/// empty and `too_large` is false; refusing a dirty base is up to the caller.
struct IntegrationPlan {
  Changes changes;
  std::vector<PlannedWrite> writes;  ///< empty when the base already holds everything
  std::vector<PathReason> conflicts;
  std::string conflict_summary;  ///< at most 12,000 characters, printable
  std::vector<PathReason> unsafe;
  std::vector<std::string> skipped_files;  ///< paths of `unsafe`
  bool applied_with_3way = false;
  bool too_large = false;
  BaseState base;
  std::string plan_sha256;  ///< over the writes with their content and the pre-images they replace
  bool clean() const { return conflicts.empty() && unsafe.empty() && !too_large; }
};

/// Takes the plan again and carries it out. The caller holds the base's mutation lock.
struct ApplySpec {
  IntegrationSpec integration{};
  std::string plan_sha256{};   ///< refused with kPatchChanged when the plan made now is another one; empty: any
  std::string journal_path{};  ///< file to keep the journal in while it is needed; its directory exists
};

struct Applied {
  Changes changes;
  std::vector<std::string> written, deleted;
  bool applied_with_3way = false;
  std::vector<std::string> main_changed_files;  ///< status of the base afterwards, at most 500
  std::vector<std::string> warnings;            ///< for people: what went wrong after everything was in place
};

enum class RecoveryOutcome {
  kNothing,        ///< there was no journal
  kRolledBack,     ///< the base is as it was before
  kRolledForward,  ///< the base has everything
  kUndecided,      ///< somebody else changed the same files since; nothing was touched, the journal stays
};
const char* name_of(RecoveryOutcome outcome);

struct Recovery {
  RecoveryOutcome outcome = RecoveryOutcome::kNothing;
  std::string root;                           ///< of the base checkout
  std::string plan_sha256;                    ///< of the integration the journal belongs to
  std::vector<std::string> written, deleted;  ///< paths of the integration
  std::vector<std::string> foreign;           ///< paths that hold neither the old nor the new content
};

}  // namespace patchbay::git
