#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "patchbay/base/cancel.h"
#include "patchbay/base/result.h"

namespace patchbay::workspace {

/// What one pass over the start of a file, or all of it, found out.
struct FileScan {
  std::uint64_t looked_at = 0;  ///< bytes
  bool reached_end = false;
  std::int64_t line_feeds = 0;               ///< in looked_at
  std::int64_t crlf = 0;                     ///< of those, with a carriage return before
  bool ends_with_line_feed = false;          ///< of looked_at
  std::optional<std::uint64_t> line_offset;  ///< where the wanted line starts; absent when the file ends before
  std::string sha256;                        ///< hex; only after a full pass with `hash`

  /// Lines of the whole file, after a full pass.
  std::int64_t lines() const { return line_feeds + (looked_at > 0 && !ends_with_line_feed ? 1 : 0); }
};

struct FileScanWish {
  std::int64_t line = 1;    ///< find where it starts
  bool to_the_end = false;  ///< go on after that
  bool hash = false;
  std::uint64_t size = UINT64_MAX;  ///< what the file had a moment ago; only the buffer depends on it
  std::uint64_t max_bytes = 0;      ///< kFileTooLarge when the pass would look at more
};

/// One forward pass, a buffer at a time.
Result<FileScan> scan_file(int fd, const FileScanWish& wish, const CancelToken& cancel);

/// Offset at which the last `lines` lines of a file of `size` bytes begin, looking from its end.
Result<std::uint64_t> tail_offset(int fd, std::uint64_t size, std::int64_t lines, const CancelToken& cancel);

/// Up to `length` bytes at `offset`; fewer at the end of the file.
Result<std::string> read_range(int fd, std::uint64_t offset, std::size_t length);
/// The same for a file that had `size` bytes a moment ago: no more room is made than that asks for.
Result<std::string> read_range_of(int fd, std::uint64_t size, std::uint64_t offset, std::size_t length);

/// Line feeds in `text`.
std::int64_t count_feeds(std::string_view text);

/// kBinaryFile for a NUL in the first 8 KiB or a UTF-16 mark.
Status refuse_binary(std::string_view head);
inline constexpr std::size_t kSniffBytes = 8192;

Error not_utf8(std::uint64_t offset);

}  // namespace patchbay::workspace
