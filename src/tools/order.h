#pragma once

#include <span>
#include <string_view>

namespace patchbay::tools {

/// Every tool's name in listing order. The order is part of the public face: clients cache it.
std::span<const std::string_view> listing_order();

/// Index in the listing order; the number of names when the name is not in it.
std::size_t position_of(std::string_view name);

}  // namespace patchbay::tools
