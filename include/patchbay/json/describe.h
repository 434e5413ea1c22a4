#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "patchbay/json/json.h"

/// One description of a struct serves four readers: JSON Schema, parser, writer and reference page.
///
///     struct Args {
///       std::string path;
///       int max_lines = 400;
///       template <class V> static void describe(V& v) {
///         v.required("path", &Args::path, "Text file, relative to the workspace root.");
///         v.optional("max_lines", &Args::max_lines, "Lines to return.", json::Range{1, 2000});
///       }
///     };
///
/// Member types: bool, int, int64_t, double, std::string, std::vector<T>, std::optional<T>, Json (anything),
/// std::map<std::string, T>, and structs that have a describe() of their own.
/// `v.members(&Outer::inner)` puts the members of a described struct beside one's own; in replies it may be a
/// std::optional, whose members are left out while it is empty, or a Json object, whose members are written as they are
/// and are not part of the schema.
/// In arguments absent and null mean the same. In replies `field` members are always written, null when an
/// optional is empty; `optional` members are left out when they are an empty std::optional.
namespace patchbay::json {

/// Whole numbers outside are clamped and the clamp is reported, never refused (tools.md 10).
struct Range {
  std::int64_t min;
  std::int64_t max;
};
/// The only strings allowed.
struct Choice {
  std::vector<std::string> values;
};
/// Of the allowed strings, those that the schema shows; the others are accepted for compatibility.
struct ShownChoice {
  std::vector<std::string> values;
};
/// Longest string in bytes.
struct MaxLength {
  std::size_t bytes;
};
/// Default shown in the schema when the member's own default is not the whole story.
struct ShownDefault {
  Json value;
};

/// What is known about one member besides its type.
struct Constraints {
  std::optional<Range> range;
  std::optional<Choice> choice;
  std::optional<ShownChoice> shown_choice;
  std::optional<MaxLength> max_length;
  std::optional<ShownDefault> shown_default;

  void add(Range r) { range = r; }
  void add(Choice c) { choice = std::move(c); }
  void add(ShownChoice c) { shown_choice = std::move(c); }
  void add(MaxLength m) { max_length = m; }
  void add(ShownDefault d) { shown_default = std::move(d); }
};

template <class... Options>
Constraints constraints_of(const Options&... options) {
  Constraints c;
  (c.add(options), ...);
  return c;
}

// ---- type traits ------------------------------------------------------------------------------------

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct remove_optional {
  using type = T;
};
template <class T>
struct remove_optional<std::optional<T>> {
  using type = T;
};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_string_map : std::false_type {};
template <class T>
struct is_string_map<std::map<std::string, T>> : std::true_type {};

struct AnyVisitor {
  template <class... A>
  void required(A&&...) {}
  template <class... A>
  void optional(A&&...) {}
  template <class... A>
  void field(A&&...) {}
  template <class... A>
  void members(A&&...) {}
};
template <class T>
concept Described = requires(AnyVisitor& v) {
  T::describe(v);
};

// ---- schema -----------------------------------------------------------------------------------------

enum class SchemaStyle {
  kInput,       ///< closed object, bounds, defaults, descriptions
  kOutputBrief  ///< open object, top-level members and types only (mcp.md T10)
};

template <class T>
Json type_schema(SchemaStyle style, const Constraints& c);

/// Builds {"type":"object","properties":{...},"required":[...],"additionalProperties":false}.
template <class T>
class SchemaVisitor {
 public:
  explicit SchemaVisitor(SchemaStyle style) : style_(style) {}

  template <class M, class... O>
  void required(const char* name, M T::*member, const char* description, const O&... options) {
    add(name, member, description, options...);
    required_.push_back(name);
  }
  template <class M, class... O>
  void optional(const char* name, M T::*member, const char* description, const O&... options) {
    Json& property = add(name, member, description, options...);
    if (style_ != SchemaStyle::kInput) return;
    const Constraints c = constraints_of(options...);
    if (c.shown_default) {
      property["default"] = c.shown_default->value;
    } else if constexpr (!is_optional<M>::value && (std::is_arithmetic_v<M> || std::is_same_v<M, std::string>)) {
      if (!(std::is_same_v<M, std::string> && (defaults_.*member) == M{})) property["default"] = defaults_.*member;
    }
  }
  template <class M, class... O>
  void field(const char* name, M T::*member, const char* description = "", const O&... options) {
    add(name, member, description, options...);
  }

  /// The members of a described struct appear as if they were this one's own.
  template <class M>
  requires(!std::is_same_v<M, Json>) void members(M T::*) {
    using Inner = typename remove_optional<M>::type;
    SchemaVisitor<Inner> inner(style_);
    Inner::describe(inner);
    inner.move_into(properties_, required_);
  }
  void members(Json T::*) {}
  void move_into(Json& properties, std::vector<std::string>& required) {
    for (auto& [name, property] : properties_.items()) properties[name] = std::move(property);
    required.insert(required.end(), required_.begin(), required_.end());
  }

  Json finish() {
    Json s;
    s["type"] = "object";
    s["properties"] = std::move(properties_);
    if (!required_.empty() && style_ == SchemaStyle::kInput) s["required"] = required_;
    s["additionalProperties"] = style_ != SchemaStyle::kInput;
    return s;
  }

 private:
  template <class M, class... O>
  Json& add(const char* name, M T::*, const char* description, const O&... options) {
    Json p = type_schema<M>(style_, constraints_of(options...));
    if (style_ == SchemaStyle::kInput && *description != '\0') p["description"] = description;
    return properties_[name] = std::move(p);
  }

  SchemaStyle style_;
  T defaults_{};
  Json properties_ = Json::object();
  std::vector<std::string> required_;
};

template <class T>
Json schema_of(SchemaStyle style) {
  SchemaVisitor<T> v(style);
  T::describe(v);
  return v.finish();
}

Json scalar_schema(const char* type, const Constraints& c);
/// Adds "null" to the type of a schema.
Json nullable(Json schema);

template <class T>
Json type_schema(SchemaStyle style, const Constraints& c) {
  if constexpr (is_optional<T>::value) {
    Json inner = type_schema<typename T::value_type>(style, c);
    return style == SchemaStyle::kInput ? inner : nullable(std::move(inner));
  } else if constexpr (std::is_same_v<T, bool>) {
    return scalar_schema("boolean", {});
  } else if constexpr (std::is_integral_v<T>) {
    return scalar_schema("integer", style == SchemaStyle::kInput ? c : Constraints{});
  } else if constexpr (std::is_floating_point_v<T>) {
    return scalar_schema("number", {});
  } else if constexpr (std::is_same_v<T, std::string>) {
    return scalar_schema("string", style == SchemaStyle::kInput ? c : Constraints{});
  } else if constexpr (is_vector<T>::value) {
    Json s;
    s["type"] = "array";
    if (style == SchemaStyle::kInput) s["items"] = type_schema<typename T::value_type>(style, c);
    return s;
  } else if constexpr (std::is_same_v<T, Json>) {
    return Json::object();
  } else if constexpr (is_string_map<T>::value) {
    return scalar_schema("object", {});
  } else {
    static_assert(Described<T>, "this member type has no describe()");
    if (style == SchemaStyle::kOutputBrief) return scalar_schema("object", {});
    return schema_of<T>(style);
  }
}

// ---- parser -----------------------------------------------------------------------------------------

/// One thing wrong with the arguments.
struct Problem {
  ErrorCode code;    ///< kMissingArgument, kUnknownArgument, kInvalidArgument
  std::string path;  ///< "name", "name[2]", "name.child"
  std::string message;
};

/// What parsing found. `clamped` lists arguments that were moved into their range, with the value used.
struct ParseReport {
  std::vector<Problem> problems;
  std::vector<std::pair<std::string, std::int64_t>> clamped;

  bool ok() const { return problems.empty(); }
  void add(ErrorCode code, std::string path, std::string message) {
    problems.push_back({code, std::move(path), std::move(message)});
  }
};

bool parse_bool(const Json& v, const std::string& path, bool* out, ParseReport& r);
bool parse_int(const Json& v, const std::string& path, const Constraints& c, std::int64_t* out, ParseReport& r);
bool parse_double(const Json& v, const std::string& path, double* out, ParseReport& r);
bool parse_string(const Json& v, const std::string& path, const Constraints& c, std::string* out, ParseReport& r);
void report_unknown(const Json& object, const std::vector<std::string>& known, const std::string& prefix,
                    ParseReport& r);
void report_type(const std::string& path, const char* wanted, const Json& got, ParseReport& r);

template <class T>
void parse_into(const Json& object, T& out, const std::string& prefix, ParseReport& r);

template <class T>
bool parse_value(const Json& v, const std::string& path, const Constraints& c, T* out, ParseReport& r) {
  if constexpr (is_optional<T>::value) {
    typename T::value_type inner{};
    if (!parse_value(v, path, c, &inner, r)) return false;
    *out = std::move(inner);
    return true;
  } else if constexpr (std::is_same_v<T, bool>) {
    return parse_bool(v, path, out, r);
  } else if constexpr (std::is_integral_v<T>) {
    std::int64_t n = 0;
    Constraints bounded = c;
    if (!bounded.range && sizeof(T) < sizeof(std::int64_t)) bounded.range = Range{INT32_MIN, INT32_MAX};
    if (!parse_int(v, path, bounded, &n, r)) return false;
    *out = static_cast<T>(n);
    return true;
  } else if constexpr (std::is_floating_point_v<T>) {
    return parse_double(v, path, out, r);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return parse_string(v, path, c, out, r);
  } else if constexpr (is_vector<T>::value) {
    if (!v.is_array()) return report_type(path, "an array", v, r), false;
    T list;
    bool ok = true;
    for (std::size_t i = 0; i < v.size(); ++i) {
      typename T::value_type item{};
      ok = parse_value(v[i], path + "[" + std::to_string(i) + "]", c, &item, r) && ok;
      list.push_back(std::move(item));
    }
    *out = std::move(list);
    return ok;
  } else if constexpr (std::is_same_v<T, Json>) {
    *out = v;
    return true;
  } else {
    if (!v.is_object()) return report_type(path, "an object", v, r), false;
    const std::size_t before = r.problems.size();
    parse_into(v, *out, path + ".", r);
    return r.problems.size() == before;
  }
}

template <class T>
class ParseVisitor {
 public:
  ParseVisitor(const Json& object, T& out, std::string prefix, ParseReport& r)
      : object_(object), out_(out), prefix_(std::move(prefix)), report_(r) {}

  template <class M, class... O>
  void required(const char* name, M T::*member, const char*, const O&... options) {
    const Json* v = known(name);
    if (v == nullptr) {
      report_.add(ErrorCode::kMissingArgument, prefix_ + name, "is required");
      return;
    }
    parse_value(*v, prefix_ + name, constraints_of(options...), &(out_.*member), report_);
  }
  template <class M, class... O>
  void optional(const char* name, M T::*member, const char*, const O&... options) {
    if (const Json* v = known(name)) {
      parse_value(*v, prefix_ + name, constraints_of(options...), &(out_.*member), report_);
    }
  }
  template <class M, class... O>
  void field(const char* name, M T::*member, const char* description = "", const O&... options) {
    optional(name, member, description, options...);
  }

  template <class M>
  void members(M T::*member) {
    ParseVisitor<M> inner(object_, out_.*member, prefix_, report_);
    M::describe(inner);
    names_.insert(names_.end(), inner.names().begin(), inner.names().end());
  }
  const std::vector<std::string>& names() const { return names_; }

  void finish() { report_unknown(object_, names_, prefix_, report_); }

 private:
  const Json* known(const char* name) {
    names_.emplace_back(name);
    auto it = object_.find(name);
    return it == object_.end() || it->is_null() ? nullptr : &*it;
  }

  const Json& object_;
  T& out_;
  std::string prefix_;
  ParseReport& report_;
  std::vector<std::string> names_;
};

template <class T>
void parse_into(const Json& object, T& out, const std::string& prefix, ParseReport& r) {
  ParseVisitor<T> v(object, out, prefix, r);
  T::describe(v);
  v.finish();
}

/// Parses an arguments object. Problems are all reported, not only the first.
template <class T>
ParseReport parse_args(const Json& object, T& out) {
  ParseReport r;
  if (!object.is_object()) {
    r.add(ErrorCode::kInvalidArgument, "", "arguments must be an object");
    return r;
  }
  parse_into(object, out, "", r);
  return r;
}

// ---- writer -----------------------------------------------------------------------------------------

template <class T>
Json to_json(const T& value);

/// Counts the members that a struct describes as its own.
struct CountVisitor {
  std::size_t count = 0;
  template <class... A>
  void required(A&&...) {
    ++count;
  }
  template <class... A>
  void optional(A&&...) {
    ++count;
  }
  template <class... A>
  void field(A&&...) {
    ++count;
  }
  template <class... A>
  void members(A&&...) {}
};

template <class T>
class WriteVisitor {
 public:
  /// Strings are moved out of `source`, which is `value` itself or null.
  explicit WriteVisitor(const T& value, T* source = nullptr) : value_(value), source_(source) {}
  template <class M, class... O>
  void required(const char* name, M T::*member, O&&...) {
    put(name, json_of(member));
  }
  template <class M, class... O>
  void optional(const char* name, M T::*member, O&&...) {
    if constexpr (is_optional<M>::value) {
      if (!(value_.*member)) return;
    }
    put(name, json_of(member));
  }
  template <class M, class... O>
  void field(const char* name, M T::*member, O&&...) {
    put(name, json_of(member));
  }
  template <class M>
  void members(M T::*member) {
    if constexpr (is_optional<M>::value) {
      if (value_.*member) merge(*(value_.*member));
    } else if constexpr (std::is_same_v<M, Json>) {
      copy_members(value_.*member);
    } else {
      merge(value_.*member);
    }
  }
  Json finish() { return std::move(out_); }

 private:
  template <class M>
  Json json_of(M T::*member) {
    if constexpr (std::is_same_v<M, std::string> || std::is_same_v<M, Json>) {
      if (source_ != nullptr) return Json(std::move(source_->*member));
    }
    return to_json(value_.*member);
  }
  /// A struct names each of its own members once, so they are appended; only beside merged ones a name may be there.
  void put(const char* name, Json member) {
    if (merged_) {
      out_[name] = std::move(member);
      return;
    }
    std::vector<std::pair<const std::string, Json>>& members = out_.template get_ref<Json::object_t&>();
    if (members.empty()) {
      // The keys are const, so a vector that grows copies its members, with all that is in them.
      CountVisitor counter;
      T::describe(counter);
      members.reserve(counter.count);
    }
    members.emplace_back(name, std::move(member));
  }
  template <class M>
  void merge(const M& inner_value) {
    WriteVisitor<M> inner(inner_value);
    M::describe(inner);
    copy_members(inner.finish());
  }
  void copy_members(const Json& object) {
    merged_ = true;
    for (const auto& [name, v] : object.items()) out_[name] = v;
  }

  const T& value_;
  T* const source_;
  Json out_ = Json::object();
  bool merged_ = false;
};

/// to_json of a described struct that nobody needs any more.
template <class T>
Json take_json(T value) {
  WriteVisitor<T> v(value, &value);
  T::describe(v);
  return v.finish();
}

template <class T>
Json to_json(const T& value) {
  if constexpr (is_optional<T>::value) {
    return value ? to_json(*value) : Json(nullptr);
  } else if constexpr (std::is_same_v<T, Json>) {
    return value;
  } else if constexpr (is_vector<T>::value) {
    Json list = Json::array();
    for (const auto& item : value) list.push_back(to_json<typename T::value_type>(item));
    return list;
  } else if constexpr (is_string_map<T>::value) {
    Json object = Json::object();
    for (const auto& [k, v] : value) object[k] = to_json(v);
    return object;
  } else if constexpr (Described<T>) {
    WriteVisitor<T> v(value);
    T::describe(v);
    return v.finish();
  } else {
    return Json(value);
  }
}

}  // namespace patchbay::json
