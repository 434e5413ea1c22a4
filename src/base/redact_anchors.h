#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace patchbay::redaction {

/// Yields the positions of the characters one of which every rule needs: - _ : = I J.
///
/// This is the part that text without secrets pays for, so it looks at sixteen bytes at a time where the
/// machine can.
class Anchors {
 public:
  explicit Anchors(std::string_view text) : data_(text.data()), size_(text.size()) {}

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// The next anchor in ascending order, kNone after the last.
  std::size_t next() {
    while (mask_ == 0) {
      if (block_ + kBlock > size_) return next_in_tail();
      mask_ = block_mask(data_ + block_);
      base_ = block_;
      block_ += kBlock;
    }
    const auto bit = static_cast<std::size_t>(std::countr_zero(mask_));
    mask_ &= mask_ - 1;
    return base_ + bit;
  }

 private:
  static constexpr std::size_t kBlock = 16;

  static constexpr std::array<bool, 256> kTable = [] {
    std::array<bool, 256> table{};
    for (char c : {'-', '_', ':', '=', 'I', 'J'}) table[static_cast<unsigned char>(c)] = true;
    return table;
  }();

  static std::uint32_t block_mask(const char* p) {
#ifdef __SSE2__
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const auto equal = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const __m128i marks = _mm_or_si128(_mm_or_si128(equal('-'), equal('_')), _mm_or_si128(equal(':'), equal('=')));
    const __m128i capitals = _mm_or_si128(equal('I'), equal('J'));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(marks, capitals)));
#else
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < kBlock; ++i) mask |= std::uint32_t{kTable[static_cast<unsigned char>(p[i])]} << i;
    return mask;
#endif
  }

  std::size_t next_in_tail() {
    for (; block_ < size_; ++block_) {
      if (kTable[static_cast<unsigned char>(data_[block_])]) return block_++;
    }
    return kNone;
  }

  const char* data_;
  std::size_t size_;
  std::size_t block_ = 0, base_ = 0;
  std::uint32_t mask_ = 0;
};

}  // namespace patchbay::redaction
