#include "codex/toml_keys.h"

#include <optional>

#include "patchbay/base/text.h"

namespace patchbay::codex {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  /// Moves behind the header of `table`; false when there is none.
  bool find_table(const std::vector<std::string>& table) {
    while (true) {
      (void)read();
      if (at_end() || text_[at_] != '[') return false;
      const std::size_t close = text_.find_first_of("]\n", at_);
      if (close == std::string_view::npos || text_[close] != ']') return false;
      const bool found = header_names(text_.substr(at_ + 1, close - at_ - 1)) == table;
      skip_line();
      if (found) return true;
    }
  }

  /// The string values up to the next table header.
  std::map<std::string, std::string> read() {
    std::map<std::string, std::string> out;
    while (skip_to_key()) {
      const std::size_t equals = text_.find_first_of("=\n", at_);
      if (equals == std::string_view::npos || text_[equals] != '=') break;
      const std::string key = unquoted_key(text_.substr(at_, equals - at_));
      at_ = equals + 1;
      skip_blanks();
      std::optional<std::string> value;
      if (!read_value(value)) break;
      if (value) out.emplace(key, *value);
    }
    return out;
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  bool next_is(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  void skip_blanks() {
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  void skip_line() {
    const std::size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
  }

  /// False at the end and at a table header.
  bool skip_to_key() {
    while (!at_end()) {
      const char c = text_[at_];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at_;
      } else if (c == '#') {
        skip_line();
      } else {
        return c != '[';
      }
    }
    return false;
  }

  static std::vector<std::string> header_names(std::string_view header) {
    std::vector<std::string> names;
    std::size_t begin = 0;
    char quote = '\0';
    for (std::size_t i = 0; i <= header.size(); ++i) {
      if (i == header.size() || (header[i] == '.' && quote == '\0')) {
        names.push_back(unquoted_key(header.substr(begin, i - begin)));
        begin = i + 1;
      } else if (quote == header[i]) {
        quote = '\0';
      } else if (quote == '\0' && (header[i] == '"' || header[i] == '\'')) {
        quote = header[i];
      }
    }
    return names;
  }

  static std::string unquoted_key(std::string_view key) {
    key = trim(key);
    if (key.size() >= 2 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front()) {
      key = key.substr(1, key.size() - 2);
    }
    return std::string(key);
  }

  /// Moves behind a value; `value` is set when it was a string. False when it has no end.
  bool read_value(std::optional<std::string>& value) {
    if (at_end()) return false;
    const char c = text_[at_];
    if (c == '"' || c == '\'') {
      std::string text;
      if (!read_string(text)) return false;
      value = std::move(text);
      skip_line();
      return true;
    }
    if (c == '[' || c == '{') return skip_brackets();
    skip_line();
    return true;
  }

  bool read_string(std::string& out) {
    const char quote = text_[at_];
    const std::string delimiter = next_is(std::string(3, quote)) ? std::string(3, quote) : std::string(1, quote);
    at_ += delimiter.size();
    while (!at_end() && !next_is(delimiter)) {
      const char c = text_[at_++];
      if (c == '\n' && delimiter.size() == 1) return false;
      if (c == '\\' && quote == '"' && !at_end()) {
        read_escape(out);
      } else {
        out += c;
      }
    }
    if (at_end()) return false;
    at_ += delimiter.size();
    return true;
  }

  void read_escape(std::string& out) {
    const char c = text_[at_++];
    switch (c) {
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '"':
      case '\\': out += c; break;
      default: out += '\\', out += c;  // none of the values wanted here needs more
    }
  }

  bool skip_brackets() {
    int depth = 0;
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        std::string ignored;
        if (!read_string(ignored)) return false;
        continue;
      }
      if (c == '#') {
        skip_line();
        continue;
      }
      ++at_;
      if (c == '[' || c == '{') ++depth;
      if ((c == ']' || c == '}') && --depth == 0) {
        skip_line();
        return true;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::map<std::string, std::string> top_level_strings(std::string_view toml) { return Reader(toml).read(); }

std::map<std::string, std::string> table_strings(std::string_view toml, const std::vector<std::string>& table) {
  Reader reader(toml);
  return reader.find_table(table) ? reader.read() : std::map<std::string, std::string>();
}

}  // namespace patchbay::codex
