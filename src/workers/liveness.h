#pragma once

#include <string>

#include "patchbay/workers/workers.h"
#include "workers/worker.h"

namespace patchbay::workers {

/// How a worker's latest turn is doing (workers.md 9.4).
struct Liveness {
  std::string category;  ///< starting, active, quiet, stale, lost, completed, failed, cancelled
  std::string phase;
  std::string suggested_action;  ///< wait, recheck, inspect, recover, read, read_partial, reauthenticate, choose_model
  std::string line;              ///< one sentence, at most 260 bytes, without command text
  Json json;
};

Liveness liveness_of(const Worker& worker, double now, const WorkersOptions& options);

/// How several workers are doing, without the details of any.
struct TeamStatus {
  Json counts = Json::object();  ///< total and one member per category
  int busy = 0;                  ///< starting, active, quiet, stale
  std::string summary;
  std::string suggested_action;  ///< the most urgent of the workers' own
  Json json() const { return {{"summary", summary}, {"counts", counts}, {"suggested_action", suggested_action}}; }
};
TeamStatus team_status(const std::vector<const Worker*>& workers, double now, const WorkersOptions& options);

/// Public state: starting, working, idle, failed, stopped.
std::string public_state(const jobs::JobRecord& job);

/// "45 s", "3 min", "2 h".
std::string duration_text(double seconds);

}  // namespace patchbay::workers
