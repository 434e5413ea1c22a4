#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "patchbay/os/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace patchbay::http {
namespace {

void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

// The fuzz target aborts when whole and piecewise reading differ.
TEST(HttpHeadSeeds, AndEveryCutAndFlippedByteOfThemReadTheSameWholeAndInPieces) {
  const auto names = os::list_dir(PATCHBAY_FUZZ_SEEDS);
  ASSERT_TRUE(names.ok());
  ASSERT_GE(names->size(), 6u);
  for (const std::string& name : *names) {
    const std::string seed = *os::read_file(os::join(PATCHBAY_FUZZ_SEEDS, name));
    feed(seed);
    for (std::size_t i = 0; i < seed.size(); ++i) {
      feed(seed.substr(0, i));
      std::string flipped = seed;
      for (const char c : {'\0', '\n', '\r', ' ', ':', ';', '0', 'f', '\x80'}) {
        flipped[i] = c;
        feed(flipped);
      }
    }
  }
}

}  // namespace
}  // namespace patchbay::http
