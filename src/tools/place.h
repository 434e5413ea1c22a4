#pragma once

#include "patchbay/tools/services.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::tools {

/// The workspace that a call is about, opened.
struct Place {
  workspace::Workspace workspace;
  workspace::WorkspaceFs fs;
  git::Target git;
};

/// kNoAllowedRoots ... kWorkspaceNotDirectory, as Roots::choose has them.
Result<Place> open_place(Services& services, const std::optional<std::string>& repo_path);

/// How git is asked about a workspace.
git::Target git_target(const Services& services, const workspace::Workspace& workspace);

/// A file_path argument as git names it: relative to the workspace, taken literally (a link is the link
/// itself), also for what exists no more. Empty stays empty. Errors: those of the path guard, except
/// kNotFound.
Result<std::string> literal_path(const Place& place, const std::string& file_path);

/// `value` inside 1..`cap`; `fallback` when absent.
std::int64_t capped(std::optional<std::int64_t> value, std::int64_t fallback, std::int64_t cap);

/// The applied value when it is not the one asked for.
std::optional<std::int64_t> if_changed(std::optional<std::int64_t> asked, std::int64_t applied);

}  // namespace patchbay::tools
