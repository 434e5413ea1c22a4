#include "tools/place.h"

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::tools {

git::Target git_target(const Services& services, const workspace::Workspace& workspace) {
  git::Target target;
  target.path = workspace.path;
  target.ceiling = workspace.allowed_root;
  target.roots = services.roots.allowed();
  target.roots.push_back(services.launch.config.workers.worktree_root);
  return target;
}

Result<Place> open_place(Services& services, const std::optional<std::string>& repo_path) {
  workspace::OpenedWorkspace opened = PB_TRY(services.roots.choose_opened(repo_path));
  const workspace::Workspace workspace = opened.workspace;
  return Place{workspace, PB_TRY(workspace::WorkspaceFs::adopt(services.roots, std::move(opened), services.blocked)),
               git_target(services, workspace)};
}

Result<std::string> literal_path(const Place& place, const std::string& file_path) {
  if (trim(file_path).empty()) return std::string();
  // The guard decides about everything that exists; a deleted file is judged by its name alone.
  if (const auto found = place.fs.find(file_path); !found.ok() && found.error().code != ErrorCode::kNotFound) {
    return found.error();
  }
  std::string text = os::expand_home(file_path);
  if (text.starts_with('/')) {
    if (!os::is_within(place.fs.root(), text)) {
      return Error{ErrorCode::kPathEscapesWorkspace, "file_path is outside of the workspace.", {}, {}};
    }
    text = text.substr(std::min(text.size(), place.fs.root().size() + (place.fs.root() == "/" ? 0 : 1)));
  }
  std::vector<std::string> parts;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(workspace::unescape_shown_name(part).value_or(std::string(part)));
    } else if (!parts.empty()) {
      parts.pop_back();
    } else {
      return Error{ErrorCode::kPathEscapesWorkspace, "file_path is outside of the workspace.", {}, {}};
    }
  }
  const std::string path = fmt::format("{}", fmt::join(parts, "/"));
  if (place.fs.blocked(path)) {
    return Error{ErrorCode::kPathBlocked,
                 "file_path is blocked by the operator's settings.",
                 "Ask the operator if you need it; security.blocked_globs lists what is blocked.",
                 {}};
  }
  return path;
}

std::int64_t capped(std::optional<std::int64_t> value, std::int64_t fallback, std::int64_t cap) {
  return std::clamp<std::int64_t>(value.value_or(fallback), 1, std::max<std::int64_t>(cap, 1));
}

std::optional<std::int64_t> if_changed(std::optional<std::int64_t> asked, std::int64_t applied) {
  return asked && *asked != applied ? std::optional(applied) : std::nullopt;
}

}  // namespace patchbay::tools
