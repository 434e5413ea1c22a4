#pragma once

#include <functional>
#include <optional>
#include <string>

#include "patchbay/base/clock.h"
#include "patchbay/workers/workers.h"
#include "workers/worker.h"

namespace patchbay::workers {

/// Who owns a worker, seen by one caller. Ownership keeps conversations from stepping on each other; it is no
/// authentication (mcp.md 7.4, SEC:A11).
struct OwnershipView {
  std::optional<bool> owned;  ///< by the caller; null when that cannot be told
  std::string status;         ///< current_client, other_connection, unknown_previous_connection, ...
  std::string label;
  std::string note;
  bool needs_takeover = false;
};

class Ownership {
 public:
  Ownership(std::string scope, double idle_seconds, std::function<bool(const std::string&)> live, const Clock& clock);

  OwnershipView view(const Actor& actor, const Worker& worker) const;
  /// Scope key of the owner; empty when there is none on record.
  static std::string owner_of(const Worker& worker);
  /// Writes the caller as owner into the options of a job.
  void stamp(const Actor& actor, Json& options) const;

 private:
  bool live(const jobs::JobRecord& job) const;

  std::string scope_;
  double idle_seconds_;
  std::function<bool(const std::string&)> live_;
  const Clock& clock_;
  double started_at_;
};

}  // namespace patchbay::workers
