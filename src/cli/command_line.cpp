#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>

#include "cli/command.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::cli {
namespace {

constexpr int kUsage = 2;
constexpr std::size_t kNameWidth = 10;

std::string top_help(const std::vector<Command>& commands) {
  std::string text = "patchbay " PATCHBAY_VERSION
                     ": lets a chat client hand work to named Codex workers on this machine.\n\n"
                     "Usage: patchbay <command> [options]\n\nCommands:\n";
  for (const Command& command : commands) {
    if (!command.hidden) text += fmt::format("  {:<{}} {}\n", command.name, kNameWidth, command.summary);
  }
  text +=
      "\n`patchbay <command> --help` explains one of them. Begin with:\n"
      "  patchbay start --root /path/to/repository\n";
  return text;
}

const Command* find_command(const std::vector<Command>& commands, const std::string& name) {
  for (const Command& command : commands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

int unknown_command(const std::vector<Command>& commands, const std::string& name) {
  std::string text = "Unknown command: " + display_safe(name) + "\n";
  for (const Command& command : commands) {
    if (!command.hidden && edit_distance(name, command.name, 2) <= 2) text += "Did you mean `" + command.name + "`?\n";
  }
  std::fputs((text + "\n" + top_help(commands)).c_str(), stderr);
  return kUsage;
}

/// Label of a command call, which a blank one takes away (cli.md 3).
constexpr char kMayBeBlank[] = "--bash-session-id";

/// The first value that was given and says nothing, as an unset variable of a shell does. The parser would take it for
/// a flag that was left out, and `--root ""` for the folder one happens to be in.
std::string blank_value(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    if (name != kMayBeBlank && std::ranges::find(option->results(), std::string()) != option->results().end())
      return name;
  }
  for (const CLI::App* chosen : app.get_subcommands()) {
    if (std::string name = blank_value(*chosen); !name.empty()) return name;
  }
  return {};
}

int usage_error(const Command& command, const std::string& what) {
  std::fprintf(stderr, "patchbay %s: %s\nTry `patchbay %s --help`.\n", command.name.c_str(), what.c_str(),
               command.name.c_str());
  return kUsage;
}

int run(const Command& command, const std::vector<std::string>& arguments) {
  CLI::App app(command.summary, "patchbay " + command.name);
  app.option_defaults()->always_capture_default(false);
  std::function<int()> body = command.declare(app);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    return usage_error(command, error.what());
  }
  if (const std::string blank = blank_value(app); !blank.empty())
    return usage_error(command, blank + " must not be blank");
  return body();
}

}  // namespace

int report(const std::string& command, const Error& error) {
  std::string text = "patchbay " + command + ": " + error.message + "\n";
  if (!error.hint.empty()) text += error.hint + "\n";
  std::fputs(text.c_str(), stderr);
  return error_info(error.code).exit_code;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::vector<Command> all_commands() {
  return {start_command(), stdio_command(), worker_command(),  doctor_command(), token_command(),
          stop_command(),  demo_command(),  version_command(), serve_command()};
}

int run_command_line(const std::vector<std::string>& arguments) {
  const std::vector<Command> commands = all_commands();
  if (arguments.empty() || arguments.front() == "-h" || arguments.front() == "--help" || arguments.front() == "help") {
    print(top_help(commands));
    return 0;
  }
  const std::string name = arguments.front() == "--version" ? "version" : arguments.front();
  const Command* command = find_command(commands, name);
  if (command == nullptr) return unknown_command(commands, arguments.front());
  return run(*command, {arguments.begin() + 1, arguments.end()});
}

bool is_stdio_name(std::string_view argv0) { return os::base_name(argv0) == "patchbay-stdio"; }

}  // namespace patchbay::cli
