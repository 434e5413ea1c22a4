#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::workspace {

/// The one matcher for paths that tools must not touch (tools.md 5.4): gitignore-like patterns against a
/// relative path, in at most pattern times path steps. A match of any leading directory blocks everything
/// below it; a later `!pattern` takes back what an earlier one blocked. ASCII letters match either case, so
/// that `.ENV` is no way around `.env`.
///
/// Threads: any, after construction. Cheap to copy.
class BlockedGlobs {
 public:
  /// Exactly these patterns; an empty list blocks nothing.
  explicit BlockedGlobs(std::vector<std::string> patterns = {});
  /// The built-in secrets (`security.blocked_globs` absent).
  static BlockedGlobs built_in();

  /// The same patterns for a workspace that lies at `places` below the allowed roots: what a pattern matches there is
  /// blocked too, as if the path were asked for from the root. Empty places are passed over; the workspace itself is
  /// never asked about.
  BlockedGlobs within(std::vector<std::string> places) const;

  /// `path` relative to the workspace with '/' separators, raw bytes.
  bool matches(std::string_view path) const;
  /// The same for a clean path (no ".", no doubled slash) whose parent directories are known not to match.
  bool matches_entry(std::string_view path) const;
  /// Values for `rg --glob`. Negative globs for ripgrep that leave out at least nothing that `matches` would
  /// not.
  std::vector<std::string> ripgrep_globs() const;
  std::size_t size() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
  std::vector<std::string> places_;
};

/// Directories that are skipped by trees, searches and walks unless asked for; readable by explicit path.
bool is_noise_directory(std::string_view name);

}  // namespace patchbay::workspace
