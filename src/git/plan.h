#pragma once

#include "git/file_state.h"
#include "git/layout.h"
#include "patchbay/git/integration.h"

namespace patchbay::git {

/// One file operation with everything that carrying it out needs.
struct FileOp {
  std::string path;
  WriteKind kind = WriteKind::kReplace;
  unsigned old_mode = 0, new_mode = 0;  ///< 0: absent before, after
  git_oid old_id{}, new_id{};
  std::string bytes;         ///< of the result
  unsigned permissions = 0;  ///< of the regular file that is replaced; 0: none
};

struct PreparedPlan {
  IntegrationPlan plan;
  std::vector<FileOp> ops;  ///< empty unless the plan is clean
};

/// Compares, merges, and decides; touches nothing.
Result<PreparedPlan> prepare_plan(const Repo& repo, const IntegrationSpec& spec);

}  // namespace patchbay::git
