#include "file_scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "patchbay/base/hash.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace patchbay::workspace {
namespace {

constexpr std::size_t kBuffer = 256 * 1024, kLeastBuffer = 4 * 1024;

Error cancelled() { return Error{ErrorCode::kCancelled, "The request was cancelled.", {}, {}}; }

/// One bit per byte of `word` that is a line feed, at the top of that byte.
std::uint64_t feeds_in(std::uint64_t word) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7f;
  const std::uint64_t other = word ^ 0x0a0a0a0a0a0a0a0a;
  return ~(((other & kLow) + kLow) | other | kLow);
}

/// Counts the line ends of consecutive chunks and notes where the wanted line starts.
class LineCounter {
 public:
  LineCounter(FileScan& scan, std::int64_t wanted) : scan_(scan), wanted_feeds_(wanted - 1) {
    if (wanted_feeds_ == 0) scan_.line_offset = 0;
  }

  bool found() const { return scan_.line_offset.has_value(); }

  void add(std::string_view chunk) {
    if (last_ == '\r' || std::memchr(chunk.data(), '\r', chunk.size()) != nullptr) {
      count_crlf(chunk);
    }
    const std::int64_t feeds = count_feeds(chunk);
    if (!found() && scan_.line_feeds + feeds >= wanted_feeds_) locate(chunk);
    scan_.line_feeds += feeds;
    last_ = chunk.back();
    scan_.looked_at += chunk.size();
    scan_.ends_with_line_feed = last_ == '\n';
  }

 private:
  void count_crlf(std::string_view chunk) {
    if (last_ == '\r' && chunk.front() == '\n') ++scan_.crlf;
    for (std::size_t at = chunk.find("\r\n"); at != std::string_view::npos; at = chunk.find("\r\n", at + 2))
      ++scan_.crlf;
  }

  void locate(std::string_view chunk) {
    std::int64_t feeds = scan_.line_feeds;
    for (std::size_t at = chunk.find('\n'); at != std::string_view::npos; at = chunk.find('\n', at + 1)) {
      if (++feeds != wanted_feeds_) continue;
      scan_.line_offset = scan_.looked_at + at + 1;
      return;
    }
  }

  FileScan& scan_;
  const std::int64_t wanted_feeds_;
  char last_ = '\0';
};

}  // namespace

std::int64_t count_feeds(std::string_view text) {
  std::int64_t feeds = 0;
  std::size_t i = 0;
#ifdef __SSE2__
  // Each of sixteen bytes counts for itself, and before one can overflow they are added up.
  constexpr std::size_t kBlock = sizeof(__m128i), kBlocks = 255;
  const __m128i feed = _mm_set1_epi8('\n');
  while (text.size() - i >= kBlock) {
    __m128i counts = _mm_setzero_si128();
    const std::size_t blocks = std::min((text.size() - i) / kBlock, kBlocks);
    for (std::size_t block = 0; block < blocks; ++block, i += kBlock) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
      counts = _mm_sub_epi8(counts, _mm_cmpeq_epi8(bytes, feed));
    }
    const __m128i sums = _mm_sad_epu8(counts, _mm_setzero_si128());
    feeds += _mm_extract_epi16(sums, 0) + _mm_extract_epi16(sums, 4);
  }
#endif
  for (; i + sizeof(std::uint64_t) <= text.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof word);
    feeds += static_cast<std::int64_t>((feeds_in(word) >> 7) * 0x0101010101010101 >> 56);  // adds up the bytes
  }
  for (; i < text.size(); ++i) feeds += text[i] == '\n' ? 1 : 0;
  return feeds;
}

Result<FileScan> scan_file(int fd, const FileScanWish& wish, const CancelToken& cancel) {
  FileScan scan;
  LineCounter counter(scan, wish.line);
  std::optional<Sha256> hash;
  if (wish.hash) hash.emplace();
  const auto room = static_cast<std::size_t>(std::clamp<std::uint64_t>(wish.size, kLeastBuffer, kBuffer - 1) + 1);
  const std::unique_ptr<char[]> buffer(new char[room]);
  while (wish.to_the_end || !counter.found()) {
    if (cancel.cancelled()) return cancelled();
    if (scan.looked_at > wish.max_bytes) {
      return Error{ErrorCode::kFileTooLarge,
                   "The page lies too far inside a very large file.",
                   "Search for the text instead, or read a line nearer to the start.",
                   {}};
    }
    const ssize_t n = ::pread(fd, buffer.get(), room, static_cast<off_t>(scan.looked_at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "reading a file");
    if (n == 0) {
      scan.reached_end = true;
      break;
    }
    const std::string_view chunk(buffer.get(), static_cast<std::size_t>(n));
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
      if (chunk[i] == '\n' && !(at_end && i + 1 == chunk.size()) && ++feeds == lines) return end - length + i + 1;
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

Result<std::string> read_range_of(int fd, std::uint64_t size, std::uint64_t offset, std::size_t length) {
  const std::uint64_t left = size > offset ? size - offset : 0;
  if (left < length) {
    std::string all = PB_TRY(read_range(fd, offset, static_cast<std::size_t>(left) + 1));
    if (all.size() <= left) return all;  // it has not grown
  }
  return read_range(fd, offset, length);
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
