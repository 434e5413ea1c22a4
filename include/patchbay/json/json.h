#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "patchbay/base/result.h"

namespace patchbay {

/// JSON value; objects keep the order in which members were added, so that replies are stable.
using Json = nlohmann::ordered_json;

namespace json {

/// Limits for text from outside (mcp.md 11). Counted while parsing.
struct ParseLimits {
  std::size_t max_depth = 64;
  std::size_t max_members = 10'000;  ///< per object
  std::size_t max_nodes = 100'000;
};

/// Strict parse of untrusted text: valid UTF-8, one value, no trailing bytes (a leading BOM is tolerated),
/// no duplicate keys, no NaN, inside the limits. kInvalidArgument with a short reason otherwise.
Result<Json> parse(std::string_view text, const ParseLimits& limits = {});

/// Compact text; invalid UTF-8 inside strings is replaced, never thrown on.
std::string dump(const Json& value);
/// Two-space indentation.
std::string dump_pretty(const Json& value);

// Tolerant look-ups: absent, null and wrongly typed members all give the fallback.
const Json* find(const Json& object, std::string_view key);  ///< null when not an object or absent
std::string get_string(const Json& object, std::string_view key, std::string_view fallback = {});
std::optional<std::string> find_string(const Json& object, std::string_view key);
std::int64_t get_int(const Json& object, std::string_view key, std::int64_t fallback = 0);
std::optional<std::int64_t> find_int(const Json& object, std::string_view key);
double get_double(const Json& object, std::string_view key, double fallback = 0);
std::optional<double> find_double(const Json& object, std::string_view key);
bool get_bool(const Json& object, std::string_view key, bool fallback = false);

}  // namespace json
}  // namespace patchbay
