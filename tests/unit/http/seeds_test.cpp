#include "fuzz/mutations.h"

namespace patchbay::http {
namespace {

// The fuzz target aborts when whole and piecewise reading differ.
TEST(HttpHeadSeeds, AndEveryCutAndFlippedByteOfThemReadTheSameWholeAndInPieces) {
  const std::vector<std::string> seeds = fuzz::seeds_in(PATCHBAY_FUZZ_SEEDS);
  ASSERT_GE(seeds.size(), 6u);
  for (const std::string& seed : seeds) {
    fuzz::feed(seed);
    for (std::size_t i = 0; i < seed.size(); ++i) {
      fuzz::feed(seed.substr(0, i));
      std::string flipped = seed;
      for (const char c : {'\0', '\n', '\r', ' ', ':', ';', '0', 'f', '\x80'}) {
        flipped[i] = c;
        fuzz::feed(flipped);
      }
    }
  }
}

TEST(HttpHeadSeeds, AndMutationsOfThemReadTheSameWholeAndInPieces) {
  fuzz::feed_mutations(fuzz::seeds_in(PATCHBAY_FUZZ_SEEDS), 5000);
}

}  // namespace
}  // namespace patchbay::http
