#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "git/apply.h"
#include "patchbay/git/helper.h"

namespace {

int steps_left = 0;

void end_when_due(const char*) {
  if (steps_left-- == 0) _exit(9);
}

}  // namespace

// The test program is also the helper that its clients start: "--git-helper" serves, and with a number
// behind it the process ends without a word before that step of an apply.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--git-helper") {
    if (argc > 2) {
      steps_left = std::atoi(argv[2]);
      patchbay::git::set_apply_hook(end_when_due);
    }
    return patchbay::git::git_helper_main();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
