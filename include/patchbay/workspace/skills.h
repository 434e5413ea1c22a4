#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {

/// In order of rank: of two skills with one name the first wins.
enum class SkillSource { kWorkspace, kUser, kPlugin };
std::string_view name_of(SkillSource source);

struct Skill {
  std::string name, description;  ///< as shown, redacted, at most 100 and 600 bytes
  SkillSource source = SkillSource::kWorkspace;
  std::string path;                        ///< `$WORKSPACE/...` or `~/...`
  std::optional<std::string> shadowed_by;  ///< path of the skill that is used instead
};

struct SkillScan {
  const WorkspaceFs* home = nullptr;  ///< the user's home, for skills of all workspaces; null: those are left out
  std::size_t max_skills = 120;
  std::size_t max_entries = 20'000;
  std::chrono::milliseconds max_time{300};  ///< counts after the first entries of each place
};

struct SkillList {
  std::vector<Skill> skills;  ///< by source, name, path
  bool truncated = false;     ///< a limit ended the search
};

/// Files named SKILL.md below the folders where Codex and other agents keep them (tools.md 12.3). A folder that is a
/// link is passed over; below it links to folders inside the same workspace or home are followed once. Blocked names
/// count.
SkillList find_skills(const WorkspaceFs& workspace, const SkillScan& scan, const CancelToken& cancel = {});

}  // namespace patchbay::workspace
