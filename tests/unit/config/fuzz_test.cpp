#include "fuzz/mutations.h"

namespace patchbay::config {
namespace {

// The fuzz target aborts on what it finds.
TEST(ConfigYamlFuzz, SeedsTheirCutsAndMutationsAreReadOrRefused) {  // SEC:J10, F4
  const std::vector<std::string> seeds = fuzz::seeds_in(PATCHBAY_FUZZ_SEEDS);
  ASSERT_GE(seeds.size(), 6u);
  for (const std::string& seed : seeds) {
    fuzz::feed(seed);
    fuzz::feed_cuts(seed, 60);
  }
  fuzz::feed_mutations(seeds, 500);
}

TEST(ConfigYamlFuzz, ShippedFileSurvivesBeingDamaged) {
  const auto shipped = os::read_file(PATCHBAY_SHIPPED_CONFIG);
  ASSERT_TRUE(shipped.ok());
  fuzz::feed(*shipped);
  fuzz::feed_cuts(*shipped, 20);
  fuzz::feed_mutations({*shipped}, 60);
}

}  // namespace
}  // namespace patchbay::config
