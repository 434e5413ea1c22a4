#include "git/wildmatch.h"

#include <cctype>
#include <cstddef>

namespace patchbay::git {
namespace {

constexpr int kMaxSteps = 200'000;

class Matcher {
 public:
  explicit Matcher(bool ignore_case) : fold_(ignore_case) {}

  bool match(std::string_view p, std::string_view t) {
    while (!p.empty()) {
      if (++steps_ > kMaxSteps) return false;
      switch (p[0]) {
        case '*': return star(p, t);
        case '?':
          if (t.empty() || t[0] == '/') return false;
          p.remove_prefix(1);
          t.remove_prefix(1);
          continue;
        case '[': {
          if (t.empty() || t[0] == '/') return false;
          std::size_t used = 0;
          if (!bracket(p, t[0], &used)) return false;
          p.remove_prefix(used);
          t.remove_prefix(1);
          continue;
        }
        case '\\':
          if (p.size() < 2) return false;
          p.remove_prefix(1);
          [[fallthrough]];
        default:
          if (t.empty() || lower(p[0]) != lower(t[0])) return false;
          p.remove_prefix(1);
          t.remove_prefix(1);
      }
    }
    return t.empty();
  }

 private:
  char lower(char c) const { return fold_ ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c; }

  // `at_start` of a component is known from the byte before the star in the pattern.
  bool star(std::string_view p, std::string_view t) {
    std::size_t stars = 0;
    while (stars < p.size() && p[stars] == '*') ++stars;
    const bool opens = p.data() == begin_ || p.data()[-1] == '/';
    std::string_view rest = p.substr(stars);
    const bool closes = rest.empty() || rest[0] == '/';
    if (stars == 2 && opens && closes) {
      if (rest.empty()) return true;
      // "**/" matches zero or more directories.
      rest.remove_prefix(1);
      for (;;) {
        if (match(rest, t)) return true;
        if (steps_ > kMaxSteps) return false;
        const std::size_t slash = t.find('/');
        if (slash == std::string_view::npos) return false;
        t.remove_prefix(slash + 1);
      }
    }
    for (;;) {
      if (match(rest, t)) return true;
      if (++steps_ > kMaxSteps || t.empty() || t[0] == '/') return false;
      t.remove_prefix(1);
    }
  }

  // Whether `c` is in the set that starts at p[0] == '['; `used` is the set's length.
  bool bracket(std::string_view p, char c, std::size_t* used) const {
    std::size_t i = 1;
    const bool negated = i < p.size() && (p[i] == '!' || p[i] == '^');
    if (negated) ++i;
    bool found = false;
    bool first = true;
    const char want = lower(c);
    for (;; first = false) {
      if (i >= p.size()) return false;  // never closed: matches nothing
      if (p[i] == ']' && !first) break;
      if (p.substr(i, 2) == "[:") {
        const std::size_t end = p.find(":]", i + 2);
        if (end != std::string_view::npos) {
          found |= in_class(p.substr(i + 2, end - i - 2), c);
          i = end + 2;
          continue;
        }
      }
      if (p[i] == '\\' && i + 1 < p.size()) ++i;
      const char low = lower(p[i++]);
      if (i + 1 < p.size() && p[i] == '-' && p[i + 1] != ']') {
        ++i;
        if (p[i] == '\\' && i + 1 < p.size()) ++i;
        const char high = lower(p[i++]);
        found |= static_cast<unsigned char>(low) <= static_cast<unsigned char>(want) &&
                 static_cast<unsigned char>(want) <= static_cast<unsigned char>(high);
      } else {
        found |= low == want;
      }
    }
    *used = i + 1;
    return found != negated;
  }

  bool in_class(std::string_view name, char c) const {
    const auto u = static_cast<unsigned char>(c);
    if (name == "alnum") return std::isalnum(u);
    if (name == "alpha") return std::isalpha(u);
    if (name == "digit") return std::isdigit(u);
    if (name == "lower") return std::islower(u) || (fold_ && std::isupper(u));
    if (name == "upper") return std::isupper(u) || (fold_ && std::islower(u));
    if (name == "space") return std::isspace(u);
    if (name == "blank") return c == ' ' || c == '\t';
    if (name == "punct") return std::ispunct(u);
    if (name == "xdigit") return std::isxdigit(u);
    if (name == "print") return std::isprint(u);
    if (name == "graph") return std::isgraph(u);
    if (name == "cntrl") return std::iscntrl(u);
    return false;
  }

  friend bool patchbay::git::wildmatch(std::string_view, std::string_view, bool);
  bool fold_;
  const char* begin_ = nullptr;
  int steps_ = 0;
};

}  // namespace

bool wildmatch(std::string_view pattern, std::string_view text, bool ignore_case) {
  Matcher m(ignore_case);
  m.begin_ = pattern.data();
  return m.match(pattern, text);
}

}  // namespace patchbay::git
