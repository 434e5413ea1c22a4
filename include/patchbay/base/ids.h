#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace patchbay {

/// `n` bytes from the kernel's random source. The program ends when that source fails (SEC:F15).
std::string random_bytes(std::size_t n);

/// Lower-case hex digits, `digits` of them, random.
std::string random_hex(std::size_t digits);

/// Characters a-z2-7 (RFC 4648 base32, lower case), `chars` of them, random.
std::string random_base32(std::size_t chars);

/// A random UUID (version 4), lower case with hyphens.
std::string new_uuid();

/// True for 8-4-4-4-12 hex digits, any version, either case.
bool is_uuid(std::string_view text);

}  // namespace patchbay
