#pragma once

#include <algorithm>
#include <string_view>

namespace patchbay::mcp {

/// Of text that was parsed, so its UTF-8 is valid: every byte that does not continue a character begins one.
inline bool is_longer_than(std::string_view text, std::size_t characters) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return text.size() > characters &&
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins)) > characters;
}

}  // namespace patchbay::mcp
