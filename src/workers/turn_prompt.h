#pragma once

#include <string>
#include <vector>

#include "workers/core.h"

namespace patchbay::workers {

/// What a turn is told about other workers.
struct PeerContext {
  std::string text;                  ///< empty when nothing was asked for
  std::vector<std::string> sources;  ///< names
  bool truncated = false;
};

/// Reports, changed files and diffs of other workers, inside a budget that is shared fairly; holds no id, session,
/// branch or path. kWorkerNotFound and kWorkerAmbiguous for a name; kInvalidArgument for more than ten.
Result<PeerContext> peer_context(Core& self, const ContextArgs& args, const std::optional<std::string>& workspace_id,
                                 const std::string& default_workspace_id);

/// The whole prompt of a turn: assignment, context marked as data, reporting instruction.
std::string compose_prompt(std::string_view assignment, const PeerContext& context, WorkspaceMode mode);

/// kMissingArgument when it is blank, kContentTooLarge above 200,000 bytes. Gives the trimmed text.
Result<std::string> check_assignment(std::string_view text, const char* argument);

}  // namespace patchbay::workers
