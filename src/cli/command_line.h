#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay::cli {

/// Parses and runs one command line (without the program's name); returns the exit code (cli.md 1).
int run_command_line(const std::vector<std::string>& arguments);

/// Whether the program was called as `patchbay-stdio`, which is `patchbay stdio`.
bool is_stdio_name(std::string_view argv0);

}  // namespace patchbay::cli
