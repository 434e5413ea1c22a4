#include "demo/playground.h"

#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::demo {
namespace {

constexpr std::chrono::seconds kGitLimit{20};

struct File {
  const char* path;
  const char* content;
};

constexpr File kFiles[] = {
    {"README.md", "# Tea house\n\nOpening hours and the menu of a small tea house.\n"},
    {"menu.txt", "sencha      3.20\nassam       2.90\nmint        2.50\n"},
    {"hours.txt", "Tue-Sun  10:00-18:00\n"},
};

}  // namespace

os::Environment clean_environment() {
  os::Environment env = os::current_environment();
  std::erase_if(
      env, [](const auto& entry) { return entry.first.starts_with("PATCHBAY_") || entry.first.starts_with("GIT_"); });
  return env;
}

Result<Playground> Playground::create(const std::string& parent) {
  Playground playground(os::join(parent, "patchbay-demo-" + random_hex(8)));
  for (const std::string& dir : {playground.repository(), playground.home(), playground.codex_home()}) {
    PB_TRY(os::make_private_dirs(dir));
  }
  PB_TRY(playground.make_repository());
  return playground;
}

Playground::Playground(Playground&& o) noexcept : root_(std::exchange(o.root_, {})), kept_(o.kept_) {}

Playground::~Playground() { (void)remove(); }

Status Playground::remove() {
  if (root_.empty() || kept_) return {};
  return os::remove_tree(std::exchange(root_, {}));
}

std::string Playground::repository() const { return os::join(root_, "tea-house"); }
std::string Playground::home() const { return os::join(root_, "home"); }
std::string Playground::codex_home() const { return os::join(root_, "codex-home"); }
std::string Playground::ready_file() const { return os::join(root_, "ready"); }
std::string Playground::log_file() const { return os::join(root_, "patchbay.log"); }

Result<std::string> Playground::git(std::vector<std::string> arguments) const {
  os::SpawnOptions spawn;
  spawn.argv = {"git", "-C", repository(), "-c", "user.name=PatchBay demo", "-c", "user.email=demo@localhost"};
  spawn.argv.insert(spawn.argv.end(), arguments.begin(), arguments.end());
  os::Environment env = clean_environment();
  env["GIT_CONFIG_GLOBAL"] = "/dev/null";
  env["GIT_CONFIG_NOSYSTEM"] = "1";
  spawn.env = std::move(env);
  auto ran = os::run(std::move(spawn), {}, system_clock().mono() + kGitLimit);
  if (!ran) {
    if (ran.error().code != ErrorCode::kNotFound) return ran.error();
    return Error{ErrorCode::kNotFound, "the demo needs git", "Install git and run the demo again.", {}};
  }
  if (ran->timed_out || ran->status.signalled || ran->status.code != 0) {
    return Error{ErrorCode::kGitError, "git " + arguments.front() + " failed: " + std::string(trim(ran->err)), {}, {}};
  }
  return ran->out;
}

Status Playground::make_repository() const {
  PB_TRY(git({"init", "--quiet", "--initial-branch=main"}));
  for (const File& file : kFiles) {
    PB_TRY(os::write_file_atomic(os::join(repository(), file.path), file.content, 0644));
  }
  PB_TRY(git({"add", "--all"}));
  PB_TRY(git({"commit", "--quiet", "--no-verify", "--message", "Open the tea house"}));
  return {};
}

}  // namespace patchbay::demo
