#include "patchbay/workspace/roots.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <map>

#include "beneath.h"
#include "patchbay/base/guarded.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/workspace/discovery.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMaxCandidates = 5;
constexpr int kMaxDepth = 4096;
constexpr std::chrono::milliseconds kCandidateTime{200};

using Root = std::shared_ptr<const Beneath>;

Error no_allowed_roots() {
  return Error{ErrorCode::kNoAllowedRoots,
               "No allowed repository roots configured.",
               "Restart PatchBay with --root or --allow-root, or list folders under repositories.allowed.",
               {}};
}

Error not_allowed(const std::string& path) {
  return Error{ErrorCode::kRootNotAllowed, "The path is outside the configured allowed roots.",
               "Only configured folders can be used; the operator adds one with --allow-root.", path};
}

Error missing(const std::string& path) {
  return Error{ErrorCode::kWorkspaceMissing, "The workspace does not exist.",
               "Use codex_list_workspaces to see what exists.", path};
}

/// The same answer whether the folder exists or not.
Error blocked_workspace() {
  return Error{ErrorCode::kPathBlocked,
               "The folder is blocked by the server's configuration.",
               "Give another repo_path (codex_list_workspaces); the operator sets security.blocked_globs.",
               {}};
}

Result<Root> open_root(const std::string& configured) {
  const std::string path = PB_TRY(os::real_path(os::expand_home(configured)));
  return std::make_shared<const Beneath>(PB_TRY(Beneath::open(path, {configured})));
}

/// The part of `path` below `prefix`, by whole components.
std::optional<std::string> below(std::string_view prefix, std::string_view path) {
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty() || !path.starts_with(prefix)) return std::nullopt;
  const std::string_view rest = path.substr(prefix.size());
  if (!rest.empty() && rest[0] != '/' && prefix != "/") return std::nullopt;
  return std::string(rest);
}

/// `path` without ".", doubled slashes, and ".." where it takes back a component.
std::string collapsed(const std::string& path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != ".." || (parts.empty() ? !path.starts_with('/') : parts.back() == "..")) {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return fmt::format("{}{}", path.starts_with('/') ? "/" : "", fmt::join(parts, "/"));
}

bool is_below_protected(int directory, const std::vector<FileId>& ids) {
  if (ids.empty()) return false;
  os::Fd at = open_component(directory, ".", O_PATH | O_DIRECTORY);
  FileId last{};
  for (int depth = 0; at && depth < kMaxDepth; ++depth) {
    struct stat st {};
    if (::fstat(at.get(), &st) != 0) return true;
    const FileId id{st.st_dev, st.st_ino};
    if (id == last) return false;
    if (std::binary_search(ids.begin(), ids.end(), id)) return true;
    last = id;
    at = open_component(at.get(), "..", O_PATH | O_DIRECTORY);
  }
  return true;
}

/// How well a workspace's name fits a wanted one, smaller is better; nothing when it does not. Short names resemble too
/// much for anything but equality.
std::optional<std::size_t> distance(std::string_view name, std::string_view wanted) {
  constexpr std::size_t kShort = 4, kMostTypos = 3;
  const std::string a = fold_case(name), b = fold_case(wanted);
  if (a == b) return 0;
  const std::size_t shorter = std::min(a.size(), b.size());
  if (shorter < kShort) return std::nullopt;
  if (a.find(b) != std::string::npos || b.find(a) != std::string::npos) return 1;
  const std::size_t limit = std::min(shorter / kShort, kMostTypos);
  const std::size_t typos = edit_distance(a, b, limit);
  return typos <= limit ? std::optional(1 + typos) : std::nullopt;
}

}  // namespace

std::string workspace_id(const std::string& resolved_path) { return "ws_" + sha256_hex(resolved_path).substr(0, 24); }

struct Roots::Impl {
  RootsOptions options;
  ProtectedPaths protected_paths;
  Guarded<std::map<std::string, std::string>> workspace_ids;  ///< by path
  Guarded<std::vector<Root>> roots;                           ///< same order as options.allowed

  /// The root's current directory; opened again when another one took its place.
  Result<Root> current(std::size_t index) {
    const Root held = (*roots.lock())[index];
    struct stat st {};
    if (::stat(held->path().c_str(), &st) != 0) return missing(held->path());
    if (FileId{st.st_dev, st.st_ino} == held->id()) return held;
    log::warn("the allowed root {} was replaced by another folder", held->path());
    Root fresh = PB_TRY(open_root(options.allowed[index]));
    (*roots.lock())[index] = fresh;
    return fresh;
  }

  /// Index of the outermost allowed root that holds `path`.
  std::optional<std::size_t> index_of(const std::string& path) const {
    const auto all = roots.lock();
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < all->size(); ++i) {
      const std::string& root = (*all)[i]->path();
      if (os::is_within(root, path) && (!best || root.size() < (*all)[*best]->path().size())) best = i;
    }
    return best;
  }

  /// Applies the longest alias that matches whole components; a path of no alias stays as it is written.
  std::string resolve_alias(const std::string& written) const {
    const std::string path = collapsed(written);
    const Alias* best = nullptr;
    std::string rest;
    for (const Alias& alias : options.aliases) {
      auto tail = below(alias.canonical, path);
      if (!tail || (best != nullptr && best->canonical.size() >= alias.canonical.size())) continue;
      best = &alias;
      rest = std::move(*tail);
    }
    return best == nullptr ? written : best->local + rest;
  }

  /// workspace_id, which hashes, of a path that is mostly one of a few.
  std::string id_of(const std::string& resolved_path) {
    constexpr std::size_t kKnown = 64;
    auto known = workspace_ids.lock();
    if (const auto it = known->find(resolved_path); it != known->end()) return it->second;
    if (known->size() >= kKnown) known->clear();
    return (*known)[resolved_path] = workspace_id(resolved_path);
  }

  /// The directory of a workspace, from the held descriptor of its root, and the identities it was checked against.
  Result<OpenedWorkspace> open_in(const Root& root, Workspace workspace) const {
    OpenedWorkspace opened;
    if (is_blocked(workspace.path)) return blocked_workspace();
    opened.protected_files = protected_paths.identities();
    const std::vector<FileId>& ids = opened.protected_files;
    if (is_below_protected(root->fd(), ids)) return protected_error();
    const CleanPath below_root = PB_TRY(root->clean(workspace.path));
    auto found = root->walk(below_root, ids);
    if (!found) {
      switch (found.error().code) {
        case ErrorCode::kNotFound: return missing(workspace.path);
        case ErrorCode::kPathSymlinkEscape: return not_allowed(workspace.path);
        default: return std::move(found).error();
      }
    }
    if (!S_ISDIR(found->st.st_mode)) {
      return Error{ErrorCode::kWorkspaceNotDirectory, "The workspace is not a folder.",
                   "Give the folder that contains the file as repo_path.", workspace.path};
    }
    if (found->path.components != below_root.components) {
      return Error{ErrorCode::kRootNotAllowed, "The workspace path changes while it is looked at.", {}, workspace.path};
    }
    opened.directory = std::move(found->fd);
    opened.workspace = std::move(workspace);
    return opened;
  }

  /// Where `path` lies below each of the allowed roots that hold it; "" is the root itself.
  std::vector<std::string> places_of(const std::string& path) const {
    std::vector<std::string> places;
    const auto all = roots.lock();
    for (const Root& root : *all) {
      if (!os::is_within(root->path(), path)) continue;
      std::string place = *below(root->path(), path);
      places.push_back(place.empty() ? place : place.substr(place.find_first_not_of('/')));
    }
    return places;
  }

  BlockedGlobs blocked_in(const std::string& directory, const BlockedGlobs& blocked) const {
    return blocked.within(places_of(directory));
  }

  std::string innermost_of(const std::string& path) const {
    std::string innermost;
    const auto all = roots.lock();
    for (const Root& root : *all) {
      if (os::is_within(root->path(), path) && root->path().size() > innermost.size()) innermost = root->path();
    }
    return innermost;
  }

  /// Whether the blocked globs match a clean absolute path below the innermost of its allowed roots.
  bool is_blocked(const std::string& path) const {
    const std::string innermost = innermost_of(path);
    return !innermost.empty() && blocked_in(innermost, options.blocked).matches(*below(innermost, path));
  }

  /// What `path` means below each of the allowed roots that take it, by its text alone.
  std::vector<std::string> lexical(const std::string& path) const {
    std::vector<std::string> out;
    const auto all = roots.lock();
    for (const Root& root : *all) {
      const auto clean = root->clean(path);
      if (clean) out.push_back(clean->components.empty() ? root->path() : os::join(root->path(), clean->text()));
    }
    return out;
  }
};

Roots::Roots() : impl_(std::make_unique<Impl>()) {}
Roots::~Roots() = default;

Result<std::unique_ptr<Roots>> Roots::open(RootsOptions options) {
  std::unique_ptr<Roots> self(new Roots());
  for (const std::string& configured : options.allowed) {
    auto root = open_root(configured);
    if (!root) {
      return Error{ErrorCode::kConfigRefused,
                   "repositories.allowed names a folder that cannot be opened: " + configured,
                   "Create it or remove it from the configuration.", root.error().message + " " + root.error().detail};
    }
    self->impl_->roots.lock()->push_back(std::move(*root));
  }
  self->impl_->protected_paths = ProtectedPaths(options.protected_paths);
  self->impl_->options = std::move(options);
  return self;
}

Result<Workspace> Roots::choose(const std::optional<std::string>& repo_path) const {
  return PB_TRY(choose_opened(repo_path)).workspace;
}

Result<OpenedWorkspace> Roots::choose_opened(const std::optional<std::string>& repo_path) const {
  auto opened = resolve_opened(repo_path);
  if (opened) return opened;
  switch (opened.error().code) {
    case ErrorCode::kRootNotAllowed:
    case ErrorCode::kWorkspaceMissing: return with_candidates(std::move(opened).error());
    default: return opened;
  }
}

Error Roots::with_candidates(Error error) const {
  const auto near = candidates(error.detail);
  if (!near.empty()) {
    error.hint = "Did you mean: ";
    for (const std::string& path : near) error.hint += (&path == &near.front() ? "" : ", ") + path;
  }
  return error;
}

Result<Workspace> Roots::resolve(const std::optional<std::string>& repo_path) const {
  return PB_TRY(resolve_opened(repo_path)).workspace;
}

Result<OpenedWorkspace> Roots::resolve_opened(const std::optional<std::string>& repo_path) const {
  const RootsOptions& options = impl_->options;
  if (options.allowed.empty()) return no_allowed_roots();
  std::string path(trim(repo_path.value_or("")));
  if (path.empty()) path = options.default_root;
  if (path.empty()) {
    return Error{ErrorCode::kNoDefaultWorkspace, "No default workspace is configured.", "Give repo_path.", {}};
  }
  if (path.size() > kMaxPath || path.find('\0') != std::string::npos || !is_valid_utf8(path)) {
    return Error{ErrorCode::kInvalidArgument, "repo_path is not a usable path.", {}, {}};
  }
  path = os::expand_home(impl_->resolve_alias(path));
  if (!path.starts_with('/')) path = os::join(os::expand_home(options.default_root), path);

  const std::vector<std::string> lexical = impl_->lexical(path);
  const bool all_blocked =
      std::all_of(lexical.begin(), lexical.end(), [&](const auto& meant) { return impl_->is_blocked(meant); });
  if (!lexical.empty() && all_blocked) return blocked_workspace();

  const auto resolved = os::real_path(path);
  const auto index = resolved ? impl_->index_of(*resolved) : std::nullopt;
  if (!index) {
    // What lies outside is refused alike whether it exists or not.
    if (!resolved && !lexical.empty()) return missing(path);
    return not_allowed(path);
  }
  const Root root = PB_TRY(impl_->current(*index));
  return impl_->open_in(root, {*resolved, root->path(), impl_->id_of(*resolved)});
}

Result<os::Fd> Roots::open(const Workspace& workspace) const {
  const auto index = impl_->index_of(workspace.path);
  if (!index) return not_allowed(workspace.path);
  const Root root = PB_TRY(impl_->current(*index));
  return PB_TRY(impl_->open_in(root, workspace)).directory;
}

std::vector<std::string> Roots::candidates(const std::string& requested) const {
  const std::string wanted = os::base_name(requested);
  std::vector<std::pair<std::size_t, std::string>> found;
  if (wanted.empty() || wanted == "." || wanted == "..") return {};
  const auto add = [&](std::optional<std::size_t> d, const std::string& path) {
    const auto resolved = d ? os::real_path(path) : Result<std::string>(std::string());
    if (!d || !resolved || !os::is_directory(*resolved)) return;
    if (impl_->index_of(*resolved) && !impl_->is_blocked(*resolved)) found.emplace_back(*d, *resolved);
  };
  const auto offer = [&](const std::string& path) { add(distance(os::base_name(path), wanted), path); };
  for (const std::string& root : allowed()) {
    offer(root);
    offer(os::join(root, wanted));
  }
  for (const Alias& alias : impl_->options.aliases) {
    const std::string local = os::expand_home(alias.local);
    add(distance(os::base_name(alias.canonical), wanted), local);
    offer(local);
  }
  if (!impl_->options.discovery_roots.empty()) {
    DiscoveryRequest all;
    all.max_time = kCandidateTime;
    all.max_results = std::numeric_limits<int>::max();
    for (const FoundWorkspace& item : list_workspaces(*this, all).items) offer(item.workspace.path);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> out;
  for (const auto& [d, path] : found) {
    if (std::find(out.begin(), out.end(), path) == out.end() && out.size() < kMaxCandidates) out.push_back(path);
  }
  return out;
}

const ProtectedPaths& Roots::protected_paths() const { return impl_->protected_paths; }

BlockedGlobs Roots::blocked_in(const std::string& resolved_workspace, const BlockedGlobs& blocked) const {
  return impl_->blocked_in(resolved_workspace, blocked);
}

std::vector<std::string> Roots::allowed() const {
  std::vector<std::string> paths;
  for (const Root& root : *impl_->roots.lock()) paths.push_back(root->path());
  return paths;
}

std::string Roots::allowed_root_of(const std::string& resolved_path) const {
  const auto index = impl_->index_of(resolved_path);
  return index ? (*impl_->roots.lock())[*index]->path() : std::string();
}

const RootsOptions& Roots::options() const { return impl_->options; }

}  // namespace patchbay::workspace
