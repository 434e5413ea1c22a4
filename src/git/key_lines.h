#pragma once

#include <map>
#include <string>
#include <string_view>

namespace patchbay::git {

/// The lines of a file that lie inside a private key: a patch may show some of them without the line that says
/// what they are.
class KeyLines {
 public:
  KeyLines() = default;
  explicit KeyLines(std::string_view content);

  bool empty() const { return secrets_.empty(); }
  /// What of the line must not be shown; empty: nothing. `line` counts from 1; other numbers are no line.
  std::string_view secret_of(int line) const;
  /// Whether a text, a hunk's heading, holds one of them.
  bool is_in(std::string_view text) const;

 private:
  std::map<int, std::string> secrets_;
};

}  // namespace patchbay::git
