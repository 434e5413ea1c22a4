#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/json/json.h"

/// A worker's report as text, and what has to leave a text before a client sees it.
namespace patchbay::codex {

/// summary, detailed_report, evidence, notes, risks, open questions, next steps; parts without content are
/// left out. A sentence saying that there is no readable report when nothing is left. Not sanitised.
std::string report_text(const Json& result);

/// What to do about a turn whose result says why it failed; empty for any other result. Not sanitised.
std::string next_step(const Json& result);

/// Text that names this machine's arrangement and must not be published.
struct PrivateStrings {
  std::vector<std::string> paths;     ///< absolute: repository, worktree, job folder, homes
  std::vector<std::string> branches;  ///< private branch names
};

inline constexpr std::size_t kReportMaxBytes = 24'000;

/// For reports, notes, conflict summaries: redacts secrets, replaces private paths by `[workspace]`, branches
/// by
/// `[worker-branch]`, the folder of imported artifacts and every UUID, shows control characters escaped, and
/// cuts at `max_bytes` with a marker. `truncated`, when given, says whether it was cut.
std::string public_report(std::string_view text, const PrivateStrings& secrets, std::size_t max_bytes = kReportMaxBytes,
                          bool* truncated = nullptr);

/// For diffs and file text: redacts secrets and replaces private paths; nothing else changes and nothing is
/// cut.
std::string public_code(std::string_view text, const PrivateStrings& secrets);

/// Replaces every occurrence of the paths that ends on a path boundary ("/srv/repo" is not in
/// "/srv/repo-two"), the longest path first. Relative or very short entries are ignored.
std::string replace_paths(std::string_view text, std::vector<std::string> paths, std::string_view replacement);

}  // namespace patchbay::codex
