#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/result.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {

struct PageRequest {
  std::int64_t start_line = 1;  ///< from 1; smaller means 1
  std::optional<std::int64_t> end_line = {};
  std::int64_t start_column = 1;          ///< byte of the first line to begin at, from 1; continues a huge line
  std::optional<std::int64_t> tail = {};  ///< the last N lines instead of start_line
  std::int64_t max_bytes =
      8192;  ///< bound of `text`; the caller clamps it (`mcp.page_bytes`, `security.max_read_bytes`)
  bool numbered = true;
};

enum class LineEnding { kNone, kLf, kCrlf, kMixed };

/// "lf", "crlf", "mixed", "none"
std::string_view name_of(LineEnding eol);

/// One page of a text file (tools.md 11.5).
///
/// Lines are counted as line-feed-terminated segments plus a last unterminated one. CRLF appears as LF. With
/// `numbered`, each line carries its right-aligned number and " | ", and lines are joined by line feeds;
/// without, every complete line keeps its line feed, so that pages put together are the file again. Secrets
/// are replaced before numbers are added, line by line.
struct TextPage {
  std::string path;  ///< relative, as shown
  std::string text;
  std::int64_t start_line = 1;
  std::int64_t end_line = 0;  ///< last line in `text`; start_line - 1 when there is none
  std::optional<std::int64_t> requested_end_line;
  std::optional<std::int64_t> total_lines;  ///< absent for files above kLazyBytes whose end was not reached
  bool total_lines_exact = true;
  std::uint64_t bytes = 0;            ///< of the whole file
  std::optional<std::string> sha256;  ///< of the whole file's raw bytes, hex; absent above kLazyBytes
  bool truncated = false;             ///< the page is not the whole file
  bool eof = false;                   ///< nothing follows the page
  std::int64_t max_bytes_applied = 0;
  std::optional<std::int64_t> next_start_line;
  bool line_truncated = false;  ///< the last line continues at next_column
  std::optional<std::int64_t> next_column;
  LineEnding eol = LineEnding::kNone;  ///< of the part that was looked at
  bool bom = false;                    ///< UTF-8 mark at the start; not part of `text`
  double mtime = 0;
  int redactions = 0;
  std::vector<std::int64_t> redacted_lines;  ///< their numbers (SEC:P11)
};

/// Above this size a file is only read as far as the page needs, without hash and total (tools.md 11.5).
inline constexpr std::uint64_t kLazyBytes = 16u << 20;
/// A page further in than this is refused (SEC:P9).
inline constexpr std::uint64_t kMaxScanBytes = 1ull << 30;

/// Reads a page. Memory grows with the page, not with the file.
/// kBinaryFile (NUL in the first 8 KiB, UTF-16), kNotUtf8 (with the offset), kInvalidRange (end before
/// start), kFileTooLarge, kCancelled, and those of WorkspaceFs::open_file.
Result<TextPage> read_text_page(const WorkspaceFs& fs, std::string_view path, const PageRequest& request,
                                const CancelToken& cancel = {});
/// The same for a file that is already open.
Result<TextPage> read_text_page(const OpenedPath& file, const PageRequest& request, const CancelToken& cancel = {});

/// A whole text file of at most `limit` bytes, unredacted, for other modules. kFileTooLarge, kBinaryFile,
/// kNotUtf8.
Result<std::string> read_whole_text(const OpenedPath& file, std::size_t limit);

}  // namespace patchbay::workspace
