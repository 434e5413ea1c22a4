#include "tools/brief_schema.h"

#include <set>
#include <string_view>

namespace patchbay::tools {
namespace {

const std::set<std::string_view>& deciding() {
  static const std::set<std::string_view> kMembers = {
      // did it happen, and what next
      "accepted", "applied", "stopped", "cancelled", "ready", "error_code", "next", "handle",
      // who and what
      "worker_id", "state", "job_id", "workspace_id", "root", "current_mode",
      // the content
      "report", "text", "diff", "entries", "matches", "workers", "workspaces", "models", "checks", "team_report", "summary",
      // review
      "changed_files", "can_apply", "preview_token", "takeover_required", "repo_busy",
      // paging
      "truncated", "next_start_line", "next_cursor"};
  return kMembers;
}

}  // namespace

void keep_deciding_members(Json& output_schema) {
  const auto properties = output_schema.find("properties");
  if (properties == output_schema.end()) return;
  Json kept = Json::object();
  for (const auto& [name, schema] : properties->items()) {
    if (deciding().contains(name)) kept[name] = schema;
  }
  if (!kept.empty()) *properties = std::move(kept);
}

}  // namespace patchbay::tools
