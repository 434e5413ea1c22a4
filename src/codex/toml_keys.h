#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::codex {

/// The string values of the plain keys that stand before the first table header of a TOML text: all that is
/// needed of Codex's config.toml. Other kinds of values are passed over. Reading stops at the first thing
/// that is no TOML.
std::map<std::string, std::string> top_level_strings(std::string_view toml);

/// The same for the keys of one table, `[a."b"]` being {"a", "b"}.
std::map<std::string, std::string> table_strings(std::string_view toml, const std::vector<std::string>& table);

}  // namespace patchbay::codex
