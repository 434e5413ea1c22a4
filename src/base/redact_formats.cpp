// Keys whose format gives them away: provider prefixes, JSON web tokens, private key blocks, URL passwords.

#include <algorithm>

#include "redact_scan.h"

namespace patchbay::redaction {
namespace {

constexpr auto kHigh = SecretConfidence::kHigh;
constexpr std::size_t kClassified = 64;      // how much of a long run decides what it is
constexpr std::size_t kMaxAuthority = 1024;  // of a URL
constexpr std::size_t kMinPemLetters = 16;

/// A prefix followed by key characters to the end of their run.
struct Prefix {
  std::string_view text;  // ends with its anchor
  std::size_t rest;       // at least this many characters after it
  std::string_view kind;
};
constexpr Prefix kDashPrefixes[] = {{"sk-", 20, "openai_key"},    {"glpat-", 20, "gitlab_token"},
                                    {"xoxa-", 10, "slack_token"}, {"xoxb-", 10, "slack_token"},
                                    {"xoxp-", 10, "slack_token"}, {"xoxr-", 10, "slack_token"},
                                    {"xoxs-", 10, "slack_token"}};
constexpr Prefix kUnderscorePrefixes[] = {
    {"ghp_", 36, "github_token"},      {"gho_", 36, "github_token"},   {"ghu_", 36, "github_token"},
    {"ghs_", 36, "github_token"},      {"ghr_", 36, "github_token"},   {"github_pat_", 22, "github_token"},
    {"npm_", 36, "npm_token"},         {"sk_live_", 20, "stripe_key"}, {"rk_live_", 20, "stripe_key"},
    {"hf_", 30, "hugging_face_token"},
};

/// "sk-fading-circle-animation" is a style class: several hyphens between lower-case words.
bool is_hyphenated_words(std::string_view rest) {
  rest = rest.substr(0, kClassified);
  return std::count(rest.begin(), rest.end(), '-') >= 2 &&
         std::none_of(rest.begin(), rest.end(), [](char c) { return is_upper(c) || is_digit(c); });
}

template <std::size_t N>
void find_prefixed(Scan& scan, std::size_t anchor, const Prefix (&prefixes)[N]) {
  for (const Prefix& p : prefixes) {
    if (anchor + 1 < p.text.size() || scan.at(anchor - 1) != p.text[p.text.size() - 2]) continue;
    const std::size_t begin = anchor + 1 - p.text.size();
    if (!scan.has(begin, p.text) || !scan.word_starts(begin)) continue;
    const std::size_t end = scan.key_run_end(anchor + 1);
    if (end - (anchor + 1) < p.rest) continue;
    if (is_hyphenated_words(scan.text().substr(anchor + 1, end - anchor - 1))) continue;
    scan.add(begin, end, kHigh, p.kind);
    return;
  }
}

/// AKIA or ASIA and exactly 16 capitals and digits; AIza and at least 35 key characters.
void find_cloud_key(Scan& scan, std::size_t anchor) {
  if (anchor >= 1 && scan.has(anchor - 1, "AIza")) {
    const std::size_t rest = anchor + 3;
    if (scan.word_starts(anchor - 1) && scan.key_run_end(anchor) - rest >= 35) {
      scan.add(anchor - 1, scan.key_run_end(anchor), kHigh, "google_key");
    }
    return;
  }
  if (anchor < 2 || !(scan.has(anchor - 2, "AKIA") || scan.has(anchor - 2, "ASIA"))) return;
  std::size_t end = anchor + 2;
  while (end < anchor + 19 && (is_upper(scan.at(end)) || is_digit(scan.at(end)))) ++end;
  if (end == anchor + 18 && !is_alnum(scan.at(end)) && scan.word_starts(anchor - 2)) {
    scan.add(anchor - 2, end, kHigh, "aws_key");
  }
}

/// Three base64url parts, the first one a JSON object ("eyJ").
void find_json_web_token(Scan& scan, std::size_t anchor) {
  if (anchor < 2 || !scan.has(anchor - 2, "eyJ")) return;
  const std::size_t begin = anchor - 2;
  if (!scan.word_starts(begin) || scan.at(begin - 1) == '-' || scan.at(begin - 1) == '_') return;
  std::size_t end = begin;
  for (int part = 0; part < 3; ++part) {
    const std::size_t from = part == 0 ? begin : end + 1;
    if (part > 0 && scan.at(end) != '.') return;
    end = scan.key_run_end(from);
    if (end - from < 4) return;
  }
  scan.add(begin, end, kHigh, "json_web_token");
}

struct PemLine {
  bool body = false;               // may stand inside a private key block
  std::size_t begin = 0, end = 0;  // its base64 text; empty for blank lines and headers
};

/// One line of a block, also when it is quoted source text ("MII...\n" +).
PemLine read_pem_line(std::string_view line) {
  PemLine out;
  const std::size_t colon = line.find(": ");
  if (colon != std::string_view::npos && colon < 32 && is_alpha(line.front())) {
    out.body = line.starts_with("Proc-Type") || line.starts_with("DEK-Info") || line.starts_with("Version") ||
               line.starts_with("Comment");
    return out;
  }
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\\' && i + 1 < line.size()) {
      ++i;
    } else if (is_alnum(c) || c == '/' || c == '=' || (c == '+' && out.begin != out.end)) {
      if (out.begin == out.end) out.begin = i;
      out.end = i + 1;
    } else if (!is_space(c) && !is_quote(c) && c != '+' && c != ',' && c != '-') {
      return {};
    }
  }
  // A plus that closes the line joins two string literals; one inside the run is part of it.
  out.body = true;
  return out;
}

}  // namespace

void find_key_format(Scan& scan, std::size_t anchor) {
  if (anchor < 2) return;
  // The two characters before the anchor rule out nearly every identifier and dash.
  const char before = scan.at(anchor - 1), first = scan.at(anchor - 2);
  switch (scan.at(anchor)) {
    case '-':
      if (first == 'x' || (first == 's' && before == 'k') || (first == 'a' && before == 't')) {
        find_prefixed(scan, anchor, kDashPrefixes);
      }
      return;
    case '_':
      if ((first == 'g' || first == 'h') || (before == 't' && first == 'a') || (before == 'm' && first == 'p') ||
          (before == 'e' && first == 'v')) {
        find_prefixed(scan, anchor, kUnderscorePrefixes);
      }
      return;
    case 'I': return find_cloud_key(scan, anchor);
    default: return find_json_web_token(scan, anchor);
  }
}

// Only the text between the armour lines is a secret. Each line gets its own span, so that redacted text
// keeps its lines, their numbers and their diff signs. A block that is cut off counts when its lines look the
// part.
void find_private_key(Scan& scan, std::size_t anchor) {
  if (!scan.has(anchor, "-----BEGIN ")) return;
  const std::string_view text = scan.text();
  const std::string_view header = text.substr(anchor + 11, 64);
  const std::size_t dashes = header.find("-----");
  if (dashes == std::string_view::npos || header.substr(0, dashes).find("PRIVATE KEY") == std::string_view::npos) {
    return;
  }
  const std::size_t body = anchor + 11 + dashes + 5;
  std::size_t at = body;
  const std::string_view prefix = text.substr(scan.line_begin(anchor), anchor - scan.line_begin(anchor));
  const bool keep_prefix = prefix.size() <= 64;
  std::vector<std::pair<std::size_t, std::size_t>> found;
  std::size_t letters = 0;
  bool terminated = false;
  while (at < text.size()) {
    const std::size_t eol = scan.line_end(at);
    std::string_view line = text.substr(at, eol - at);
    // The rest of the header's own line is empty, or the whole block with escaped line feeds.
    const std::size_t skipped = at != body && keep_prefix && line.starts_with(prefix) ? prefix.size() : 0;
    line.remove_prefix(skipped);
    const std::size_t armour = line.find("-----");
    const PemLine pem = read_pem_line(line.substr(0, armour));
    if (!pem.body) break;
    if (pem.begin < pem.end) {
      found.emplace_back(at + skipped + pem.begin, at + skipped + pem.end);
      letters += pem.end - pem.begin;
    }
    if (armour != std::string_view::npos) {
      terminated = line.substr(armour).starts_with("-----END");
      break;
    }
    at = eol + 1;
  }
  if (letters < (terminated ? kMinPemLetters : 2 * kMinPemLetters)) return;
  for (const auto& [begin, end] : found) scan.add(begin, end, kHigh, "private_key");
}

void find_url_password(Scan& scan, std::size_t anchor) {
  if (anchor == 0 || !is_alnum(scan.at(anchor - 1)) || !scan.has(anchor, "://")) return;
  const std::size_t begin = anchor + 3;
  std::size_t colon = 0, last_at = 0;
  for (std::size_t i = begin; i < scan.size() && i < begin + kMaxAuthority; ++i) {
    const char c = scan.at(i);
    if (is_space(c) || is_quote(c) || c == '/' || c == '?' || c == '#' || c == '\\') break;
    if (c == ':' && colon == 0) colon = i;
    if (c == '@') last_at = i;
  }
  if (colon == 0 || last_at <= colon + 1) return;
  const std::string_view password = scan.text().substr(colon + 1, last_at - colon - 1);
  const char first = password.front();
  if (first == '<' || first == '$' || first == '{' || first == '%' || first == '*' || first == '[') return;
  if (password.size() >= 6 && is_placeholder(password)) return;
  scan.add(colon + 1, last_at, kHigh, "url_password");
}

}  // namespace patchbay::redaction
