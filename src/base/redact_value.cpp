// Which values are secrets. A wrong yes hides ordinary text, a wrong no shows a password, so the rules lean
// on how the value is written: a quoted literal is one, a bare word in the middle of code hardly ever is.

#include <algorithm>
#include <string>

#include "redact_scan.h"

namespace patchbay::redaction {
namespace {

constexpr std::size_t kExamined = 128;  // bytes of a value that decide; keeps the scan linear
constexpr std::size_t kMinSecret = 8;

/// Words that describe a secret, or stand in for one. Sorted.
constexpr std::string_view kVocabulary[] = {
    "a",
    "access",
    "admin",
    "all",
    "an",
    "and",
    "annotation",
    "any",
    "api",
    "app",
    "application",
    "array",
    "as",
    "attribute",
    "auth",
    "authentication",
    "authorization",
    "aws",
    "azure",
    "bar",
    "base",
    "basic",
    "baz",
    "be",
    "bearer",
    "bool",
    "boolean",
    "bot",
    "by",
    "bytes",
    "cancel",
    "cancellation",
    "change",
    "changed",
    "changeit",
    "changeme",
    "char",
    "class",
    "client",
    "cloud",
    "code",
    "comment",
    "config",
    "constant",
    "constructor",
    "consumer",
    "cookie",
    "credential",
    "credentials",
    "csrf",
    "current",
    "custom",
    "data",
    "database",
    "db",
    "default",
    "delimiter",
    "demo",
    "deploy",
    "dev",
    "disabled",
    "docker",
    "dummy",
    "email",
    "empty",
    "enabled",
    "encoded",
    "encrypted",
    "end",
    "enter",
    "env",
    "environment",
    "error",
    "example",
    "expected",
    "expired",
    "external",
    "fake",
    "false",
    "field",
    "file",
    "first",
    "foo",
    "for",
    "from",
    "function",
    "generate",
    "generated",
    "get",
    "git",
    "github",
    "gitlab",
    "given",
    "global",
    "goes",
    "google",
    "has",
    "hash",
    "header",
    "here",
    "hidden",
    "host",
    "id",
    "identifier",
    "in",
    "input",
    "insert",
    "internal",
    "invalid",
    "is",
    "it",
    "json",
    "jwt",
    "key",
    "keys",
    "keyword",
    "label",
    "last",
    "list",
    "local",
    "login",
    "map",
    "master",
    "me",
    "message",
    "missing",
    "mock",
    "must",
    "my",
    "name",
    "namespace",
    "new",
    "next",
    "nil",
    "no",
    "none",
    "not",
    "null",
    "number",
    "oauth",
    "object",
    "of",
    "old",
    "on",
    "one",
    "only",
    "openai",
    "operator",
    "option",
    "optional",
    "or",
    "our",
    "owner",
    "page",
    "param",
    "parameter",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "path",
    "placeholder",
    "please",
    "private",
    "prod",
    "production",
    "project",
    "provide",
    "provided",
    "provider",
    "public",
    "punctuation",
    "put",
    "random",
    "redacted",
    "ref",
    "refresh",
    "replace",
    "required",
    "reset",
    "root",
    "same",
    "sample",
    "scheme",
    "scope",
    "secret",
    "secrets",
    "self",
    "separator",
    "server",
    "service",
    "session",
    "set",
    "setting",
    "settings",
    "some",
    "something",
    "ssh",
    "staging",
    "start",
    "str",
    "string",
    "t",
    "tbd",
    "temporary",
    "test",
    "testing",
    "text",
    "that",
    "the",
    "this",
    "tls",
    "to",
    "todo",
    "token",
    "tokens",
    "true",
    "type",
    "undefined",
    "unknown",
    "unset",
    "use",
    "user",
    "username",
    "uuid",
    "valid",
    "value",
    "values",
    "var",
    "variable",
    "vault",
    "view",
    "web",
    "webhook",
    "whitespace",
    "with",
    "word",
    "x",
    "your",
};

static_assert(std::is_sorted(std::begin(kVocabulary), std::end(kVocabulary)));

bool in_vocabulary(std::string_view word) {
  std::string key(word);
  std::transform(key.begin(), key.end(), key.begin(), lower);
  return std::binary_search(std::begin(kVocabulary), std::end(kVocabulary), std::string_view(key));
}

/// Calls `f` with each word: separated by anything that is no letter, split again where camel case starts a
/// new one. Digits end a word. Stops when `f` returns false.
template <class F>
bool each_word(std::string_view text, F f) {
  for (std::size_t i = 0; i < text.size();) {
    if (!is_alpha(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() && is_alpha(text[end]) && !(is_upper(text[end]) && is_lower(text[end - 1]))) ++end;
    // "APIKey": the last capital starts the next word.
    if (end < text.size() && is_lower(text[end]) && is_upper(text[end - 1]) && end - i > 1) --end;
    if (!f(text.substr(i, end - i))) return false;
    i = end;
  }
  return true;
}

bool has_digit(std::string_view v) { return std::any_of(v.begin(), v.end(), is_digit); }
bool has_alpha(std::string_view v) { return std::any_of(v.begin(), v.end(), is_alpha); }
bool contains(std::string_view v, std::string_view part) { return v.find(part) != std::string_view::npos; }

std::size_t longest_digit_run(std::string_view v) {
  std::size_t longest = 0, run = 0;
  for (char c : v) {
    run = is_digit(c) ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

bool only_vocabulary(std::string_view v) {
  return has_alpha(v) && longest_digit_run(v) <= 1 && each_word(v, in_vocabulary);
}

bool is_number(std::string_view v) {
  if (v.starts_with("0x") || v.starts_with("0X")) {
    return std::all_of(v.begin() + 2, v.end(), [](char c) {
      return is_digit(c) || contains("abcdefABCDEF_", {&c, 1});
    });
  }
  return std::all_of(v.begin(), v.end(), [](char c) { return is_digit(c) || contains(".,+-_:/ ", {&c, 1}); });
}

bool has_few_distinct_characters(std::string_view v) {
  std::string seen;
  for (char c : v) {
    if (seen.find(c) == std::string::npos) seen += c;
    if (seen.size() > 2) return false;
  }
  return true;
}

/// A file name with folders. Keys in base64 may start with a slash too: those mix capitals and digits.
bool is_path(std::string_view v) {
  if (v.starts_with("./") || v.starts_with("../") || v.starts_with("~/")) return true;
  if (!v.starts_with('/')) return false;
  return contains(v, ".") || !has_digit(v) || std::none_of(v.begin(), v.end(), is_upper);
}

bool is_template(std::string_view v) {
  switch (v.front()) {
    case '<': return true;
    case '$': return v.size() > 1 && (is_alpha(v[1]) || v[1] == '{' || v[1] == '(' || v[1] == '_');
    case '{': return v.ends_with('}') || v.starts_with("{{");
    case '#': return v.starts_with("#{");
    case '%': return v.ends_with('%') || v.starts_with("%(") || v.starts_with("%{") || v.size() <= 3;
    default: break;
  }
  for (std::string_view part :
       {"${",       "{{",          "$(", "#{", "%s",  "os.environ", "process.env", "getenv", "ENV[", "env(",
        "secrets.", "import.meta", "[^", ".*", "\\w", "\\d",        "\\s",         "[a-z",   "[A-Z", "[0-9"}) {
    if (contains(v, part)) return true;
  }
  return false;
}

bool is_reference_scheme(std::string_view v) {
  for (std::string_view scheme : {"op://", "vault:", "env:", "ref+", "ENC[", "arn:", "file:", "secret:", "keyring:",
                                  "!secret", "!vault", "!Ref", "!Sub", "!env", "http://", "https://"}) {
    if (v.starts_with(scheme)) return true;
  }
  return false;
}

/// "settings.auth.token", "punctuation.definition"
bool is_dotted_name(std::string_view v) {
  return contains(v, ".") && is_alpha(v.front()) && v.back() != '.' && !contains(v, "..") &&
         std::all_of(v.begin(), v.end(), [](char c) { return is_alpha(c) || c == '.' || c == '_' || c == '-'; });
}

/// Sentences and labels: blanks, and no word that mixes letters and digits.
bool is_prose(std::string_view v) {
  if (!contains(v, " ")) return false;
  while (!v.empty()) {
    const std::size_t end = std::min(v.find(' '), v.size());
    const std::string_view word = v.substr(0, end);
    if (word.size() >= 6 && has_digit(word) && has_alpha(word)) return false;
    v.remove_prefix(std::min(end + 1, v.size()));
  }
  return true;
}

/// The last word describes a secret and no digit follows it.
bool ends_in_vocabulary(std::string_view v) {
  if (!is_alpha(v.back())) return false;
  std::string_view last;
  each_word(v, [&](std::string_view word) { return last = word, true; });
  return last.size() >= 3 && in_vocabulary(last);
}

/// _RSAPrivateKey, CancellationToken
bool is_type_name(std::string_view v) {
  if (v.front() == '_') v.remove_prefix(1);
  return !v.empty() && is_upper(v.front()) && std::any_of(v.begin(), v.end(), is_lower) &&
         std::all_of(v.begin(), v.end(), is_alpha) && ends_in_vocabulary(v);
}

/// Code that yields the value: calls, indexing, members, qualified names.
bool is_expression(std::string_view v) {
  if (v.find_first_of("([{") != std::string_view::npos || contains(v, "::") || contains(v, "->")) return true;
  if (!contains(v, ".") || !(is_alpha(v.front()) || v.front() == '_')) return false;
  // self.token2, cfg.v2.secret, ed25519.Ed25519PrivateKey: names all the way.
  return ends_in_vocabulary(v) || (!has_digit(v.substr(0, v.find('.'))) && longest_digit_run(v) <= 2);
}

/// oauth2_token, my_var1, Ed25519PrivateKey: names with digits in them.
bool is_identifier(std::string_view v) {
  if (!(is_alpha(v.front()) || v.front() == '_')) return false;
  if (!std::all_of(v.begin(), v.end(), [](char c) { return is_alnum(c) || c == '_' || c == '-'; })) return false;
  if (ends_in_vocabulary(v)) return true;
  return contains(v, "_") && longest_digit_run(v) <= 2 &&
         each_word(v, [](std::string_view word) { return word.size() >= 2; });
}

bool is_quoted_secret(std::string_view v, KeyFamily family) {
  if (is_prose(v) || is_type_name(v)) return false;
  // Themes, grammars and field maps call many things a token or a credential.
  const bool loose = family == KeyFamily::kToken;
  if (is_dotted_name(v)) return !loose;
  if (loose && !has_digit(v) && v.find_first_of("-_.:/") != std::string_view::npos) return false;
  return has_alpha(v);
}

bool is_whole_line_secret(std::string_view v, KeyFamily family) {
  if (is_expression(v) || is_identifier(v)) return false;
  if (has_digit(v)) return true;
  return family == KeyFamily::kPassword &&
         std::all_of(v.begin(), v.end(), [](char c) { return is_lower(c) || !is_alnum(c); });
}

bool is_bare_secret(std::string_view v) {
  if (is_expression(v) || is_identifier(v)) return false;
  // variable1, token12: a name with a number, not a password.
  const std::size_t letters = v.find_last_not_of("0123456789") + 1;
  return !(v.size() - letters <= 2 && std::all_of(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(letters),
                                                  [](char c) { return is_alpha(c) || c == '_'; }));
}

bool is_environment_secret(std::string_view v) {
  if (v.find_first_of("([{") != std::string_view::npos) return false;
  return !std::all_of(v.begin(), v.end(), [](char c) { return is_upper(c) || c == '_'; });
}

}  // namespace

bool is_placeholder(std::string_view value) {
  const std::string_view v = value.substr(0, kExamined);
  if (v.empty() || contains(v, kRedacted) || is_template(v) || is_reference_scheme(v)) return true;
  for (std::string_view part : {"...", "\xe2\x80\xa6", "***", "xxxx", "XXXX", "REDACTED", "redacted"}) {
    if (contains(v, part)) return true;
  }
  return is_number(v) || has_few_distinct_characters(v) || only_vocabulary(v) || is_path(v);
}

bool is_secret_value(std::string_view value, ValueForm form, KeyFamily family) {
  const std::string_view v = value.substr(0, kExamined);
  if (value.size() < kMinSecret || (form == ValueForm::kBare && !has_digit(v)) || is_placeholder(v)) return false;
  switch (form) {
    case ValueForm::kQuoted: return is_quoted_secret(v, family);
    case ValueForm::kWholeLine: return has_alpha(v) && is_whole_line_secret(v, family);
    case ValueForm::kBare: return has_alpha(v) && is_bare_secret(v);
    case ValueForm::kEnvironment: return has_alpha(v) && is_environment_secret(v);
  }
  return false;
}

}  // namespace patchbay::redaction
