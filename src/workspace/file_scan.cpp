#include "file_scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "patchbay/base/hash.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kBuffer = 256 * 1024;

Error cancelled() {
  return Error{ErrorCode::kCancelled, "The request was cancelled.", {}, {}};
}

/// Counts the line ends of consecutive chunks and notes where the wanted line starts.
class LineCounter {
 public:
  LineCounter(FileScan& scan, std::int64_t wanted) : scan_(scan), wanted_feeds_(wanted - 1) {
    if (wanted_feeds_ == 0) scan_.line_offset = 0;
  }

  bool found() const { return scan_.line_offset.has_value(); }

  void add(std::string_view chunk) {
    const bool has_cr = last_ == '\r' || std::memchr(chunk.data(), '\r', chunk.size()) != nullptr;
    for (std::size_t at = chunk.find('\n'); at != std::string_view::npos; at = chunk.find('\n', at + 1)) {
      ++scan_.line_feeds;
      if (has_cr && (at > 0 ? chunk[at - 1] : last_) == '\r') ++scan_.crlf;
      if (scan_.line_feeds == wanted_feeds_) scan_.line_offset = scan_.looked_at + at + 1;
    }
    last_ = chunk.back();
    scan_.looked_at += chunk.size();
    scan_.ends_with_line_feed = last_ == '\n';
  }

 private:
  FileScan& scan_;
  const std::int64_t wanted_feeds_;
  char last_ = '\0';
};

}  // namespace

Result<FileScan> scan_file(int fd, const FileScanWish& wish, const CancelToken& cancel) {
  FileScan scan;
  LineCounter counter(scan, wish.line);
  std::optional<Sha256> hash;
  if (wish.hash) hash.emplace();
  std::string buffer(kBuffer, '\0');
  while (wish.to_the_end || !counter.found()) {
    if (cancel.cancelled()) return cancelled();
    if (scan.looked_at > wish.max_bytes) {
      return Error{ErrorCode::kFileTooLarge,
                   "The page lies too far inside a very large file.",
                   "Search for the text instead, or read a line nearer to the start.",
                   {}};
    }
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(scan.looked_at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "reading a file");
    if (n == 0) {
      scan.reached_end = true;
      break;
    }
    const std::string_view chunk(buffer.data(), static_cast<std::size_t>(n));
    if (hash) hash->update(chunk);
    counter.add(chunk);
  }
  // A line that would start where the file ends does not exist, unless the file is empty or asked for line 1.
  if (scan.reached_end && scan.line_offset == scan.looked_at && wish.line > 1) scan.line_offset.reset();
  if (hash && scan.reached_end) scan.sha256 = to_hex(hash->finish());
  return scan;
}

Result<std::uint64_t> tail_offset(int fd, std::uint64_t size, std::int64_t lines, const CancelToken& cancel) {
  std::int64_t feeds = 0;
  std::uint64_t end = size;
  bool at_end = true;
  while (end > 0) {
    if (cancel.cancelled()) return cancelled();
    const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(end, kBuffer));
    const std::string chunk = PB_TRY(read_range(fd, end - length, length));
    for (std::size_t i = chunk.size(); i-- > 0;) {
      // The line feed that ends the file ends the last line; the one before it starts it.
      if (chunk[i] == '\n' && !(at_end && i + 1 == chunk.size()) && ++feeds == lines)
        return end - length + i + 1;
    }
    at_end = false;
    end -= length;
  }
  return 0;
}

Result<std::string> read_range(int fd, std::uint64_t offset, std::size_t length) {
  std::string out(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    const ssize_t n = ::pread(fd, out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "reading a file");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

Status refuse_binary(std::string_view head) {
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) {
    return Error{ErrorCode::kBinaryFile, "The file is UTF-16 text; only UTF-8 can be read.", {}, {}};
  }
  if (head.substr(0, kSniffBytes).find('\0') != std::string_view::npos) {
    return Error{ErrorCode::kBinaryFile, "The file is binary.", {}, {}};
  }
  return {};
}

Error not_utf8(std::uint64_t offset) {
  return Error{ErrorCode::kNotUtf8,
               "The file is not UTF-8 text: invalid byte at offset " + std::to_string(offset) + ".",
               {},
               {}};
}

}  // namespace patchbay::workspace
