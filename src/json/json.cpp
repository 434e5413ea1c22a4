#include "patchbay/json/json.h"

#include <algorithm>
#include <unordered_set>

#include "patchbay/base/text.h"

namespace patchbay::json {
namespace {

/// Builds the value while counting; stops at the first violation, so nothing deep or wide ever exists.
class LimitedBuilder {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  LimitedBuilder(const ParseLimits& limits, Json& root) : limits_(limits), root_(root) {}

  bool null() { return add(nullptr); }
  bool boolean(bool v) { return add(v); }
  bool number_integer(number_integer_t v) { return add(v); }
  bool number_unsigned(number_unsigned_t v) { return add(v); }
  bool number_float(number_float_t v, const string_t&) { return add(v); }
  bool string(string_t& v) { return add(std::move(v)); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool key(string_t& k) {
    Frame& frame = stack_.back();
    if (!is_new(frame, k)) return fail("duplicate key");
    if (frame.value->size() >= limits_.max_members) return fail("too many members in one object");
    frame.key = std::move(k);
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return fail("not valid JSON at byte " + std::to_string(position));
  }

  const std::string& reason() const { return reason_; }

 private:
  struct Frame {
    Json* value;
    std::string key;
    std::unordered_set<std::string> keys;  ///< empty while the object is small
  };

  /// Few keys are compared one by one; from kFewKeys on the set answers.
  static bool is_new(Frame& frame, const std::string& k) {
    constexpr std::size_t kFewKeys = 24;
    const auto& members = frame.value->get_ref<const Json::object_t&>();
    if (members.size() < kFewKeys) {
      return std::none_of(members.begin(), members.end(), [&](const auto& member) { return member.first == k; });
    }
    if (frame.keys.empty()) {
      for (const auto& [name, value] : members) frame.keys.insert(name);
    }
    return frame.keys.insert(k).second;
  }

  bool fail(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
    return false;
  }

  template <class V>
  Json* place(V&& v) {
    if (++nodes_ > limits_.max_nodes) {
      fail("too many values");
      return nullptr;
    }
    if (stack_.empty()) {
      root_ = std::forward<V>(v);
      return &root_;
    }
    Frame& top = stack_.back();
    if (top.value->is_array()) {
      top.value->push_back(std::forward<V>(v));
      return &top.value->back();
    }
    // The key was checked against the set, so it can be appended without the linear look-up.
    auto& members = top.value->get_ref<Json::object_t&>();
    if (members.empty()) members.reserve(kFirstMembers);
    members.std::vector<std::pair<const std::string, Json>>::emplace_back(top.key, std::forward<V>(v));
    return &members.back().second;
  }

  template <class V>
  bool add(V&& v) {
    return place(Json(std::forward<V>(v))) != nullptr;
  }
  bool open(Json container) {
    if (stack_.size() >= limits_.max_depth) return fail("nested too deeply");
    Json* at = place(std::move(container));
    if (at == nullptr) return false;
    stack_.push_back({at, {}, {}});
    return true;
  }
  bool close() {
    stack_.pop_back();
    return true;
  }

  /// An object that grows copies its members, with all that is in them; few messages and arguments grow past this.
  static constexpr std::size_t kFirstMembers = 4;

  const ParseLimits& limits_;
  Json& root_;
  std::vector<Frame> stack_;
  std::size_t nodes_ = 0;
  std::string reason_;
};

Error malformed_at(std::size_t byte) {
  return {ErrorCode::kInvalidArgument, "not valid JSON at byte " + std::to_string(byte), {}, {}};
}

}  // namespace

Result<Json> parse(std::string_view text, const ParseLimits& limits) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  // The library would skip a second mark, and take a NUL for the end of the text whatever follows it.
  if (text.starts_with(kByteOrderMark)) return malformed_at(1);
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) return malformed_at(nul + 1);
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string_view::npos) {
    return Error{ErrorCode::kInvalidArgument, "not valid UTF-8 at byte " + std::to_string(bad), {}, {}};
  }
  Json root;
  LimitedBuilder builder(limits, root);
  bool ok = false;
  try {
    ok = Json::sax_parse(text, &builder);
  } catch (const Json::exception&) {
    ok = false;  // a number out of range
  }
  if (!ok) {
    const std::string reason = builder.reason().empty() ? "not valid JSON" : builder.reason();
    return Error{ErrorCode::kInvalidArgument, reason, {}, {}};
  }
  return root;
}

std::string dump_pretty(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

std::optional<std::string> find_string(const Json& object, std::string_view key) {
  const Json* v = find(object, key);
  if (v == nullptr || !v->is_string()) return std::nullopt;
  return v->get_ref<const std::string&>();
}

std::string get_string(const Json& object, std::string_view key, std::string_view fallback) {
  auto v = find_string(object, key);
  return v ? std::move(*v) : std::string(fallback);
}

std::optional<std::int64_t> find_int(const Json& object, std::string_view key) {
  const Json* v = find(object, key);
  if (v == nullptr || !v->is_number_integer()) return std::nullopt;
  if (v->is_number_unsigned() && v->get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  return v->get<std::int64_t>();
}

std::int64_t get_int(const Json& object, std::string_view key, std::int64_t fallback) {
  return find_int(object, key).value_or(fallback);
}

std::optional<double> find_double(const Json& object, std::string_view key) {
  const Json* v = find(object, key);
  if (v == nullptr || !v->is_number()) return std::nullopt;
  return v->get<double>();
}

double get_double(const Json& object, std::string_view key, double fallback) {
  return find_double(object, key).value_or(fallback);
}

bool get_bool(const Json& object, std::string_view key, bool fallback) {
  const Json* v = find(object, key);
  return v != nullptr && v->is_boolean() ? v->get<bool>() : fallback;
}

}  // namespace patchbay::json
