// Compact JSON text, byte for byte what nlohmann's own writer gives with replaced invalid UTF-8. Its writer looks at
// every byte of every string through a decoder; a page of text is two large strings, so here valid UTF-8 is established
// first, many bytes at a time, and then only the few characters that need an escape are looked for.

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <utility>

#include "patchbay/base/text.h"
#include "patchbay/json/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace patchbay::json {
namespace {

constexpr std::size_t kBlock = 16;
constexpr std::size_t kPiece = 512;  // of a string, written to the stack first
constexpr std::size_t kLongest = 6;  // of an escape, as in \u001f
constexpr std::size_t kSlack = 64;   // what an envelope around the text adds

/// One bit for each of the sixteen bytes that cannot stand in a JSON string as it is.
std::uint32_t escaped_in(const char* p) {
#ifdef __SSE2__
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
#else
  std::uint32_t mask = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const auto c = static_cast<unsigned char>(p[i]);
    mask |= std::uint32_t{c <= 0x1f || c == '"' || c == '\\'} << i;
  }
  return mask;
#endif
}

char* write_escape(char c, char* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto two = [&](char letter) {
    *out++ = '\\';
    *out++ = letter;
    return out;
  };
  switch (c) {
    case '"':
    case '\\': return two(c);
    case '\b': return two('b');
    case '\t': return two('t');
    case '\n': return two('n');
    case '\f': return two('f');
    case '\r': return two('r');
    default:
      std::memcpy(out, "\\u00", 4);
      out[4] = kHex[c >> 4];
      out[5] = kHex[c & 15];
      return out + kLongest;
  }
}

/// Writes `piece`, at most kPiece bytes, to `out`, which has room for the worst case and one block more.
char* write_piece(std::string_view piece, char* out) {
  const char* at = piece.data();
  const char* const end = at + piece.size();
  while (end - at >= static_cast<std::ptrdiff_t>(kBlock)) {
    const std::uint32_t mask = escaped_in(at);
    std::memcpy(out, at, kBlock);
    const auto plain = mask == 0 ? kBlock : static_cast<std::size_t>(std::countr_zero(mask));
    out += plain;
    at += plain;
    if (mask != 0) out = write_escape(*at++, out);
  }
  for (; at < end; ++at) {
    const auto c = static_cast<unsigned char>(*at);
    if (c <= 0x1f || c == '"' || c == '\\') {
      out = write_escape(*at, out);
    } else {
      *out++ = *at;
    }
  }
  return out;
}

void write_string(const std::string& text, std::string& out) {
  if (!is_valid_utf8(text)) {
    out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  std::array<char, kPiece * kLongest + kBlock> buffer;
  out += '"';
  for (std::size_t at = 0; at < text.size(); at += kPiece) {
    char* const begin = buffer.data();
    char* const end = write_piece(std::string_view(text).substr(at, kPiece), begin);
    out.append(begin, static_cast<std::size_t>(end - begin));
  }
  out += '"';
}

template <class Number>
void write_integer(Number value, std::string& out) {
  std::array<char, 24> digits;
  char* const begin = digits.data();
  out.append(begin, std::to_chars(begin, begin + digits.size(), value).ptr);
}

/// Bytes that the text of `value` takes when few of its characters need an escape.
std::size_t likely_size(const Json& value) {
  constexpr std::size_t kScalar = 8, kAround = 4;
  std::size_t size = kScalar;
  switch (value.type()) {
    case Json::value_t::object:
      for (const auto& [name, member] : value.get_ref<const Json::object_t&>())
        size += name.size() + kAround + likely_size(member);
      return size;
    case Json::value_t::array:
      for (const Json& item : value.get_ref<const Json::array_t&>()) size += likely_size(item);
      return size;
    case Json::value_t::string: {
      const std::size_t bytes = value.get_ref<const std::string&>().size();
      return size + bytes + bytes / 16;
    }
    default: return size;
  }
}

void write(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::object: {
      char before = '{';
      for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
        out += std::exchange(before, ',');
        write_string(name, out);
        out += ':';
        write(member, out);
      }
      if (before == '{') out += '{';
      out += '}';
      return;
    }
    case Json::value_t::array: {
      char before = '[';
      for (const Json& item : value.get_ref<const Json::array_t&>()) {
        out += std::exchange(before, ',');
        write(item, out);
      }
      if (before == '[') out += '[';
      out += ']';
      return;
    }
    case Json::value_t::string: return write_string(value.get_ref<const std::string&>(), out);
    case Json::value_t::number_integer: return write_integer(value.get<std::int64_t>(), out);
    case Json::value_t::number_unsigned: return write_integer(value.get<std::uint64_t>(), out);
    default:
      // Numbers with a fraction, true, false, null: few and short.
      out += value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
}

}  // namespace

std::string dump(const Json& value) {
  std::string out;
  out.reserve(likely_size(value) + kSlack);
  write(value, out);
  return out;
}

}  // namespace patchbay::json
