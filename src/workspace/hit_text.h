#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/workspace/search.h"
#include "patchbay/workspace/workspace_fs.h"
#include "rg_stream.h"

namespace patchbay::workspace {

/// Reads the lines of hits from the file that the path guard opened. Whatever ripgrep saw, only bytes of that
/// file are shown (SEC:P3); a position that is no start of a line in it yields nothing.
class HitReader {
 public:
  HitReader(const OpenedPath& file, int context_lines);

  /// The match without its path. `redactions` grows by what was hidden.
  std::optional<SearchMatch> read(const RgHit& hit, int* redactions) const;

 private:
  struct Line {
    std::uint64_t begin = 0, end = 0;  ///< without its line feed; `end` may be far beyond what is shown
    bool complete = true;              ///< `end` is its real end
  };
  std::optional<Line> line_at(std::uint64_t offset) const;
  std::optional<Line> line_before(std::uint64_t offset) const;
  std::string window(const Line& line, std::uint64_t around, bool* truncated, int* redactions) const;
  std::string part(std::uint64_t begin, std::uint64_t end) const;

  const OpenedPath& file_;
  const int context_lines_;
  const std::uint64_t mark_;  ///< bytes of the byte order mark, which ripgrep does not count
};

/// Whether ripgrep reads the file as UTF-16. What it then says of positions does not fit the file.
bool is_utf16(const OpenedPath& file);

}  // namespace patchbay::workspace
