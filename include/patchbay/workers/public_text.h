#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::workers {

/// Replaces the private branches of any worker or job ("codex/worker-wrk-...", "codex/job-...") and the folders of
/// their worktrees ("worker-wrk-...") by `[worker-branch]` and `[worker]`: a report may name those of others, too.
std::string hide_branches(std::string_view text);

/// "a, b and 3 more": what is named of `total` things, as a sentence names them. Nothing for none.
std::string name_some(const std::vector<std::string>& named, std::size_t total);

/// How many secrets have been replaced in a text that was made public.
int redactions_in(std::string_view text);

}  // namespace patchbay::workers
