#include "demo/codex_program.h"

#include <array>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::demo {
namespace {

constexpr std::chrono::seconds kAnswerLimit{20};

/// The native program inside the npm package: one process fewer than through its wrapper, and no Node needed.
std::string installed_codex(const os::Environment& env) {
  const auto cache = env.find("XDG_CACHE_HOME");
  const bool named = cache != env.end() && cache->second.starts_with('/');
  const std::string tools =
      os::join(named ? cache->second : os::join(os::home_dir(), ".cache"), "patchbay/tools/node_modules/@openai");
  constexpr std::array<const char*, 2> kPrograms = {"codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
                                                    "codex-linux-arm64/vendor/aarch64-unknown-linux-musl/bin/codex"};
  for (const char* program : kPrograms) {
    std::string path = os::join(tools, program);
    if (os::exists(path)) return path;
  }
  return {};
}

Result<std::string> named_codex(const std::string& named, const std::string& path_list) {
  const bool is_path = named.find('/') != std::string::npos;
  // The owner stands in another folder.
  const Result<std::string> found =
      is_path ? os::real_path(os::expand_home(named)) : Result<std::string>(os::find_program(named, path_list));
  if (found && !found->empty()) return *found;
  return Error{ErrorCode::kCodexCliMissing,
               "there is no program " + display_safe(named),
               "Give --codex the path of the Codex program, or leave it out.",
               {}};
}

}  // namespace

Result<std::string> find_codex(const std::string& named, const os::Environment& env, bool prefer_path) {
  const auto path = env.find("PATH");
  const std::string path_list = path == env.end() ? std::string() : path->second;
  if (!named.empty()) return named_codex(named, path_list);
  const std::string on_path = os::find_program("codex", path_list);
  const std::string installed = installed_codex(env);
  std::string found = prefer_path ? on_path : installed;
  if (found.empty()) found = prefer_path ? installed : on_path;
  if (!found.empty()) return found;
  return Error{ErrorCode::kCodexCliMissing,
               "the Codex CLI is not installed",
               "Run scripts/demo, which installs it, or `npm install -g @openai/codex`.",
               {}};
}

Result<std::string> ask_codex(const std::string& codex, std::vector<std::string> arguments,
                              const os::Environment& env) {
  arguments.insert(arguments.begin(), codex);
  const auto ran =
      PB_TRY(os::run({.argv = std::move(arguments), .env = env}, {}, system_clock().mono() + kAnswerLimit));
  const std::string_view text = trim(ran.out.empty() ? std::string_view(ran.err) : std::string_view(ran.out));
  const std::string line(text.substr(0, text.find('\n')));
  if (ran.timed_out || ran.status.signalled || ran.status.code != 0) {
    return Error{ErrorCode::kCodexCliMissing, "the Codex CLI does not work here: " + line, {}, {}};
  }
  return line;
}

}  // namespace patchbay::demo
