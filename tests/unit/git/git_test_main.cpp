#include <gtest/gtest.h>

#include "patchbay/git/helper.h"

// The test program is also the helper that its clients start.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--git-helper") return patchbay::git::git_helper_main();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
