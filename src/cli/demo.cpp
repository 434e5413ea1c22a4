#include "patchbay/demo/demo.h"

#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <thread>

#include "cli/command.h"
#include "patchbay/base/log.h"
#include "patchbay/os/program.h"

namespace patchbay::cli {
namespace {

constexpr char kDemo[] = "demo";

/// Flips the token on the first end signal, and ends the program on the second.
class Interrupts {
 public:
  Interrupts(os::SignalQueue signals, CancelToken token)
      : signals_(std::move(signals)), token_(std::move(token)), thread_([this] { run(); }) {}
  ~Interrupts() {
    ending_ = true;
    thread_.join();
  }

 private:
  void run() {
    while (!ending_) {
      if (!signals_.wait(std::chrono::milliseconds(100))) continue;
      if (token_.cancelled()) os::exit_now(error_info(ErrorCode::kCancelled).exit_code);
      token_.cancel();
    }
  }

  os::SignalQueue signals_;
  CancelToken token_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

int run(demo::DemoOptions options) {
  log::init(log::Level::kWarn);
  auto signals = os::SignalQueue::open({SIGTERM, SIGINT});
  if (!signals) return report(kDemo, signals.error());
  const Interrupts interrupts(std::move(*signals), options.interrupted);
  options.terminal = os::is_terminal(1);
  return demo::run_demo(options, std::cout);
}

}  // namespace

Command demo_command() {
  return {kDemo, "watch a worker do a small task from start to integration", [](CLI::App& app) -> std::function<int()> {
            const auto options = std::make_shared<demo::DemoOptions>();
            app.add_flag("--live", options->live, "Work with your own Codex login instead of the scripted model");
            app.add_flag("--keep", options->keep, "Leave the folders of the demo behind");
            app.add_option("--codex", options->codex, "Codex program")->option_text("PROGRAM");
            app.add_option("--folder", options->folder, "Where the demo makes its own folder")->option_text("DIR");
            return [options] { return run(*options); };
          }};
}

}  // namespace patchbay::cli
