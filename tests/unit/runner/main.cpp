#include <gtest/gtest.h>

#include <string_view>

#include "patchbay/runner/turn.h"
#include "support/toy_interpreter.h"

int main(int argc, char** argv) {
  using namespace patchbay::runner;
  if (argc > 1 && std::string_view(argv[1]) == "run-turn") {
    return run_turn_main([](const InterpreterOptions&) { return std::make_unique<ToyInterpreter>(); });
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
