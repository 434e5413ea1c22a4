// Assignments and mappings: a key whose last word says secret, a separator, a literal. Never crosses a line.

#include <algorithm>
#include <optional>

#include "redact_scan.h"

namespace patchbay::redaction {
namespace {

constexpr std::size_t kMaxBlanks = 16;
constexpr std::size_t kMaxKey = 64;
constexpr std::size_t kMaxTypeName = 64;
constexpr std::size_t kMaxLookahead = 512;  // where no memo answers a repeated question

struct Key {
  std::size_t begin = 0;  // of the identifier
  std::size_t end = 0;
  char quote = '\0';     // around the key
  bool indexed = false;  // config["password"]
};

/// Whether a key that ends in these two letters can be one of ours. Most separators stop here.
bool may_end_key(char first, char last) {
  first = lower(first);
  switch (lower(last)) {
    case 'd': return first == 'r' || first == 'w';
    case 'e': return first == 's';
    case 'l': return first == 'a';
    case 'n': return first == 'e' || first == 'o';
    case 's': return first == 'l';
    case 't': return first == 'e';
    case 'y': return first == 'e';
    default: return false;
  }
}

/// A query name is always followed by '=' at once, and its last letter is known.
bool may_be_query(const Scan& scan, std::size_t separator) {
  if (scan.at(separator) != '=') return false;
  for (const std::string& name : query_token_names()) {
    if (name.size() < separator && scan.has(separator - name.size(), name)) return true;
  }
  return false;
}

/// The identifier in front of a separator, with quotes or an index around it.
std::optional<Key> key_before(const Scan& scan, std::size_t separator) {
  std::size_t i = separator;
  for (std::size_t n = 0; n < kMaxBlanks && i > 0 && is_blank(scan.at(i - 1)); ++n) --i;
  if (i > 0 && scan.at(i - 1) == '?') --i;
  Key key;
  if (i > 0 && scan.at(i - 1) == ']') {
    key.indexed = true;
    --i;
  }
  if (i > 0 && is_quote(scan.at(i - 1))) {
    key.quote = scan.at(--i);
    if (i > 0 && scan.at(i - 1) == '\\') --i;
  }
  if (i < 2 || (key.indexed && key.quote == '\0')) return std::nullopt;
  if (!may_end_key(scan.at(i - 2), scan.at(i - 1)) && !may_be_query(scan, separator)) return std::nullopt;
  key.begin = key.end = i;
  while (key.begin > 0 && key.end - key.begin < kMaxKey) {
    const char c = scan.at(key.begin - 1);
    if (!is_key_char(c) && c != '.') break;
    --key.begin;
  }
  if (key.begin == key.end) return std::nullopt;
  return key;
}

/// True when `key` ends with `word` (lower case); shortens `key` by it.
bool strip(std::string_view& key, std::string_view word) {
  if (key.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (lower(key[key.size() - word.size() + i]) != word[i]) return false;
  }
  key.remove_suffix(word.size());
  return true;
}

/// `rest` is what stands before a word that starts with `first`: may the word begin there?
bool word_boundary(std::string_view rest, char first) {
  return rest.empty() || !is_alpha(rest.back()) || (is_upper(first) && is_lower(rest.back()));
}

/// Positions in a list, consent to a preview: called tokens, kept from nobody.
bool is_harmless_token(std::string_view before) {
  while (!before.empty() && !is_alnum(before.back())) before.remove_suffix(1);
  for (std::string_view word :
       {"next", "page", "continuation", "input", "output", "start", "preview", "review", "cancel", "cancellation"}) {
    std::string_view rest = before;
    if (strip(rest, word)) return true;
  }
  return false;
}

/// What the last word of the key says: password, passwd, secret, token, api key, credentials ...
std::optional<KeyFamily> family_of(std::string_view key) {
  const std::string_view whole = key;
  const auto first = [&](std::string_view rest) { return whole[rest.size()]; };
  const auto own_word = [&](std::string_view rest, std::initializer_list<std::string_view> joined) {
    if (word_boundary(rest, first(rest))) return true;
    return std::any_of(joined.begin(), joined.end(), [&](std::string_view word) {
      std::string_view before = rest;
      return strip(before, word) && word_boundary(before, first(before));
    });
  };
  switch (lower(key.back())) {
    case 'd':
      if (strip(key, "password") || strip(key, "passwd")) return KeyFamily::kPassword;
      break;
    case 'e':
      if (strip(key, "passphrase")) return KeyFamily::kPassword;
      break;
    case 't':
      if (strip(key, "secret") && own_word(key, {"client", "app"})) return KeyFamily::kSecret;
      break;
    case 'n':
      if (strip(key, "token") && own_word(key, {"auth", "access", "api", "bearer", "refresh"}) &&
          !is_harmless_token(key)) {
        return KeyFamily::kToken;
      }
      break;
    case 'l':
    case 's':
      if ((strip(key, "credential") || strip(key, "credentials")) && own_word(key, {})) return KeyFamily::kToken;
      break;
    case 'y':
      if (!strip(key, "key")) break;
      if (!key.empty() && (key.back() == '_' || key.back() == '-')) key.remove_suffix(1);
      for (std::string_view word : {"api", "access", "private", "secret"}) {
        std::string_view before = key;
        if (strip(before, word) && word_boundary(before, first(before))) return KeyFamily::kKey;
      }
      break;
    default: break;
  }
  return std::nullopt;
}

struct Value {
  std::size_t begin = 0, end = 0;
  ValueForm form = ValueForm::kBare;
};

std::size_t skip_blanks(const Scan& scan, std::size_t i) {
  for (std::size_t n = 0; n < kMaxBlanks && is_blank(scan.at(i)); ++n) ++i;
  return i;
}

/// End of a value in a URL's query that starts at `begin`.
std::size_t query_value_end(Scan& scan, std::size_t begin) {
  const std::size_t end = scan.bare_end(begin);
  const std::size_t fragment = scan.text().substr(begin, std::min(end - begin, kMaxLookahead)).find('#');
  return fragment == std::string_view::npos ? end : begin + fragment;
}

/// The literal between quotes that begins at `open`, or nothing when it does not end on this line.
std::optional<Value> quoted_value(Scan& scan, std::size_t open) {
  const bool escaped = scan.at(open) == '\\';
  const std::size_t begin = open + (escaped ? 2 : 1);
  const char quote = scan.at(begin - 1);
  if (!escaped) {
    const std::size_t close = scan.closing_quote(quote, begin);
    if (close == std::string_view::npos) return std::nullopt;
    return Value{begin, close, ValueForm::kQuoted};
  }
  // \"value\" inside a larger string: ends at the next quote of its kind, escaped or not.
  const std::size_t close = scan.text().substr(begin, kMaxLookahead).find(quote);
  if (close == std::string_view::npos || close == 0) return std::nullopt;
  const std::size_t end = begin + close;
  return Value{begin, scan.at(end - 1) == '\\' ? end - 1 : end, ValueForm::kQuoted};
}

/// r"...", b'...', f"...", u"...", L"...": the quote after at most two letters.
std::size_t skip_string_prefix(const Scan& scan, std::size_t i) {
  std::size_t at = i;
  while (at < i + 2 && (is_alpha(scan.at(at)) || scan.at(at) == '@' || scan.at(at) == '$')) ++at;
  return is_quote(scan.at(at)) ? at : i;
}

/// `name: Type = "literal"`: the literal's quote, or npos.
std::size_t quote_after_type(const Scan& scan, std::size_t i) {
  const std::size_t limit = i + kMaxTypeName;
  for (; i < limit; ++i) {
    const char c = scan.at(i);
    if (c == '=') {
      if (scan.at(i + 1) == '=' || scan.at(i + 1) == '>') return std::string_view::npos;
      const std::size_t quote = skip_string_prefix(scan, skip_blanks(scan, i + 1));
      return is_quote(scan.at(quote)) ? quote : std::string_view::npos;
    }
    if (!is_alnum(c) && !is_blank(c) && std::string_view("_&<>[]|.?':,").find(c) == std::string_view::npos) break;
  }
  return std::string_view::npos;
}

/// Only indentation, list and diff signs, "export" before the key.
bool begins_line(Scan& scan, std::size_t key_begin) {
  std::size_t i = scan.line_begin(key_begin);
  if (key_begin - i > kMaxKey) return false;
  if (scan.at(i) == '+' || scan.at(i) == '-') ++i;
  while (i < key_begin && is_blank(scan.at(i))) ++i;
  if (scan.has(i, "- ")) i += 2;
  if (scan.has(i, "export ")) i += 7;
  return i == key_begin;
}

bool is_capital_name(std::string_view key) {
  return std::none_of(key.begin(), key.end(), is_lower) && std::any_of(key.begin(), key.end(), is_upper);
}

std::optional<Value> bare_value(Scan& scan, const Key& key, std::size_t separator, std::size_t begin) {
  const bool tight = scan.at(separator) == '=' && begin == separator + 1 && key.quote == '\0';
  const char before = key.begin == 0 ? '\n' : scan.at(key.begin - 1);
  if (tight && (before == '?' || before == '&')) {
    return Value{begin, query_value_end(scan, begin), ValueForm::kEnvironment};
  }
  const std::size_t end = scan.bare_end(begin);
  const std::string_view name = scan.text().substr(key.begin, key.end - key.begin);
  if (tight && is_capital_name(name) && (is_space(before) || is_quote(before))) {
    return Value{begin, end, ValueForm::kEnvironment};
  }
  const std::size_t next = skip_blanks(scan, end);
  const char after = scan.at(next);
  const bool to_the_end = after == '\0' || after == '\n' || after == '\r' || (after == '#' && next > end);
  if (to_the_end && key.quote == '\0' && begins_line(scan, key.begin)) return Value{begin, end, ValueForm::kWholeLine};
  // An operator or a second word makes it an expression or a sentence.
  if (next > end && !to_the_end && after != ',' && after != ')' && after != '}' && !is_quote(after))
    return std::nullopt;
  return Value{begin, end, ValueForm::kBare};
}

/// The literal assigned to `key`, if there is one.
std::optional<Value> value_after(Scan& scan, const Key& key, std::size_t separator) {
  std::size_t i = separator + 1;
  if (scan.at(separator) == ':') {
    if (scan.at(i) == ':' || scan.at(i) == '/') return std::nullopt;
    if (scan.at(i) == '=') ++i;
    if (key.indexed) return std::nullopt;
  } else {
    const char before = separator == 0 ? '\0' : scan.at(separator - 1);
    if (before != '\0' && std::string_view("=!<>+-*/%^~:").find(before) != std::string_view::npos) return std::nullopt;
    if (scan.at(i) == '=' || scan.at(i) == '~') return std::nullopt;
    if (scan.at(i) == '>') ++i;
  }
  i = skip_blanks(scan, i);
  if (scan.at(i) == '(') i = skip_blanks(scan, i + 1);
  const std::size_t at = skip_string_prefix(scan, i);
  const bool escaped = scan.at(at) == '\\' && is_quote(scan.at(at + 1));
  if (is_quote(scan.at(at)) || escaped) {
    // "Password: " ends its string here: the quote closes, it does not open.
    const char quote = scan.at(escaped ? at + 1 : at);
    if (!escaped && key.quote == '\0' && scan.inside_quotes(quote, key.begin)) return std::nullopt;
    if (auto value = quoted_value(scan, at)) return value;
    i = at + (escaped ? 2 : 1);
  }
  if (scan.at(separator) == ':') {
    const std::size_t quote = quote_after_type(scan, i);
    if (quote != std::string_view::npos) return quoted_value(scan, quote);
  }
  return bare_value(scan, key, separator, i);
}

/// Credentials of an Authorization header, whatever the scheme; the scheme's name stays.
void find_authorization(Scan& scan, const Key& key, std::size_t separator) {
  std::size_t i = skip_blanks(scan, separator + 1);
  char quote = '\0';
  if (scan.at(i) == '\\' && is_quote(scan.at(i + 1))) ++i;
  if (is_quote(scan.at(i))) {
    if (key.quote == '\0' && scan.inside_quotes(scan.at(i), key.begin)) return;
    quote = scan.at(i++);
  } else if (key.begin > 0 && is_quote(scan.at(key.begin - 1))) {
    quote = scan.at(key.begin - 1);  // curl -H 'Authorization: ...'
  }
  const std::size_t scheme = i;
  while (i < scheme + 32 && is_key_char(scan.at(i))) ++i;
  const std::string_view name = scan.text().substr(scheme, i - scheme);
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view n) {
      std::string_view rest = name;
      return rest.size() == n.size() && strip(rest, n);
    });
  };
  const bool known = is_one_of({"bearer", "basic", "token", "negotiate", "ntlm", "apikey", "dpop", "vapid", "gnap",
                                "digest", "oauth", "hawk", "aws4-hmac-sha256", "signature"});
  const bool parameters = is_one_of({"digest", "oauth", "hawk", "aws4-hmac-sha256", "signature", "vapid"});
  std::size_t begin = scheme;
  if (!name.empty() && is_blank(scan.at(i))) begin = skip_blanks(scan, i);
  std::size_t end = scan.bare_end(begin);
  if (parameters) {
    const std::size_t close = quote == '\0' ? std::string_view::npos : scan.closing_quote(quote, begin);
    end = std::min(close, scan.line_end(begin));
  }
  const std::string_view value = scan.text().substr(begin, end - begin);
  if (value.empty() || is_placeholder(value)) return;
  const std::string_view head = value.substr(0, kMaxLookahead);
  const bool looks_random = value.size() >= 8 && std::any_of(head.begin(), head.end(), is_digit) &&
                            head.find_first_of("([{") == std::string_view::npos;
  if (known && begin > scheme ? value.size() >= 6 : looks_random) {
    scan.add(begin, end, SecretConfidence::kHigh, "authorization");
  }
}

/// ?patchbay_token=... in a URL.
bool find_query_token(Scan& scan, const Key& key, std::size_t separator) {
  if (scan.at(separator) != '=' || key.begin == 0 || key.quote != '\0' || separator != key.end) return false;
  const char before = scan.at(key.begin - 1);
  const std::string_view name = scan.text().substr(key.begin, key.end - key.begin);
  const auto& names = query_token_names();
  if ((before != '?' && before != '&') || std::find(names.begin(), names.end(), name) == names.end()) return false;
  const std::size_t end = query_value_end(scan, separator + 1);
  const std::string_view value = scan.text().substr(separator + 1, end - separator - 1);
  if (value.size() >= 8 && !is_placeholder(value)) {
    scan.add(separator + 1, end, SecretConfidence::kHigh, "query_token");
  }
  return true;
}

}  // namespace

void find_assigned_secret(Scan& scan, std::size_t separator) {
  const auto key = key_before(scan, separator);
  if (!key) return;
  std::string_view name = scan.text().substr(key->begin, key->end - key->begin);
  if (std::string_view rest = name; strip(rest, "authorization") && word_boundary(rest, name[rest.size()])) {
    return find_authorization(scan, *key, separator);
  }
  const auto family = family_of(name);
  const bool maybe_query = scan.at(separator) == '=';
  if (maybe_query && find_query_token(scan, *key, separator)) return;
  if (!family) return;
  const auto value = value_after(scan, *key, separator);
  if (!value || value->begin >= value->end) return;
  if (is_secret_value(scan.text().substr(value->begin, value->end - value->begin), value->form, *family)) {
    scan.add(value->begin, value->end, SecretConfidence::kMedium, "assigned_secret");
  }
}

}  // namespace patchbay::redaction
