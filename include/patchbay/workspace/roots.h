#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"
#include "patchbay/workspace/blocked_globs.h"
#include "patchbay/workspace/protected_paths.h"

namespace patchbay::workspace {

/// "ws_" and the first 24 hex digits of the SHA-256 of a resolved absolute path (tools.md 5.1).
std::string workspace_id(const std::string& resolved_path);

/// A directory that a request chose.
struct Workspace {
  std::string path;          ///< absolute, every link resolved
  std::string allowed_root;  ///< the allowed root it lies in, resolved
  std::string id;            ///< workspace_id(path)
};

/// A workspace together with what the choice found on the way.
struct OpenedWorkspace {
  Workspace workspace;
  os::Fd directory;                     ///< O_PATH, as Roots::open gives it
  std::vector<FileId> protected_files;  ///< ProtectedPaths::identities() of the same moment
};

struct Alias {
  std::string canonical, local, description;
};

struct RootsOptions {
  std::vector<std::string> allowed = {};  ///< repositories.allowed
  std::string default_root = {};          ///< repositories.default; may be empty
  std::vector<Alias> aliases = {};        ///< repositories.aliases
  std::vector<std::string> discovery_roots = {};
  int max_discovery_depth = 3;
  int max_discovery_results = 50;
  /// PATCHBAY_HOME, the active configuration, token files: never a workspace, never reached through one
  /// (SEC:P5).
  std::vector<std::string> protected_paths = {};
  /// What is no workspace when it lies below an allowed root; the roots themselves the operator has named.
  BlockedGlobs blocked = BlockedGlobs();
};

/// The directories that requests may reach. Descriptors of the allowed roots are held open, so that a root
/// that is renamed or replaced is noticed.
///
/// Threads: any.
class Roots {
 public:
  /// kConfigRefused for a root that is missing or no directory (SEC:F7).
  static Result<std::unique_ptr<Roots>> open(RootsOptions options);
  ~Roots();

  /// The workspace a `repo_path` argument means; absent or blank: the default one. kNoAllowedRoots,
  /// kNoDefaultWorkspace, kRootNotAllowed and kWorkspaceMissing (with up to five candidates in the hint),
  /// kWorkspaceNotDirectory, kPathBlocked (protected, or below an allowed root and blocked there).
  ///
  /// An alias replaces the longest `canonical` that matches whole components; `~/` is the home; a relative
  /// path is taken below the default workspace.
  Result<Workspace> choose(const std::optional<std::string>& repo_path) const;
  /// The same without looking for candidates.
  Result<Workspace> resolve(const std::optional<std::string>& repo_path) const;
  /// `choose` that keeps what it opened, for an operation that goes on with it.
  Result<OpenedWorkspace> choose_opened(const std::optional<std::string>& repo_path) const;

  /// The directory of a workspace (O_PATH), reached from the held descriptor of its allowed root without
  /// following any link. kWorkspaceMissing when it is gone, kRootNotAllowed when the path no longer leads
  /// there.
  Result<os::Fd> open(const Workspace& workspace) const;
  /// Up to five absolute paths of workspaces whose name resembles the last component of `requested` (L7), best first.
  std::vector<std::string> candidates(const std::string& requested) const;
  const ProtectedPaths& protected_paths() const;
  /// `blocked` for the paths in a workspace: as the workspace sees them, and as every allowed root that holds it does.
  BlockedGlobs blocked_in(const std::string& resolved_workspace, const BlockedGlobs& blocked) const;

  /// Resolved allowed roots, in configured order.
  std::vector<std::string> allowed() const;
  /// The allowed root that holds a resolved path, or empty.
  std::string allowed_root_of(const std::string& resolved_path) const;
  const RootsOptions& options() const;

 private:
  Roots();
  Result<OpenedWorkspace> resolve_opened(const std::optional<std::string>& repo_path) const;
  Error with_candidates(Error error) const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::workspace
