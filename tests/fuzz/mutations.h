#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/os/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// A fuzz target as an ordinary test: its seeds, and as many mutations of them as a test can afford. The same ones in
/// every run, so that what fails once fails again. The target aborts on what it finds.
namespace patchbay::fuzz {

inline void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

inline std::vector<std::string> seeds_in(const std::string& folder) {
  std::vector<std::string> seeds;
  const auto names = os::list_dir(folder);
  if (!names) return seeds;
  for (const std::string& name : *names) seeds.push_back(*os::read_file(os::join(folder, name)));
  return seeds;
}

/// Every cut, or `most` of them at equal distances.
inline void feed_cuts(const std::string& seed, std::size_t most) {
  const std::size_t step = std::max<std::size_t>(1, seed.size() / most);
  for (std::size_t i = 0; i < seed.size(); i += step) feed(seed.substr(0, i));
}

/// One small change: a byte, a removed, repeated or moved piece, or a piece of another seed.
inline std::string mutate(std::string text, const std::vector<std::string>& seeds, std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  using namespace std::string_view_literals;
  constexpr std::string_view kBytes = "\0\n\r\t \"'\\{}[]:,-#&*!|>%0f\x80\xff"sv;
  const std::size_t at = below(text.size() + 1), length = 1 + below(16);
  switch (below(6)) {
    case 0:
      if (at < text.size()) text[at] = kBytes[below(kBytes.size())];
      break;
    case 1:
      if (at < text.size()) text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1u << below(8)));
      break;
    case 2: text.erase(at, length); break;
    case 3: text.insert(at, std::string(text.substr(at, length))); break;
    case 4: text.insert(at, 1 + below(4), kBytes[below(kBytes.size())]); break;
    default: {
      const std::string& other = seeds[below(seeds.size())];
      text.insert(at, other.substr(below(other.size()), length));
    }
  }
  return text;
}

inline void feed_mutations(const std::vector<std::string>& seeds, int count) {
  ASSERT_FALSE(seeds.empty());
  std::mt19937 random(20'261'121);
  for (int i = 0; i < count; ++i) {
    std::string text = seeds[random() % seeds.size()];
    for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes)
      text = mutate(std::move(text), seeds, random);
    feed(text);
  }
}

}  // namespace patchbay::fuzz
