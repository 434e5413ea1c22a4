#pragma once

#include <functional>
#include <thread>

#include "app/stop_request.h"
#include "patchbay/base/guarded.h"
#include "patchbay/os/program.h"
#include "patchbay/os/stream.h"

namespace patchbay::app {

/// The thread that receives signals (SEC:S14): the first end signal asks the owner to leave, the second ends it.
class SignalWatch {
 public:
  struct Reactions {
    std::function<void()> hang_up;  ///< SIGHUP; forgotten when the owner ends
    std::function<void()> dump;     ///< SIGQUIT; likewise
  };

  SignalWatch(os::SignalQueue signals, os::Wake wake, StopRequest& stop, Reactions reactions)
      : signals_(std::move(signals)),
        ending_(std::move(wake)),
        stop_(stop),
        reactions_(std::move(reactions)),
        thread_([this] { run(); }) {}
  ~SignalWatch() {
    ending_.wake();
    thread_.join();
  }

  /// Call before what the reactions need goes; end signals are still received.
  void forget_reactions() { *reactions_.lock() = {}; }

 private:
  void react(std::function<void()> Reactions::*which) {
    const auto reactions = reactions_.lock();
    if (const auto& reaction = (*reactions).*which) reaction();
  }
  void run();

  os::SignalQueue signals_;
  os::Wake ending_;
  StopRequest& stop_;
  Guarded<Reactions> reactions_;
  std::thread thread_;
};

}  // namespace patchbay::app
