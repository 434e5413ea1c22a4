#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {

struct InstructionScan {
  std::size_t max_entries = 20'000;
  std::chrono::milliseconds max_time{300};  ///< counts after the first entries
  std::size_t max_files = 20;
  /// Paths of the repository's index relative to the workspace, when the caller has them: then no directory
  /// but the root is walked.
  const std::vector<std::string>* tracked = nullptr;
};

struct InstructionFiles {
  std::vector<std::string> paths;  ///< relative, as shown, sorted
  bool truncated = false;          ///< a limit ended the search
};

/// True for AGENTS.override.md, AGENTS.md, agents.md, .agents.md.
bool is_instruction_file(std::string_view name);

/// Instruction files anywhere below the root, unblocked ones only (tools.md 11.1, W39). Skips noise
/// directories, links and nested repositories.
InstructionFiles find_instruction_files(const WorkspaceFs& fs, const InstructionScan& scan = {},
                                        const CancelToken& cancel = {});

}  // namespace patchbay::workspace
