#pragma once

#include <memory>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/lock.h"

namespace patchbay::workspace {

/// Who takes a lock and what for; shown to those who find it taken.
struct LockInfo {
  std::string operation;
  std::string job_id = {};
  std::string worker_name = {};
};

/// A held repository mutation lock. Released when destroyed, unless a child process inherited `fd()`.
class HeldRepoLock {
 public:
  HeldRepoLock(HeldRepoLock&&) noexcept = default;
  HeldRepoLock& operator=(HeldRepoLock&&) noexcept = default;
  /// Of the exclusive lock of the work tree itself; inherit it to keep the lock past our own death (SEC:L3).
  int fd() const { return locks_.front().fd(); }
  /// Says in the lock file which job it is held for, once that is known. The text decides nothing, so a failure to
  /// write it is no error.
  void name_job(const std::string& job_id);

 private:
  friend class RepoLocks;
  HeldRepoLock(std::vector<os::FileLock> locks, LockInfo info, std::vector<std::string> keys, double since)
      : locks_(std::move(locks)), info_(std::move(info)), keys_(std::move(keys)), since_(since) {}
  std::vector<os::FileLock> locks_;  ///< the work tree's own first
  LockInfo info_;
  std::vector<std::string> keys_;  ///< of the same directories
  double since_;
};

/// At most one writer per work tree, across processes, spellings and restarts (workers.md 8, SEC:L1-L5).
class RepoLocks {
 public:
  /// `dir` is <home>/runtime/locks; created on first use.
  explicit RepoLocks(std::string dir) : dir_(std::move(dir)) {}

  /// Never waits. `path` is any directory of the work tree; its toplevel is the nearest parent that holds
  /// `.git`, else the directory itself. kRepoBusy: `detail` is a JSON object {operation, worker_name?, since,
  /// age_seconds}.
  Result<HeldRepoLock> acquire(const std::string& path, const LockInfo& info) const;

 private:
  std::string dir_;
};

}  // namespace patchbay::workspace
