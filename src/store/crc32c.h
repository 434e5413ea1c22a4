#pragma once

#include <cstdint>
#include <string_view>

namespace patchbay::store {

/// CRC-32C (Castagnoli, as in RFC 3720 appendix B.4) of `data`, going on from `crc` of what came before it.
std::uint32_t crc32c(std::string_view data, std::uint32_t crc = 0);

/// The same without the processor's instruction, for machines that lack it.
std::uint32_t crc32c_portable(std::string_view data, std::uint32_t crc = 0);

}  // namespace patchbay::store
