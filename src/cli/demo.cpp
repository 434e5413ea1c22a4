#include "patchbay/demo/demo.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/command.h"

namespace patchbay::cli {

Command demo_command() {
  return {"demo", "show the main job in this terminal, with a throw-away repository", [](CLI::App& app) -> std::function<int()> {
            const auto options = std::make_shared<demo::DemoOptions>();
            app.add_flag("--live", options->live, "Use your own Codex login in place of the scripted model");
            app.add_flag("--keep", options->keep, "Leave the folders of the demo behind");
            app.add_option("--codex", options->codex, "The Codex CLI to use");
            return [options] {
              options->terminal = ::isatty(STDOUT_FILENO) == 1;
              return demo::run_demo(*options, std::cout);
            };
          }};
}

}  // namespace patchbay::cli
