#pragma once

#include <span>
#include <string_view>

namespace patchbay::workspace {

/// Names of caches, build output and the like, sorted; `is_noise_directory` knows them.
std::span<const std::string_view> noise_directories();

}  // namespace patchbay::workspace
