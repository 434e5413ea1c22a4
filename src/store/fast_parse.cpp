#include <charconv>

#include "store/record_text.h"

// Ten thousand records are parsed while a client waits for the program to start. The general parser spends
// four times as long on its character-wise lexer and its look-ups; this one only ever reads text whose
// checksum held.

namespace patchbay::store {
namespace {

class FastParser {
 public:
  explicit FastParser(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) { open_.reserve(64); }

  bool parse(Json& out) {
    if (!value(out, 0)) return false;
    skip_space();
    return at_ == end_;
  }

 private:
  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view w) {
    if (static_cast<std::size_t>(end_ - at_) < w.size() || std::string_view(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }

  bool value(Json& out, int depth) {
    skip_space();
    if (at_ == end_) return false;
    switch (*at_) {
      case '{': return depth < kMaxRecordDepth && object(out, depth);
      case '[': return depth < kMaxRecordDepth && array(out, depth);
      case '"': {
        std::string text;
        if (!string(text)) return false;
        out = std::move(text);
        return true;
      }
      case 't': out = true; return word("true");
      case 'f': out = false; return word("false");
      case 'n': out = nullptr; return word("null");
      default: return number(out);
    }
  }

  bool object(Json& out, int depth) {
    ++at_;
    out = Json::object();
    skip_space();
    if (take('}')) return true;
    const std::size_t begin = open_.size();
    do {
      skip_space();
      std::string key;
      if (!string(key)) return false;
      skip_space();
      if (!take(':')) return false;
      Json member;
      if (!value(member, depth + 1)) return false;
      open_.emplace_back(std::move(key), std::move(member));
      skip_space();
    } while (take(','));
    // Only now: growing copies every key, because the library keeps them const, and spare room would stay for ever.
    auto& members = out.get_ref<Json::object_t&>();
    members.reserve(open_.size() - begin);
    for (std::size_t i = begin; i < open_.size(); ++i) {
      // Past the look-up for duplicates: our own writer makes none.
      members.std::vector<std::pair<const std::string, Json>>::emplace_back(std::move(open_[i].first),
                                                                            std::move(open_[i].second));
    }
    open_.resize(begin);
    return take('}');
  }

  bool array(Json& out, int depth) {
    ++at_;
    out = Json::array();
    auto& items = out.get_ref<Json::array_t&>();
    skip_space();
    if (take(']')) return true;
    do {
      items.emplace_back();
      if (!value(items.back(), depth + 1)) return false;
      skip_space();
    } while (take(','));
    return take(']');
  }

  bool string(std::string& out) {
    if (!take('"')) return false;
    const char* begin = at_;
    while (at_ != end_ && *at_ != '"' && *at_ != '\\' && static_cast<unsigned char>(*at_) >= 0x20) ++at_;
    if (at_ == end_) return false;
    out = std::string(begin, at_);  // assign() would round the capacity up, ten thousand times
    while (at_ != end_ && *at_ != '"') {
      const auto c = static_cast<unsigned char>(*at_++);
      if (c < 0x20) return false;
      if (c != '\\')
        out += static_cast<char>(c);
      else if (!escape(out))
        return false;
    }
    return take('"');
  }

  bool escape(std::string& out) {
    if (at_ == end_) return false;
    switch (*at_++) {
      case '"': out += '"'; return true;
      case '\\': out += '\\'; return true;
      case '/': out += '/'; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': return unicode(out);
      default: return false;
    }
  }

  /// Our writer escapes control characters only; everything above is the strict parser's.
  bool unicode(std::string& out) {
    unsigned code = 0;
    if (end_ - at_ < 4) return false;
    const auto [end, err] = std::from_chars(at_, at_ + 4, code, 16);
    if (err != std::errc() || end != at_ + 4 || code >= 0x80) return false;
    at_ += 4;
    out += static_cast<char>(code);
    return true;
  }

  bool digits() {
    const char* begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != begin;
  }

  bool number(Json& out) {
    const char* begin = at_;
    const bool negative = take('-');
    const char* first = at_;
    if (!digits() || (*first == '0' && at_ - first > 1)) return false;
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!digits()) return false;
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    if (!whole) return convert<double>(begin, out);
    return negative ? convert<std::int64_t>(begin, out) : convert<std::uint64_t>(begin, out);
  }

  template <class T>
  bool convert(const char* begin, Json& out) {
    T v{};
    const auto [end, err] = std::from_chars(begin, at_, v);
    if (err != std::errc() || end != at_) return false;
    out = v;
    return true;
  }

  const char* at_;
  const char* end_;
  std::vector<std::pair<std::string, Json>> open_;  ///< members of the objects that are being read, outermost first
};

}  // namespace

bool parse_fast(std::string_view text, Json& out) { return FastParser(text).parse(out); }

Result<Json> parse_body(std::string_view body) {
  Json record;
  if (parse_fast(body, record)) return record;
  json::ParseLimits limits;
  limits.max_nodes = kMaxRecordBytes;
  return json::parse(body, limits);
}

}  // namespace patchbay::store
