#pragma once

#include "git/layout.h"
#include "git/tree_changes.h"
#include "git/worktree_state.h"
#include "patchbay/git/integration.h"

namespace patchbay::git {

/// Which paths of a base checkout are uncommitted, and why.
struct Uncommitted {
  BaseState state;
  std::set<std::string> blocking;  ///< tracked modifications of the user: an integration must not touch them
};

/// `deltas` is the change to integrate. Compares HEAD, index and working files of the base.
Result<Uncommitted> look_at_base(const Repo& repo, const Checkout& checkout, const IntegrationSpec& spec,
                                 const std::vector<TreeDelta>& deltas);

}  // namespace patchbay::git
