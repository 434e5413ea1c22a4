#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

/// Offset of the first byte that is not valid UTF-8 (overlong forms and surrogates included), or npos.
std::size_t first_invalid_utf8(std::string_view text);
inline bool is_valid_utf8(std::string_view text) { return first_invalid_utf8(text) == std::string_view::npos; }

/// The text with every invalid byte replaced by U+FFFD. `replaced`, when given, says whether any was.
std::string sanitize_utf8(std::string_view bytes, bool* replaced = nullptr);

/// The longest prefix of at most `max_bytes` bytes that does not split a character.
std::string_view utf8_prefix(std::string_view text, std::size_t max_bytes);
/// The longest suffix of at most `max_bytes` bytes that does not split a character.
std::string_view utf8_suffix(std::string_view text, std::size_t max_bytes);

/// For display: C0/C1 controls, bidi controls and zero-width characters shown as \u{XXXX}; invalid bytes
/// as \xNN (SEC:J12). Newlines and tabs are kept when `multiline`.
std::string display_safe(std::string_view text, bool multiline = false);

std::string_view trim(std::string_view text);
/// Runs of white space become one space; none at the ends.
std::string collapse_whitespace(std::string_view text);
std::string to_lower_ascii(std::string_view text);
/// Simple case folding for comparing names: ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic letters.
std::string fold_case(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
bool iequals_ascii(std::string_view a, std::string_view b);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// Edit distance (insert, delete, substitute), stopped at `limit` + 1.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit);

/// Keeps the head and the tail of `text` on line boundaries so that at most `max_bytes` remain, with
/// `marker` between them. Unchanged when it fits.
std::string keep_head_and_tail(std::string_view text, std::size_t max_bytes, std::string_view marker);

}  // namespace patchbay
