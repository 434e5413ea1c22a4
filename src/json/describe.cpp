#include "patchbay/json/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "patchbay/base/text.h"

namespace patchbay::json {
namespace {

const char* type_name(const Json& v) {
  if (v.is_null()) return "null";
  if (v.is_boolean()) return "a boolean";
  if (v.is_number()) return "a number";
  if (v.is_string()) return "a string";
  return v.is_array() ? "an array" : "an object";
}

constexpr std::size_t kMaxProblems = 5;

}  // namespace

Json scalar_schema(const char* type, const Constraints& c) {
  Json s;
  s["type"] = type;
  if (c.choice) s["enum"] = c.shown_choice ? c.shown_choice->values : c.choice->values;
  if (c.range) {
    s["minimum"] = c.range->min;
    s["maximum"] = c.range->max;
  }
  if (c.max_length) s["maxLength"] = c.max_length->bytes;
  return s;
}

Json nullable(Json schema) {
  const auto type = schema.find("type");
  if (type != schema.end() && type->is_string()) *type = Json::array({*type, "null"});
  return schema;
}

void report_type(const std::string& path, const char* wanted, const Json& got, ParseReport& r) {
  if (r.problems.size() < kMaxProblems) {
    r.add(ErrorCode::kInvalidArgument, path, fmt::format("must be {}, not {}", wanted, type_name(got)));
  }
}

bool parse_bool(const Json& v, const std::string& path, bool* out, ParseReport& r) {
  if (!v.is_boolean()) return report_type(path, "a boolean", v, r), false;
  *out = v.get<bool>();
  return true;
}

bool parse_int(const Json& v, const std::string& path, const Constraints& c, std::int64_t* out, ParseReport& r) {
  std::int64_t n = 0;
  if (v.is_number_unsigned()) {
    const auto u = v.get<std::uint64_t>();
    if (u > static_cast<std::uint64_t>(INT64_MAX)) return report_type(path, "a 64-bit integer", v, r), false;
    n = static_cast<std::int64_t>(u);
  } else if (v.is_number_integer()) {
    n = v.get<std::int64_t>();
  } else if (v.is_number_float()) {
    // 2.0 is an integer for clients that have only one number type (tools.md 10).
    const double d = v.get<double>();
    if (std::trunc(d) != d || std::fabs(d) > 9e15) return report_type(path, "an integer", v, r), false;
    n = static_cast<std::int64_t>(d);
  } else {
    return report_type(path, "an integer", v, r), false;
  }
  if (c.range && (n < c.range->min || n > c.range->max)) {
    n = n < c.range->min ? c.range->min : c.range->max;
    r.clamped.emplace_back(path, n);
  }
  *out = n;
  return true;
}

bool parse_double(const Json& v, const std::string& path, double* out, ParseReport& r) {
  if (!v.is_number()) return report_type(path, "a number", v, r), false;
  *out = v.get<double>();
  return true;
}

bool parse_string(const Json& v, const std::string& path, const Constraints& c, std::string* out, ParseReport& r) {
  if (!v.is_string()) return report_type(path, "a string", v, r), false;
  const auto& s = v.get_ref<const std::string&>();
  const auto refuse = [&](std::string why) {
    if (r.problems.size() < kMaxProblems) r.add(ErrorCode::kInvalidArgument, path, std::move(why));
    return false;
  };
  if (c.max_length && s.size() > c.max_length->bytes) {
    return refuse(fmt::format("has {} bytes, at most {} are allowed", s.size(), c.max_length->bytes));
  }
  if (s.find('\0') != std::string::npos) return refuse("must not contain a NUL character");
  if (c.choice && std::find(c.choice->values.begin(), c.choice->values.end(), s) == c.choice->values.end()) {
    return refuse(fmt::format("must be one of: {}", fmt::join(c.choice->values, ", ")));
  }
  *out = s;
  return true;
}

/// More names than that are looked up in the schema.
constexpr std::size_t kNamesTold = 40;

void report_unknown(const Json& object, const std::vector<std::string>& known, const std::string& prefix,
                    ParseReport& r) {
  bool told = false;
  for (const auto& [name, value] : object.items()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (r.problems.size() >= kMaxProblems) return;
    std::string message = "is not an argument of this tool";
    const std::string* nearest = nullptr;
    std::size_t best = 3;
    for (const std::string& k : known) {
      const std::size_t d = edit_distance(name, k, 2);
      if (d < best) best = d, nearest = &k;
    }
    if (nearest == nullptr) {  // "path" for "file_path" rather than "repo_path", "repo" for "repo_path"
      for (const std::string& k : known) {
        const bool fits = k.ends_with("_" + name) || k.starts_with(name + "_");
        if (fits && (nearest == nullptr || k == "file_" + name)) nearest = &k;
      }
    }
    if (nearest != nullptr) {
      message += fmt::format("; did you mean {}?", *nearest);
    } else if (prefix.empty() && known.size() <= kNamesTold && !std::exchange(told, true)) {
      message += known.empty() ? ", which takes none" : fmt::format(", which takes {}", fmt::join(known, ", "));
    }
    r.add(ErrorCode::kUnknownArgument, prefix + display_safe(name), std::move(message));
  }
}

}  // namespace patchbay::json
