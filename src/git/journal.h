#pragma once

#include "git/plan.h"

namespace patchbay::git {

/// What an apply is about to do, on stable storage before it does it.
///
/// Phases: kPreparing: contents are being written to the staging directory, no file of the checkout has
/// changed. kCommitted: all contents are in the staging directory; whatever happens now, the checkout ends
/// as planned. kUndoing: it ends as it was.
struct Journal {
  enum class Phase { kPreparing, kCommitted, kUndoing };

  std::string root;  ///< of the checkout
  std::uint64_t device = 0, inode = 0;
  std::string staging;  ///< directory that holds the new contents, later the old ones
  std::string plan_sha256;
  Phase phase = Phase::kPreparing;
  std::vector<FileOp> ops;  ///< without bytes; the position names the file in the staging directory

  Status save(const std::string& path) const;
  /// kNotFound, kStateCorrupt.
  static Result<Journal> load(const std::string& path);
};

}  // namespace patchbay::git
