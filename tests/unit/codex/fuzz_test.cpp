#include "fuzz/mutations.h"

namespace patchbay::codex {
namespace {

// The fuzz target aborts on what it finds.
TEST(CodexEventsFuzz, TranscriptsTheirCutsAndMutationsAreJudgedTheSameWholeAndInPieces) {  // SEC:S10
  std::vector<std::string> seeds = fuzz::seeds_in(PATCHBAY_FUZZ_SEEDS);
  ASSERT_GE(seeds.size(), 4u);
  for (const char* name : {"complete_turn.jsonl", "failed_401.jsonl", "failed_after_retries.jsonl"})
    seeds.push_back(*os::read_file(os::join(TRANSCRIPTS, name)));
  for (const std::string& seed : seeds) {
    fuzz::feed(seed);
    fuzz::feed_cuts(seed, 40);
  }
  fuzz::feed_mutations(seeds, 300);
}

}  // namespace
}  // namespace patchbay::codex
