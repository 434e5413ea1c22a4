#include "glob.h"

#include <algorithm>

#include "patchbay/base/text.h"

namespace patchbay::workspace {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Length of the bracket expression at the start of `pattern`, 0 when it is not closed.
std::size_t bracket_length(std::string_view pattern) {
  std::size_t i = 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  const std::size_t close = pattern.find(']', i);
  return close == std::string_view::npos ? 0 : close + 1;
}

bool in_bracket(std::string_view bracket, char c) {
  bracket = bracket.substr(1, bracket.size() - 2);
  const bool inverted = bracket.starts_with('!') || bracket.starts_with('^');
  if (inverted) bracket.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < bracket.size(); ++i) {
    const auto low = static_cast<unsigned char>(lower(bracket[i]));
    if (i + 2 < bracket.size() && bracket[i + 1] == '-') {
      const auto high = static_cast<unsigned char>(lower(bracket[i + 2]));
      found = found || (low <= static_cast<unsigned char>(c) && static_cast<unsigned char>(c) <= high);
      i += 2;
    } else {
      found = found || low == static_cast<unsigned char>(c);
    }
  }
  return found != inverted;
}

/// Matches one pattern element other than '*' against `c`; sets how long the element is.
bool match_one(std::string_view pattern, char c, std::size_t* length) {
  *length = 1;
  if (pattern[0] == '?') return true;
  if (pattern[0] == '[') {
    if (const std::size_t n = bracket_length(pattern); n > 0) {
      *length = n;
      return in_bracket(pattern.substr(0, n), c);
    }
  }
  if (pattern[0] == '\\' && pattern.size() > 1) {
    *length = 2;
    return pattern[1] == c;
  }
  return pattern[0] == c;
}

bool has_wildcard(std::string_view part) { return part.find_first_of("*?[\\") != std::string_view::npos; }

}  // namespace

// The last star takes one more character whenever the rest does not fit; earlier stars never need to be tried
// again, so the work is bounded by the product of the lengths.
bool glob_match_component(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  std::size_t star = std::string_view::npos, star_name = 0;
  while (n < name.size()) {
    std::size_t length = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && match_one(pattern.substr(p), lower(name[n]), &length)) {
      p += length;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Glob::Glob(std::string_view pattern) {
  pattern = trim(pattern);
  if (pattern.starts_with('!')) {
    negated_ = true;
    pattern.remove_prefix(1);
  }
  while (pattern.starts_with("./")) pattern.remove_prefix(2);
  // "dir/" and "dir/**" both mean the directory and all below it, as a match of "dir" alone does.
  bool subtree = false;
  while (pattern.size() > 1 && (pattern.ends_with('/') || pattern.ends_with("/**"))) {
    subtree = subtree || pattern.ends_with("/**");
    pattern.remove_suffix(pattern.ends_with('/') ? 1 : 3);
  }
  anchored_ = subtree || pattern.find('/') != std::string_view::npos;
  while (pattern.starts_with('/')) pattern.remove_prefix(1);
  for (const std::string_view part : split(pattern, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "**" && !parts_.empty() && parts_.back() == "**") continue;
    parts_.push_back(to_lower_ascii(part));
  }
  if (parts_.size() == 2 && parts_[0] == "**" && parts_[1] != "**") {
    parts_.erase(parts_.begin());
    anchored_ = false;
  }
}

bool Glob::literal() const { return std::none_of(parts_.begin(), parts_.end(), has_wildcard); }

std::string Glob::as_path() const {
  std::string path;
  for (const std::string& part : parts_) path += (path.empty() ? "" : "/") + part;
  return path;
}

std::string Glob::for_ripgrep() const {
  std::string out = anchored_ && parts_[0] != "**" ? "/" : "";
  for (const char c : as_path()) {
    if (c == '{' || c == '}') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

bool Glob::matches_name(std::string_view name) const { return glob_match_component(parts_[0], name); }

bool Glob::matches(const std::vector<std::string_view>& components) const {
  if (parts_.empty()) return false;
  if (is_name_pattern()) return !components.empty() && matches_name(components.back());
  // reachable[i]: the parts so far can match the first i components.
  std::vector<char> reachable(components.size() + 1, 0);
  reachable[0] = 1;
  for (const std::string& part : parts_) {
    std::vector<char> next(components.size() + 1, 0);
    for (std::size_t i = 0; i <= components.size(); ++i) {
      if (part == "**") {
        next[i] = static_cast<char>(reachable[i] != 0 || (i > 0 && next[i - 1] != 0));
      } else if (i > 0 && reachable[i - 1] != 0) {
        next[i] = static_cast<char>(glob_match_component(part, components[i - 1]));
      }
    }
    reachable.swap(next);
  }
  return reachable.back() != 0;
}

}  // namespace patchbay::workspace
