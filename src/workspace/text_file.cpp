// A page is a contiguous range of the file's bytes. First a pass finds where its first line starts (and, in a
// file of ordinary size, the hash and the number of lines on the way); then the range is read with some text
// around it, so that a secret at an edge is recognised; then lines are drawn until the page is full.

#include "patchbay/workspace/text_file.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "file_scan.h"
#include "known_files.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kLookBehind = 16 * 1024;  // the largest private keys fit
constexpr std::size_t kLookAhead = 4 * 1024;
constexpr std::string_view kBom = "\xef\xbb\xbf";
constexpr std::int64_t kMaxTail = 1'000'000;

LineEnding ending_of(std::int64_t feeds, std::int64_t crlf) {
  if (feeds == 0) return LineEnding::kNone;
  if (crlf == 0) return LineEnding::kLf;
  return crlf == feeds ? LineEnding::kCrlf : LineEnding::kMixed;
}

std::size_t digits(std::int64_t n) { return std::to_string(n).size(); }

/// Where a page begins and what the pass over the file said.
struct Start {
  FileScan scan;
  std::int64_t line = 1;
  std::uint64_t offset = 0;
  bool beyond_end = false;
};

/// The pass that is wished for; of a file that is known from an earlier one only the way to the wanted line.
Result<FileScan> scan_or_recall(const OpenedPath& file, FileScanWish wish, const CancelToken& cancel) {
  const int fd = file.fd.get();
  if (!wish.hash) return scan_file(fd, wish, cancel);
  auto known = known_files().find(file.stamp);
  if (!known) {
    FileScan scan = PB_TRY(scan_file(fd, wish, cancel));
    known_files().keep(fd, file.stamp, scan);
    return scan;
  }
  known->line_offset = 0;
  if (wish.line == 1) return *known;
  wish.hash = wish.to_the_end = false;
  known->line_offset = PB_TRY(scan_file(fd, wish, cancel)).line_offset;
  if (known->line_offset == known->looked_at) known->line_offset.reset();  // no line starts where the file ends
  return *known;
}

Result<Start> find_start(const OpenedPath& file, const PageRequest& request, const CancelToken& cancel) {
  const int fd = file.fd.get();
  const bool small = file.size <= kLazyBytes;
  Start start;
  FileScanWish wish;
  wish.hash = small;
  wish.size = file.size;
  wish.to_the_end = small || request.tail.has_value();
  wish.max_bytes = small ? 2 * kLazyBytes : kMaxScanBytes;
  wish.line = request.tail ? 1 : std::max<std::int64_t>(request.start_line, 1);
  start.scan = PB_TRY(scan_or_recall(file, wish, cancel));
  start.line = wish.line;
  if (request.tail) {
    const std::int64_t wanted = std::clamp<std::int64_t>(*request.tail, 1, kMaxTail);
    start.offset = PB_TRY(tail_offset(fd, start.scan.looked_at, wanted, cancel));
    start.line = std::max<std::int64_t>(1, start.scan.lines() - wanted + 1);
    return start;
  }
  start.beyond_end = !start.scan.line_offset.has_value();
  start.offset = start.scan.line_offset.value_or(start.scan.looked_at);
  return start;
}

/// The raw bytes of a page and the secrets in them.
struct RawPage {
  std::string bytes;                ///< from the page's first byte on
  std::size_t limit = 0;            ///< no line that starts here or later is drawn: what follows is context only
  bool at_end = false;              ///< `bytes` reaches the end of the file
  std::vector<SecretSpan> secrets;  ///< offsets into `bytes`
};

Result<RawPage> read_raw(const OpenedPath& file, std::uint64_t offset, std::size_t max_bytes) {
  const auto before = static_cast<std::size_t>(std::min<std::uint64_t>(offset, kLookBehind));
  const std::size_t wanted = before + max_bytes + kLookAhead;
  std::string window = PB_TRY(read_range_of(file.fd.get(), file.size, offset - before, wanted));
  RawPage raw;
  for (SecretSpan s : find_secrets(window)) {
    if (s.end <= before) continue;
    s.begin -= std::min(s.begin, before);
    s.end -= before;
    raw.secrets.push_back(s);
  }
  raw.at_end = window.size() < wanted;
  window.erase(0, before);
  raw.bytes = std::move(window);
  raw.limit = raw.at_end ? raw.bytes.size() : raw.bytes.size() - kLookAhead;
  return raw;
}

/// Draws lines into the page until it is full.
class PageWriter {
 public:
  PageWriter(const RawPage& raw, bool numbered, TextPage& page, std::int64_t column)
      : raw_(raw),
        numbered_(numbered),
        page_(page),
        column_(column),
        budget_(static_cast<std::size_t>(page.max_bytes_applied)) {
    std::int64_t last = page.start_line + count_feeds(std::string_view(raw.bytes).substr(0, raw.limit));
    if (page.requested_end_line) last = std::min(last, *page.requested_end_line);
    width_ = digits(std::max(last, page.start_line));
  }

  void run() {
    std::int64_t line = page_.start_line;
    bool full = false;
    while (!full && position_ < raw_.limit && !(page_.requested_end_line && line > *page_.requested_end_line)) {
      full = !draw_line(line);
      if (!full) ++line;
    }
    if (!full && !done()) page_.next_start_line = line;
  }

  /// Bytes that were drawn.
  std::size_t consumed() const { return position_; }
  bool done() const { return raw_.at_end && position_ == raw_.bytes.size(); }

 private:
  /// Draws the line at position_, or its beginning when even an empty page has no room for all of it. False
  /// when the page is full.
  bool draw_line(std::int64_t line) {
    const std::size_t feed = raw_.bytes.find('\n', position_);
    const bool has_feed = feed != std::string::npos;
    const std::size_t line_end = has_feed ? feed : raw_.bytes.size();
    const bool carriage = has_feed && line_end > position_ && raw_.bytes[line_end - 1] == '\r';
    const std::size_t text_end = line_end - (carriage ? 1 : 0);
    const bool complete = has_feed || raw_.at_end;
    const bool empty_page = page_.end_line < page_.start_line;

    std::string& out = page_.text;
    const std::size_t before = out.size();
    if (numbered_ && !empty_page) out += '\n';
    if (numbered_) add_gutter(line, out);
    const std::size_t used = out.size() + (has_feed && !numbered_ ? 1 : 0);
    int found = 0;
    std::size_t stop = position_;
    bool whole = false;
    if (empty_page || used <= budget_) {
      stop = render(text_end, budget_ - std::min(budget_, used), empty_page, out, &found);
      whole = complete && stop == text_end;
    }
    if (!whole && !empty_page) {
      out.resize(before);
      page_.next_start_line = line;
      return false;
    }
    page_.end_line = line;
    page_.redactions += found;
    if (found > 0) page_.redacted_lines.push_back(line);
    if (!whole) {
      page_.line_truncated = true;
      page_.next_start_line = line;
      page_.next_column = column_ + static_cast<std::int64_t>(stop - position_);
      position_ = stop;
      return false;
    }
    if (has_feed && !numbered_) out += '\n';
    position_ = has_feed ? line_end + 1 : line_end;
    return true;
  }

  void add_gutter(std::int64_t line, std::string& out) const {
    std::array<char, 24> number;
    const char* const end = std::to_chars(number.data(), number.data() + number.size(), line).ptr;
    const auto length = static_cast<std::size_t>(end - number.data());
    out.append(width_ - std::min(width_, length), ' ').append(number.data(), length).append(" | ");
  }

  /// Appends the redacted text from position_ to `end`, at most `room` bytes; with `force` at least one
  /// character, so that every page makes progress. Returns where it stopped.
  std::size_t render(std::size_t end, std::size_t room, bool force, std::string& out, int* found) {
    while (next_secret_ < raw_.secrets.size() && raw_.secrets[next_secret_].end <= position_) ++next_secret_;
    std::size_t at = position_, secret = next_secret_;
    const auto take = [&](std::string_view piece) {
      out += piece;
      room -= std::min(room, piece.size());
      force = false;
    };
    while (at < end) {
      const bool any = secret < raw_.secrets.size() && raw_.secrets[secret].begin < end;
      const std::size_t begin = any ? std::max(raw_.secrets[secret].begin, at) : end;
      if (begin == at) {
        if (!force && kRedacted.size() > room) return at;
        take(kRedacted);
        at = std::min(raw_.secrets[secret++].end, end);
        ++*found;
        continue;
      }
      const std::string_view plain = std::string_view(raw_.bytes).substr(at, begin - at);
      std::string_view piece = utf8_prefix(plain, room);
      if (piece.empty() && force) piece = first_character(plain);
      take(piece);
      at += piece.size();
      if (piece.size() < plain.size()) return at;
    }
    return at;
  }

  static std::string_view first_character(std::string_view text) {
    std::size_t n = 1;
    while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) ++n;
    return text.substr(0, n);
  }

  const RawPage& raw_;
  const bool numbered_;
  TextPage& page_;
  const std::int64_t column_;  ///< of the page's first byte
  const std::size_t budget_;
  std::size_t width_ = 1;
  std::size_t position_ = 0;
  std::size_t next_secret_ = 0;
};

/// Offset of a column of the line that starts at `line`: not past the line's end, on the start of a
/// character.
Result<std::uint64_t> column_offset(int fd, std::uint64_t line, std::int64_t column, const CancelToken& cancel) {
  const std::uint64_t wanted = line + static_cast<std::uint64_t>(column - 1);
  if (wanted - line > kMaxScanBytes) {
    return Error{ErrorCode::kFileTooLarge, "The column lies too far inside a very long line.", {}, {}};
  }
  std::uint64_t at = line;
  std::string chunk;
  while (at < wanted) {
    if (cancel.cancelled()) return Error{ErrorCode::kCancelled, "The request was cancelled.", {}, {}};
    chunk = PB_TRY(read_range(fd, at, static_cast<std::size_t>(std::min<std::uint64_t>(wanted - at, 1 << 20))));
    if (const std::size_t feed = chunk.find('\n'); feed != std::string::npos) return at + feed;
    if (chunk.empty()) return at;
    at += chunk.size();
  }
  const std::uint64_t back = std::min<std::uint64_t>(wanted - line, 3);
  const std::string around = PB_TRY(read_range(fd, wanted - back, static_cast<std::size_t>(back) + 1));
  std::size_t i = static_cast<std::size_t>(back);
  if (around.size() <= i) return wanted;
  while (i > 0 && (static_cast<unsigned char>(around[i]) & 0xc0) == 0x80) --i;
  return wanted - back + i;
}

void describe_file(const OpenedPath& file, const FileScan& scan, TextPage& page) {
  page.path = display_safe(file.path);
  page.mtime = file.mtime;
  page.bytes = scan.reached_end ? scan.looked_at : file.size;
  page.eol = ending_of(scan.line_feeds, scan.crlf);
  page.total_lines_exact = scan.reached_end;
  if (scan.reached_end) page.total_lines = scan.lines();
  if (!scan.sha256.empty()) page.sha256 = scan.sha256;
}

}  // namespace

std::string_view name_of(LineEnding eol) {
  switch (eol) {
    case LineEnding::kNone: return "none";
    case LineEnding::kLf: return "lf";
    case LineEnding::kCrlf: return "crlf";
    case LineEnding::kMixed: return "mixed";
  }
  return "none";
}

Result<TextPage> read_text_page(const OpenedPath& file, const PageRequest& request, const CancelToken& cancel) {
  const int fd = file.fd.get();
  const std::string head = PB_TRY(read_range_of(fd, file.size, 0, kSniffBytes));
  PB_TRY(refuse_binary(head));
  if (request.end_line && !request.tail && *request.end_line < std::max<std::int64_t>(request.start_line, 1)) {
    return Error{
        ErrorCode::kInvalidRange, "end_line lies before start_line.", "Give an end_line of at least start_line.", {}};
  }
  const Start start = PB_TRY(find_start(file, request, cancel));

  TextPage page;
  describe_file(file, start.scan, page);
  page.bom = head.starts_with(kBom);
  page.start_line = start.line;
  page.end_line = start.line - 1;
  page.requested_end_line = request.tail ? std::nullopt : request.end_line;
  page.max_bytes_applied = std::max<std::int64_t>(request.max_bytes, 1);
  const std::uint64_t line_start = start.offset + (page.bom && start.offset == 0 ? kBom.size() : 0);
  std::int64_t column = request.tail ? 1 : std::max<std::int64_t>(request.start_column, 1);
  if (start.beyond_end) {
    page.eof = page.truncated = true;
    return page;
  }
  const std::uint64_t offset = PB_TRY(column_offset(fd, line_start, column, cancel));
  column = 1 + static_cast<std::int64_t>(offset - line_start);

  const RawPage raw = PB_TRY(read_raw(file, offset, static_cast<std::size_t>(page.max_bytes_applied)));
  PageWriter writer(raw, request.numbered, page, column);
  page.text.reserve(
      std::min(raw.bytes.size() + raw.bytes.size() / 4, static_cast<std::size_t>(page.max_bytes_applied)));
  writer.run();
  const std::size_t bad = first_invalid_utf8(std::string_view(raw.bytes).substr(0, writer.consumed()));
  if (bad != std::string_view::npos) return not_utf8(offset + bad);

  page.eof = writer.done();
  page.truncated = !page.eof || start.line > 1 || column > 1;
  if (page.eof && !page.total_lines) {
    page.total_lines = page.end_line;
    page.total_lines_exact = true;
  }
  if (!start.scan.reached_end) {
    const std::string_view shown = std::string_view(raw.bytes).substr(0, writer.consumed());
    std::int64_t feeds = start.scan.line_feeds, crlf = start.scan.crlf;
    for (std::size_t at = shown.find('\n'); at != std::string_view::npos; at = shown.find('\n', at + 1)) {
      ++feeds;
      if (at > 0 && shown[at - 1] == '\r') ++crlf;
    }
    page.eol = ending_of(feeds, crlf);
  }
  return page;
}

Result<TextPage> read_text_page(const WorkspaceFs& fs, std::string_view path, const PageRequest& request,
                                const CancelToken& cancel) {
  return read_text_page(PB_TRY(fs.open_file(path)), request, cancel);
}

Result<std::string> read_whole_text(const OpenedPath& file, std::size_t limit) {
  std::string text = PB_TRY(read_range(file.fd.get(), 0, limit + 1));
  PB_TRY(refuse_binary(text));
  if (text.size() > limit) {
    return Error{ErrorCode::kFileTooLarge,
                 "The file has " + std::to_string(file.size) + " bytes; the limit is " + std::to_string(limit) + ".",
                 {},
                 {}};
  }
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string::npos) return not_utf8(bad);
  return text;
}

}  // namespace patchbay::workspace
