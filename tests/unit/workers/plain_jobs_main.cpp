#include <gtest/gtest.h>

#include <string_view>

#include "patchbay/git/helper.h"
#include "patchbay/runner/turn.h"
#include "support/toy_interpreter.h"

int main(int argc, char** argv) {
  using namespace patchbay;
  if (argc > 1 && std::string_view(argv[1]) == "--git-helper") return git::git_helper_main();
  if (argc > 1 && std::string_view(argv[1]) == "run-turn") {
    return runner::run_turn_main(
        [](const runner::InterpreterOptions&) { return std::make_unique<runner::ToyInterpreter>(); });
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
