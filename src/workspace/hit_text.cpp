#include "hit_text.h"

#include <algorithm>

#include "file_scan.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kShown = 500;           // bytes of a line
constexpr std::size_t kBeforeHit = 150;       // of those, in front of the hit
constexpr std::size_t kMargin = 4 * 1024;     // looked at around a window, for secrets at its edges
constexpr std::size_t kLineProbe = 4 * 1024;  // a line longer than this is not read as a whole
constexpr std::size_t kKeyBlock = 16 * 1024;  // private keys are not longer
constexpr std::size_t kLineOfKey = 128;       // bytes; the last line of a key is short, the one before it is not

std::string redact_range(std::string_view text, std::size_t begin, std::size_t end, int* redactions) {
  std::string out;
  std::size_t at = begin;
  for (const SecretSpan& s : find_secrets(text)) {
    if (s.end <= begin || s.begin >= end) continue;
    if (s.begin > at) out.append(text, at, s.begin - at);
    out += kRedacted;
    at = std::min(s.end, end);
    ++*redactions;
  }
  if (at < end) out.append(text, at, end - at);
  return out;
}

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

std::string first_bytes(const OpenedPath& file, std::size_t count) {
  const auto text = read_range(file.fd.get(), 0, count);
  return text ? *text : std::string();
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

bool is_utf16(const OpenedPath& file) {
  const std::string head = first_bytes(file, 2);
  return head == "\xff\xfe" || head == "\xfe\xff";
}

HitReader::HitReader(const OpenedPath& file, int context_lines)
    : file_(file),
      context_lines_(context_lines),
      mark_(first_bytes(file, kUtf8Mark.size()) == kUtf8Mark ? kUtf8Mark.size() : 0) {}

std::string HitReader::part(std::uint64_t begin, std::uint64_t end) const {
  const auto text = read_range(file_.fd.get(), begin, static_cast<std::size_t>(end - begin));
  return text ? *text : std::string();
}

std::optional<HitReader::Line> HitReader::line_at(std::uint64_t offset) const {
  if (offset > 0 && part(offset - 1, offset) != "\n") return std::nullopt;
  const std::string probe = part(offset, offset + kLineProbe);
  if (probe.empty()) return std::nullopt;
  const std::size_t feed = probe.find('\n');
  const bool whole = feed != std::string::npos || probe.size() < kLineProbe;
  return Line{offset, offset + std::min(feed, probe.size()), whole};
}

std::optional<HitReader::Line> HitReader::line_before(std::uint64_t offset) const {
  if (offset == 0) return std::nullopt;
  const std::uint64_t end = offset - 1;  // its line feed
  const std::uint64_t from = end - std::min<std::uint64_t>(end, kLineProbe);
  const std::string probe = part(from, end);
  const std::size_t feed = probe.rfind('\n');
  if (feed == std::string::npos && from > 0) return std::nullopt;  // too long to be context
  return Line{feed == std::string::npos ? 0 : from + feed + 1, end, true};
}

std::string HitReader::window(const Line& line, std::uint64_t around, bool* truncated, int* redactions) const {
  std::uint64_t begin = line.begin, end = line.end;
  *truncated = !line.complete || end - begin > kShown;
  if (*truncated) {
    begin = std::max(line.begin, around - std::min<std::uint64_t>(around, kBeforeHit));
    end = line.complete ? std::min(line.end, begin + kShown) : begin + kShown;
    if (line.complete && end - begin < kShown) begin = std::max(line.begin, end - std::min<std::uint64_t>(end, kShown));
  }
  std::uint64_t from = *truncated ? begin - std::min(begin - line.begin, std::uint64_t{kMargin}) : line.begin;
  std::string text = part(from, end + (*truncated ? kMargin : 0));
  if (may_be_inside_private_key(text) ||
      may_be_inside_private_key(part(from - std::min<std::uint64_t>(from, kLineOfKey), from))) {
    const std::uint64_t block = begin - std::min<std::uint64_t>(begin, kKeyBlock);
    std::string around_it = part(block, end + kMargin);
    if (around_it.find("PRIVATE KEY") != std::string::npos) {
      from = block;
      text = std::move(around_it);
    }
  }
  std::size_t first = std::min<std::size_t>(begin - from, text.size());
  // Without the real end of the line, the window ends at the line feed that comes into sight.
  std::size_t last = std::min<std::size_t>(end - from, text.size());
  last = std::min(last, std::max(first, std::min(text.find('\n', first), text.size())));
  while (first < last && *truncated && begin > line.begin && continues_character(text[first])) ++first;
  while (last > first && last < text.size() && continues_character(text[last])) --last;
  if (last > first && text[last - 1] == '\r') --last;
  std::string shown = sanitize_utf8(redact_range(text, first, last, redactions));
  if (begin == 0 && shown.starts_with(kUtf8Mark)) shown.erase(0, kUtf8Mark.size());
  return std::string(utf8_prefix(shown, std::max(kShown, kRedacted.size())));
}

std::optional<SearchMatch> HitReader::read(const RgHit& hit, int* redactions) const {
  const bool first = hit.offset == 0;
  const auto line = line_at(first ? 0 : hit.offset + mark_);
  if (!line) return std::nullopt;
  SearchMatch match;
  match.line = hit.line;
  match.column = static_cast<std::int64_t>(hit.column) + 1;
  match.text = window(*line, line->begin + (first ? mark_ : 0) + hit.column, &match.line_truncated, redactions);
  if (match.text.find('\0') != std::string::npos) return std::nullopt;
  bool cut = false;
  std::uint64_t at = line->begin;
  for (int i = 1; i <= context_lines_; ++i) {
    const auto above = line_before(at);
    if (!above) break;
    match.before.insert(match.before.begin(), {hit.line - i, window(*above, above->begin, &cut, redactions)});
    at = above->begin;
  }
  auto below = line;
  for (int i = 1; i <= context_lines_ && below->complete; ++i) {
    below = line_at(below->end + 1);
    if (!below) break;
    match.after.push_back({hit.line + i, window(*below, below->begin, &cut, redactions)});
  }
  return match;
}

}  // namespace patchbay::workspace
