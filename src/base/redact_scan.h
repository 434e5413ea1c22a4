#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "patchbay/base/redact.h"

namespace patchbay::redaction {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
inline bool is_alpha(char c) { return is_upper(c) || is_lower(c); }
inline bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline bool is_space(char c) { return is_blank(c) || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
inline bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
inline bool ends_bare_value(char c) {
  return is_space(c) || is_quote(c) || c == '\0' || c == ',' || c == ';' || c == '}' || c == ')' || c == ']' ||
         c == '&' || c == '<' || c == '>' || c == '|' || c == '\\';
}
inline char lower(char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; }
/// Letters of keys in provider formats and of base64url.
inline bool is_key_char(char c) { return is_alnum(c) || c == '_' || c == '-'; }

/// One pass over one text: where the spans go, and what was already looked up.
///
/// Every question is answered from a memo when it repeats, so the whole pass stays linear even when a hostile
/// text makes each position ask about the same long line. Positions asked about grow during a pass.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  std::string_view text() const { return text_; }
  std::size_t size() const { return text_.size(); }
  /// NUL outside the text.
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  bool has(std::size_t i, std::string_view word) const {
    return i <= text_.size() && text_.substr(i, word.size()) == word;
  }

  std::size_t line_begin(std::size_t i) {
    locate_line(i);
    return line_begin_;
  }
  /// Offset of the line feed that ends the line of `i`, or the end of the text.
  std::size_t line_end(std::size_t i) {
    locate_line(i);
    return line_end_;
  }
  /// End of the run of key characters that starts at or covers `i`.
  std::size_t key_run_end(std::size_t i);
  /// End of the bare value that starts at or covers `i`: a blank, a quote, a closing bracket, `, ; & < > |
  /// \`.
  std::size_t bare_end(std::size_t i);
  /// Next `quote` at or after `from` on the same line that no backslash precedes, or npos.
  std::size_t closing_quote(char quote, std::size_t from);
  /// True when an odd number of `quote` stands between the start of the line and `i`.
  bool inside_quotes(char quote, std::size_t i);
  /// True when a word may start at `i`: a letter or digit before it belongs to something longer, except
  /// when it is the letter of an escape such as \n.
  bool word_starts(std::size_t i) const {
    if (i == 0 || !is_alnum(text_[i - 1])) return true;
    const char c = text_[i - 1];
    return i >= 2 && text_[i - 2] == '\\' && (c == 'n' || c == 'r' || c == 't');
  }

  /// Records a span; one that touches the last is merged with it.
  void add(std::size_t begin, std::size_t end, SecretConfidence confidence, std::string_view kind);
  std::vector<SecretSpan> take();

 private:
  struct QuoteMemo {
    std::size_t asked = 1, found = 0;  // the next quote at or after `asked` is at `found`
    std::size_t line = std::string_view::npos, counted_to = 0;
    bool odd = false;
  };
  void locate_line(std::size_t i);
  QuoteMemo& memo(char quote) { return quotes_[quote == '"' ? 0 : quote == '\'' ? 1 : 2]; }

  std::string_view text_;
  std::size_t line_begin_ = 1, line_end_ = 0;
  std::size_t run_begin_ = 1, run_end_ = 0;
  std::size_t bare_begin_ = 1, bare_end_ = 0;
  std::array<QuoteMemo, 3> quotes_{};
  std::vector<SecretSpan> spans_;
  bool sorted_ = true;
};

/// Kinds of value text, from what surrounds it.
enum class ValueForm {
  kQuoted,       ///< between quotes
  kBare,         ///< a bare word somewhere in a line; most of these are code
  kWholeLine,    ///< the bare rest of a line that begins with the key, as in YAML and ini files
  kEnvironment,  ///< KEY=value with a key in capitals, or a value in a URL's query: always literal
};
enum class KeyFamily { kPassword, kKey, kSecret, kToken };

/// A value that stands for a secret without being one: templates, references to the environment, ellipses,
/// "your-token-here", numbers, paths, the marker itself.
bool is_placeholder(std::string_view value);
/// Whether the value of a key that says secret is a literal worth hiding. Looks at a bounded prefix.
bool is_secret_value(std::string_view value, ValueForm form, KeyFamily family);

// The rules. Each is called with the position of its anchor character.
void find_key_format(Scan& scan, std::size_t anchor);          // '-', '_', 'I', 'J'
void find_private_key(Scan& scan, std::size_t anchor);         // first dash of "-----BEGIN"
void find_url_password(Scan& scan, std::size_t anchor);        // ':' of "://"
void find_assigned_secret(Scan& scan, std::size_t separator);  // ':' or '='

/// Names whose value in a URL's query is a token of high confidence.
const std::vector<std::string>& query_token_names();

}  // namespace patchbay::redaction
