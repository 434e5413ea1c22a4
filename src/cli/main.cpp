#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"
#include "cli/internal.h"
#include "patchbay/app/owner.h"

int main(int argc, char** argv) {
  using namespace patchbay;
  app::prepare_process();
  std::vector<std::string> arguments(argv + 1, argv + argc);
  // The helpers of a running owner are started often: they pay for nothing but themselves.
  if (!arguments.empty() && arguments.front() == "run-turn") return cli::run_turn();
  if (!arguments.empty() && arguments.front() == "git-helper") return cli::git_helper();
  if (cli::is_stdio_name(argc > 0 ? argv[0] : "")) arguments.insert(arguments.begin(), "stdio");
  return cli::run_command_line(arguments);
}
