#include "patchbay/base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstring>

namespace patchbay {
namespace {

/// Length of the valid UTF-8 character at the start of `s`, 0 when there is none. Sets `cp`.
std::size_t decode(std::string_view s, std::uint32_t* cp) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto cont = [&](std::size_t i) { return i < s.size() && (byte(i) & 0xc0) == 0x80; };
  if (s.empty()) return 0;
  const unsigned char c = byte(0);
  if (c < 0x80) return *cp = c, 1;
  if (c >= 0xc2 && c <= 0xdf && cont(1)) {
    *cp = (c & 0x1fu) << 6 | (byte(1) & 0x3fu);
    return 2;
  }
  if (c >= 0xe0 && c <= 0xef && cont(1) && cont(2)) {
    *cp = (c & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
    return *cp >= 0x800 && !(*cp >= 0xd800 && *cp <= 0xdfff) ? 3 : 0;
  }
  if (c >= 0xf0 && c <= 0xf4 && cont(1) && cont(2) && cont(3)) {
    *cp = (c & 7u) << 18 | (byte(1) & 0x3fu) << 12 | (byte(2) & 0x3fu) << 6 | (byte(3) & 0x3fu);
    return *cp >= 0x10000 && *cp <= 0x10ffff ? 4 : 0;
  }
  return 0;
}

/// The first byte at or after `i` that is not ASCII. Most text is nothing but ASCII, so many bytes at a time.
std::size_t skip_ascii(std::string_view text, std::size_t i) {
  constexpr std::size_t kWords = 4;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::uint64_t words[kWords];
  for (; text.size() - i >= sizeof words; i += sizeof words) {
    std::memcpy(words, text.data() + i, sizeof words);
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
}

bool unsafe_to_display(std::uint32_t cp) {
  return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) ||
         (cp >= 0x2060 && cp <= 0x2064) || (cp >= 0x2066 && cp <= 0x206f) || cp == 0x061c || cp == 0xfeff;
}

void append_utf8(std::string& out, std::uint32_t cp) {
  if (cp < 0x80) {
    out += static_cast<char>(cp);
  } else if (cp < 0x800) {
    out += static_cast<char>(0xc0 | cp >> 6);
    out += static_cast<char>(0x80 | (cp & 0x3f));
  } else if (cp < 0x10000) {
    out += static_cast<char>(0xe0 | cp >> 12);
    out += static_cast<char>(0x80 | (cp >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (cp & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | cp >> 18);
    out += static_cast<char>(0x80 | (cp >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (cp >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (cp & 0x3f));
  }
}

std::uint32_t fold(std::uint32_t cp) {
  if (cp >= 'A' && cp <= 'Z') return cp + 32;
  if (cp >= 0xc0 && cp <= 0xde && cp != 0xd7) return cp + 32;
  if (cp >= 0x100 && cp <= 0x137) return cp | 1;
  if (cp >= 0x139 && cp <= 0x148) return cp % 2 == 1 ? cp + 1 : cp;
  if (cp >= 0x14a && cp <= 0x177) return cp | 1;
  if (cp >= 0x391 && cp <= 0x3a9) return cp + 32;
  if (cp >= 0x410 && cp <= 0x42f) return cp + 32;
  if (cp >= 0x400 && cp <= 0x40f) return cp + 80;
  return cp;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

}  // namespace

std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    i = skip_ascii(text, i);
    if (i == text.size()) break;
    std::uint32_t cp = 0;
    const std::size_t n = decode(text.substr(i), &cp);
    if (n == 0) return i;
    i += n;
  }
  return std::string_view::npos;
}

std::string sanitize_utf8(std::string_view bytes, bool* replaced) {
  if (replaced != nullptr) *replaced = false;
  std::string out;
  std::size_t start = 0;
  for (std::size_t bad = first_invalid_utf8(bytes); bad != std::string_view::npos;) {
    out.append(bytes, start, bad - start).append("\xef\xbf\xbd");
    start = bad + 1;
    if (replaced != nullptr) *replaced = true;
    const std::size_t next = first_invalid_utf8(bytes.substr(start));
    bad = next == std::string_view::npos ? next : start + next;
  }
  out.append(bytes, start, std::string_view::npos);
  return out;
}

std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t n = max_bytes;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
  return text.substr(0, n);
}

std::string_view utf8_suffix(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t start = text.size() - max_bytes;
  while (start < text.size() && (static_cast<unsigned char>(text[start]) & 0xc0) == 0x80) ++start;
  return text.substr(start);
}

std::string display_safe(std::string_view text, bool multiline) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; })) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::uint32_t cp = 0;
    const std::size_t n = decode(text, &cp);
    if (n == 0) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (unsafe_to_display(cp) && !(multiline && (cp == '\n' || cp == '\t'))) {
      out += cp == '\n' ? "\\n" : cp == '\t' ? "\\t" : cp == '\r' ? "\\r" : fmt::format("\\u{{{:04X}}}", cp);
    } else {
      out.append(text, 0, n);
    }
    text.remove_prefix(n);
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string collapse_whitespace(std::string_view text) {
  std::string out;
  for (char c : trim(text)) {
    if (!is_space(c)) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string fold_case(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::uint32_t cp = 0;
    const std::size_t n = decode(text, &cp);
    if (n == 0) {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    if (cp == 0xdf) {
      out += "ss";
    } else {
      append_utf8(out, fold(cp));
    }
    text.remove_prefix(n);
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool iequals_ascii(std::string_view a, std::string_view b) {
  return a.size() == b.size() && to_lower_ascii(a) == to_lower_ascii(b);
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<std::size_t> row(a.size() + 1);
  for (std::size_t i = 0; i <= a.size(); ++i) row[i] = i;
  for (std::size_t j = 1; j <= b.size(); ++j) {
    std::size_t diagonal = row[0];
    row[0] = j;
    std::size_t best = row[0];
    for (std::size_t i = 1; i <= a.size(); ++i) {
      const std::size_t above = row[i];
      row[i] = std::min({row[i] + 1, row[i - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
      best = std::min(best, row[i]);
    }
    if (best > limit) return limit + 1;
  }
  return std::min(row[a.size()], limit + 1);
}

std::string keep_head_and_tail(std::string_view text, std::size_t max_bytes, std::string_view marker) {
  if (text.size() <= max_bytes) return std::string(text);
  const std::size_t room = max_bytes > marker.size() + 2 ? max_bytes - marker.size() - 2 : 0;
  std::string_view head = utf8_prefix(text, room / 4);
  if (const std::size_t nl = head.rfind('\n'); nl != std::string_view::npos) head = head.substr(0, nl);
  std::string_view tail = utf8_suffix(text, room - room / 4);
  if (const std::size_t nl = tail.find('\n'); nl != std::string_view::npos && nl + 1 < tail.size()) {
    tail = tail.substr(nl + 1);
  }
  return fmt::format("{}\n{}\n{}", head, marker, tail);
}

}  // namespace patchbay
