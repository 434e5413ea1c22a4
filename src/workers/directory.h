#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "patchbay/base/pointer_order.h"
#include "patchbay/jobs/jobs.h"
#include "workers/worker.h"

namespace patchbay::workers {

using WorkerList = std::shared_ptr<const std::vector<WorkerPtr>>;

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
  /// The worker a request means: an exact id, else a name in the given workspace, else (without one) a name in the
  /// default workspace, else a name that is unique anywhere. kWorkerNotFound, kWorkerAmbiguous.
  Result<WorkerPtr> resolve(const std::string& text, const std::optional<std::string>& workspace_id,
                            const std::string& default_workspace_id) const;
  /// Every worker as of now, sorted by name. Shared by all who ask between two changes.
  WorkerList all() const;
  std::size_t size() const;

  /// Called after the directory has taken in a change of one worker: null before it came, null when it is gone.
  using Observer = std::function<void(const WorkerPtr& before, const WorkerPtr& now)>;
  void on_change(Observer callback);

 private:
  void take(const jobs::JobPtr& job, jobs::Jobs::Change change);
  std::shared_ptr<const Place> place_of(const jobs::JobRecord& job);
  void remember_start(const WorkerPtr& worker);
  void forget(const WorkerPtr& worker);
  std::vector<WorkerPtr> of_name(const std::string& folded_name) const;

  using NameAndId = std::pair<std::string_view, std::string_view>;
  static NameAndId name_and_id(const Worker& worker) { return {worker.folded_name(), worker.id()}; }

  mutable std::mutex mutex_;
  std::set<WorkerPtr, OrderedBy<&Worker::id>> by_id_;
  std::set<WorkerPtr, OrderedBy<&name_and_id>> sorted_;
  /// The digest is the worker's own text, in its first turn.
  std::unordered_map<std::string_view, WorkerPtr> by_start_digest_;
  std::map<std::string, std::shared_ptr<const Place>> places_;  ///< by repository
  mutable WorkerList all_;                                      ///< null after a change
  std::vector<Observer> callbacks_;
};

}  // namespace patchbay::workers
