#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"

namespace patchbay::config {

struct YamlMember;

/// A YAML document reduced to what a settings file needs.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  Kind kind = Kind::kNull;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< of a scalar: it was written in quotes or as a block, so it is text
  int line = 0;         ///< from 1
  std::vector<YamlNode> items;
  std::vector<YamlMember> members;  ///< in the order of the file
};

struct YamlMember {
  std::string key;
  YamlNode value;
};

inline constexpr std::size_t kMaxYamlBytes = 256u << 10;
inline constexpr std::size_t kMaxYamlDepth = 32;

/// Parses one document by the strict rules of SEC:J10. An empty text is an empty map. Errors are
/// kConfigRefused and begin with "<file_name>:<line>: ".
Result<YamlNode> parse_yaml(std::string_view text, const std::string& file_name);

}  // namespace patchbay::config
