#pragma once

#include <string>
#include <string_view>

#include "patchbay/runner/turn.h"

namespace patchbay::runner {

/// Writes down what became of a turn.
class TurnFiles {
 public:
  explicit TurnFiles(std::string job_dir) : dir_(std::move(job_dir)) {}

  /// Tried once: the turn goes on, and its result will say the same.
  void write_evidence(const Outcome& outcome);
  void drop_evidence();
  // The end of a turn must get onto the disk: with a full disk it is tried until there is room.
  void write_result(const Outcome& outcome);
  void write_exit(const TurnExit& exit);

 private:
  void write_proof(std::string_view name, const Json& content);

  std::string dir_;
};

}  // namespace patchbay::runner
