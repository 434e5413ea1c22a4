#pragma once

#include <functional>
#include <string>
#include <vector>

#include "patchbay/base/error.h"

namespace CLI {
class App;
}

/// One subcommand per file: its flags, its help, what it does.
namespace patchbay::cli {

/// What a finished command leaves behind. `name` stands in front of an error: "patchbay <name>: ...".
struct Command {
  std::string name;
  std::string summary;
  /// Declares the flags on `app` and returns what runs after they were parsed; its value is the exit code.
  std::function<std::function<int()>(CLI::App& app)> declare;
  bool hidden = false;
};

Command start_command();
Command serve_command();
Command stdio_command();
Command stop_command();
Command doctor_command();
Command worker_command();
Command token_command();
Command demo_command();
Command version_command();

/// Every command, in the order of the help.
std::vector<Command> all_commands();

/// Writes "patchbay <command>: <message>" and the hint to standard error; returns the exit code of the error.
int report(const std::string& command, const Error& error);

/// Text to standard output, whole.
void print(const std::string& text);

}  // namespace patchbay::cli
