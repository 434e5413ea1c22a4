#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay::workspace {

/// One gitignore-like pattern, compiled. ASCII letters match either case.
///
///   name          any component          dir/, dir/**   with everything below
///   /a/b, a/b     from the root          **/a, a/**/b   zero or more directories between
///   * ? [a-z] [!a] \x   within one component; a component of `**` alone spans several
///
/// Matching takes at most pattern length times path length, whatever the pattern.
class Glob {
 public:
  explicit Glob(std::string_view pattern);

  bool negated() const { return negated_; }
  /// Without any wildcard.
  bool literal() const;
  /// True for a pattern that matches nothing (blank).
  bool empty() const { return parts_.empty(); }
  /// The same pattern for `rg --glob`, without the leading '!'.
  std::string for_ripgrep() const;
  /// The pattern's own text as a path, for asking whether another pattern covers it.
  std::string as_path() const;

  /// Does it match exactly these path components (not a parent of them)?
  bool matches(const std::vector<std::string_view>& components) const;
  /// Unanchored patterns of one component look at one component only; true when it is one of those.
  bool is_name_pattern() const { return !anchored_ && parts_.size() == 1; }
  bool matches_name(std::string_view name) const;

 private:
  bool negated_ = false;
  bool anchored_ = false;
  std::vector<std::string> parts_;  ///< lower case; "**" spans components
};

/// One component against one component pattern.
bool glob_match_component(std::string_view pattern, std::string_view name);

}  // namespace patchbay::workspace
