#pragma once

#include <array>
#include <string_view>

/// Character classes of RFC 9110 and RFC 9112, as tables.
namespace patchbay::http {

namespace detail {
constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> make_value_table() {
  std::array<bool, 256> table{};
  for (int c = 0x20; c < 0x100; ++c) table[c] = c != 0x7f;
  table['\t'] = true;
  return table;
}
inline constexpr auto kTokenTable = make_token_table();
inline constexpr auto kValueTable = make_value_table();
}  // namespace detail

inline bool is_token_char(char c) { return detail::kTokenTable[static_cast<unsigned char>(c)]; }
/// Allowed inside a header value: tab, visible ASCII, space, and the opaque bytes above 0x7f.
inline bool is_value_char(char c) { return detail::kValueTable[static_cast<unsigned char>(c)]; }

inline bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!is_token_char(c)) return false;
  }
  return !text.empty();
}

inline bool is_field_value(std::string_view text) {
  for (const char c : text) {
    if (!is_value_char(c)) return false;
  }
  return true;
}

/// Without the spaces and tabs around it (and nothing else: other white space is not optional here).
inline std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace patchbay::http
