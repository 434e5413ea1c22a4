#include "tools/order.h"

#include <algorithm>

namespace patchbay::tools {
namespace {

// First the tool that everybody can call with {}; then the table of the public reference, workspace tools to
// workers.
constexpr std::string_view kOrder[] = {
    "codex_self_test",        "codex_open_workspace",  "codex_repo_tree",     "codex_read_file",
    "codex_search_repo",      "codex_list_workspaces", "codex_git_status",    "codex_git_diff",
    "codex_show_changes",     "codex_plan_job",        "codex_apply_job",     "codex_get_status",
    "codex_get_result",       "codex_get_diff",        "codex_cancel_job",    "codex_tool_mode_info",
    "codex_tool_mode_switch", "codex_worker_options",  "codex_worker_start",  "codex_worker_message",
    "codex_worker_list",      "codex_worker_inspect",  "codex_worker_status", "codex_worker_wait",
    "codex_worker_integrate", "codex_worker_stop",
};

}  // namespace

std::span<const std::string_view> listing_order() { return kOrder; }

std::size_t position_of(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kOrder, name) - std::begin(kOrder));
}

}  // namespace patchbay::tools
