#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::git {

/// The patterns of one ignore file.
class IgnoreFile {
 public:
  IgnoreFile() = default;
  /// `ignore_case` follows core.ignorecase.
  IgnoreFile(std::string_view text, bool ignore_case);

  bool empty() const { return patterns_.empty(); }
  /// What the last matching pattern says about a path relative to the file's directory: true ignored,
  /// false re-included, nothing when no pattern matches.
  std::optional<bool> decide(std::string_view path, std::string_view name, bool is_directory) const;

 private:
  struct Pattern {
    std::string text;
    bool negated = false, directory_only = false, anchored = false, literal = false;
  };
  bool matches(const Pattern& pattern, std::string_view path, std::string_view name) const;
  std::vector<Pattern> patterns_;
  bool ignore_case_ = false;
};

/// Ignore rules that hold everywhere, from info/exclude and the user's excludes file, in that order.
struct GlobalIgnores {
  IgnoreFile repository, user;
  bool ignore_case = false;
};

/// Ignore rules of one directory, chained to those of its parents. Files are read when first asked for and
/// only then; a symlink or special file in place of `.gitignore` is no rule. Thread-safe.
class IgnoreScope {
 public:
  /// `root` is a descriptor of the toplevel; both outlive the scope.
  IgnoreScope(int root, const GlobalIgnores& globals) : root_(root), globals_(globals) {}
  /// The directory `name` inside of `parent`.
  IgnoreScope(std::shared_ptr<const IgnoreScope> parent, const std::string& name);

  /// Path below the toplevel, "" for it.
  const std::string& path() const { return path_; }
  /// True when the entry `name` of this directory is ignored, by itself or because this directory is.
  bool is_ignored(std::string_view name, bool is_directory) const;

 private:
  const IgnoreFile& file() const;
  bool directory_is_ignored() const;
  std::optional<bool> decide(std::string_view full_path, std::string_view name, bool is_directory) const;

  int root_;
  const GlobalIgnores& globals_;
  std::shared_ptr<const IgnoreScope> parent_;
  std::string path_;
  mutable std::once_flag read_once_, ignored_once_;
  mutable IgnoreFile file_;
  mutable bool ignored_ = false;
};

}  // namespace patchbay::git
