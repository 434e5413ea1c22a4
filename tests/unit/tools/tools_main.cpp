#include <gtest/gtest.h>

#include <string_view>

#include "patchbay/codex/event_interpreter.h"
#include "patchbay/git/helper.h"
#include "patchbay/runner/turn.h"

int main(int argc, char** argv) {
  using namespace patchbay;
  if (argc > 1 && std::string_view(argv[1]) == "--git-helper") return git::git_helper_main();
  if (argc > 1 && std::string_view(argv[1]) == "run-turn") {
    return runner::run_turn_main(
        [](const runner::InterpreterOptions& o) { return std::make_unique<codex::EventInterpreter>(o); });
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
