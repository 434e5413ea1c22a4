#include "cli/internal.h"

#include "patchbay/codex/event_interpreter.h"
#include "patchbay/git/helper.h"
#include "patchbay/runner/turn.h"

namespace patchbay::cli {

int run_turn() {
  return runner::run_turn_main(
      [](const runner::InterpreterOptions& options) { return std::make_unique<codex::EventInterpreter>(options); });
}

int git_helper() { return git::git_helper_main(); }

}  // namespace patchbay::cli
