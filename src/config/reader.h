#pragma once

#include <string>
#include <string_view>

#include "patchbay/config/config.h"

namespace patchbay::config {

/// Sets one key from a flag's text by the rules of the file. What is wrong with it; empty: nothing.
std::string set_key(Config& config, std::string_view path, const std::string& text);

}  // namespace patchbay::config
