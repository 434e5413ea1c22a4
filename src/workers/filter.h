#pragma once

#include "workers/core.h"

namespace patchbay::workers {

/// The workers a list or a status is about, active ones first, then by name.
struct Selection {
  WorkerList all;  ///< keeps them alive
  std::vector<const Worker*> workers;
  int hidden = 0;          ///< left out by the scope
  int hidden_stopped = 0;  ///< left out because nobody asked for stopped workers
  std::string scope;
  Json hidden_json() const;
};

/// kInvalidArgument for a time that cannot be read; what Roots says about repo_path.
Result<Selection> select(const Core& self, const Actor& actor, const FilterArgs& args, const std::string& default_scope,
                         bool include_stopped_by_default);

}  // namespace patchbay::workers
