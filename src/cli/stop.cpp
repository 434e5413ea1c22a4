#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/launch_flags.h"
#include "cli/owner_client.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/os/file.h"

namespace patchbay::cli {
namespace {

constexpr char kStop[] = "stop";
constexpr auto kAnswerWithin = std::chrono::seconds(15);
constexpr auto kGoneWithin = std::chrono::seconds(10);

std::string outcome(int cancelled, int active) {
  std::string text = "PatchBay has ended.";
  if (cancelled > 0) text += fmt::format(" {} {} stopped.", cancelled, cancelled == 1 ? "turn was" : "turns were");
  if (active > 0)
    text += fmt::format(" {} {} on; the next start takes {} up.", active, active == 1 ? "turn goes" : "turns go",
                        active == 1 ? "it" : "them");
  return text + "\n";
}

Status nobody_runs() {
  print("No PatchBay owner runs on this home.\n");
  return {};
}

/// Turns live without it, so nothing but its own memory is lost with one that hangs.
Error hangs(const config::Home& home, std::string message) {
  const auto owner = app::find_owner(home);
  return {ErrorCode::kTimeout,
          std::move(message),
          owner ? fmt::format("`kill -9 {}` ends it all the same; its turns go on, and the next start takes them up.",
                              owner->process.pid)
                : "Try again in a moment.",
          {}};
}

Status stop(bool turns) {
  const config::Home home = PB_TRY(config::Home::locate(os::current_environment(), working_directory()));
  if (!os::is_directory(home.run_dir())) return nobody_runs();
  // With the gate, an owner that was starting listens or is gone, and none begins to start.
  const os::FileLock gate = PB_TRY(app::take_start_gate(home, std::chrono::steady_clock::now() + kStartedWithin));
  if (!gate.held()) {
    return Error{ErrorCode::kTimeout,
                 "an owner is being started on this home and does not come up",
                 "Try again in a moment.",
                 {}};
  }
  auto asked = app::ask_owner(home, Json{{"control", "stop"}, {"turns", turns}}, kAnswerWithin);
  if (!asked && asked.error().code == ErrorCode::kNotFound) return nobody_runs();
  // One that was leaving when it was asked has said all it had to say.
  const bool was_leaving = !asked && asked.error().code == ErrorCode::kIoError;
  if (!asked && asked.error().code == ErrorCode::kTimeout) return hangs(home, asked.error().message);
  if (!asked && !was_leaving) return asked.error();
  // The lock is the proof that it is gone; nobody else may be hindered by our having it, so it is given back
  // at once.
  const os::FileLock gone = PB_TRY(app::take_owner_lock(home, std::chrono::steady_clock::now() + kGoneWithin));
  if (!gone.held()) return hangs(home, "the owner did not end in time");
  if (was_leaving) asked = Json::object();
  print(outcome(static_cast<int>(json::get_int(*asked, "cancelled_turns")),
                static_cast<int>(json::get_int(*asked, "active_turns"))));
  return {};
}

}  // namespace

Command stop_command() {
  return {kStop, "end the owner of this home; running turns go on", [](CLI::App& app) -> std::function<int()> {
            const auto turns = std::make_shared<bool>(false);
            app.add_flag("--turns", *turns, "Stop the running turns first");
            return [turns] {
              const Status done = stop(*turns);
              return done ? 0 : report(kStop, done.error());
            };
          }};
}

}  // namespace patchbay::cli
