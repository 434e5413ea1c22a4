#pragma once

#include "git/journal.h"
#include "git/tree_fs.h"

namespace patchbay::git {

/// Moves a set of files of one checkout into place, or back. The order of its steps and the choice between
/// the two directions are the caller's (apply.cpp); every step may be repeated after a crash.
class Transaction {
 public:
  Transaction(Journal journal, std::string journal_path)
      : journal_(std::move(journal)), journal_path_(std::move(journal_path)) {}

  const Journal& journal() const { return journal_; }

  /// Opens checkout and staging directory; an absent staging directory is no error.
  Status open();

  // ---- kPreparing --------------------------------------------------------------------------------------

  /// Journal, staging directory, new contents; on stable storage.
  Status stage(const std::vector<FileOp>& ops);

  /// kPatchChanged unless every path still holds what the plan knew.
  Status verify_unchanged() const;

  /// From here on the integration ends as planned.
  Status commit();

  // ---- kCommitted --------------------------------------------------------------------------------------

  /// Moves everything that is not in place yet.
  Status forward();

  /// From here on it ends as it was.
  Status begin_undo();

  // ---- kUndoing ----------------------------------------------------------------------------------------

  /// Moves everything back that is in place.
  Status backward();

  /// Removes the staging directory, then the journal.
  Status finish();

  // ---- after a crash -----------------------------------------------------------------------------------

  enum class State { kOld, kNew, kForeign };

  /// Which content a path holds now.
  Result<State> state_of(const FileOp& op) const;

  Result<std::vector<std::string>> foreign_paths() const;

  /// Whether every content that `forward` still needs is there.
  Result<bool> can_go_forward() const;

 private:
  Status stage_file(const FileOp& op, const std::string& name);

  // The closest existing directory above a path.
  os::Fd existing_parent(std::string path) const;

  Status check_mounts() const;

  Result<os::Fd> parent_of(const FileOp& op) const;

  Status make_parents(const FileOp& op);

  // What came out of the checkout must be what the plan knew, or somebody wrote in the last moment.
  Status expect_staged(const std::string& staged, unsigned mode, const git_oid& id, const FileOp& op) const;

  Status do_op(const FileOp& op, const std::string& staged);

  Status undo_op(const FileOp& op, const std::string& staged);

  // ---- directories -------------------------------------------------------------------------------------

  bool remove_directory(const std::string& path) const;

  // A directory whose files were all deleted, in the way of a file; directories inside may be left.
  void remove_empty_tree(const std::string& path) const;

  void remove_upwards(std::string path) const;
  void remove_emptied_directories() const;
  void remove_directories_of_creations() const;

  Status sync_directories() const;

  Journal journal_;
  std::string journal_path_;
  os::Fd root_, staging_;
};

/// A name for the staging directory on the checkout's mount that no status shows: inside the git directory
/// when that is on it.
std::string staging_for(const Layout& layout);

/// Announces a step to the hook of tests (apply.h).
void announce_step(const char* name);

}  // namespace patchbay::git
