#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "patchbay/jobs/jobs.h"
#include "workers/worker.h"

namespace patchbay::workers {

/// Finds workers by id and by name. Kept current by Jobs; nothing of it is on disk.
///
/// Threads: any.
class Directory {
 public:
  /// Registers with `jobs`, before Jobs::recover().
  explicit Directory(jobs::Jobs& jobs);

  WorkerPtr by_id(const std::string& id) const;
  WorkerPtr by_name(const std::string& workspace_id, std::string_view name) const;
  /// The newest worker that was started with this digest, or null.
  WorkerPtr by_start_digest(const std::string& digest) const;
  /// The worker a request means: an exact id, else a name in the given workspace, else (without one) a name in the default
  /// workspace, else a name that is unique anywhere. kWorkerNotFound, kWorkerAmbiguous.
  Result<WorkerPtr> resolve(const std::string& text, const std::optional<std::string>& workspace_id,
                            const std::string& default_workspace_id) const;
  /// Every worker, sorted by name.
  std::vector<WorkerPtr> all() const;
  std::size_t size() const;

  /// Called after the directory has taken in a change of one worker, with null when that is gone.
  using Observer = std::function<void(const std::string& id, const WorkerPtr&)>;
  void on_change(Observer callback);

 private:
  void take(const jobs::JobPtr& job, jobs::Jobs::Change change);
  /// Called with the mutex held.
  WorkerPtr listed(const std::string& id, std::vector<jobs::JobPtr> turns);

  mutable std::mutex mutex_;
  std::map<std::string, WorkerPtr> by_id_;
  std::map<std::pair<std::string, std::string>, WorkerPtr> sorted_;  ///< (folded name, id)
  std::map<std::string, std::string> id_by_digest_;                   ///< of the first turn's start
  std::vector<Observer> callbacks_;
};

}  // namespace patchbay::workers
