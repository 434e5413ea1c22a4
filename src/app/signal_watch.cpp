#include "app/signal_watch.h"

#include <csignal>

#include "patchbay/os/crash.h"

namespace patchbay::app {

void SignalWatch::run() {
  os::name_this_thread("signals");
  bool asked = false;
  for (;;) {
    const auto ready = os::wait_any_readable({ending_.fd(), signals_.fd()}, MonoTime::max());
    if (!ready || *ready != 1) return;
    const auto signo = signals_.wait(std::chrono::milliseconds(0));
    if (!signo) continue;
    if (*signo == SIGHUP || *signo == SIGQUIT) {
      react(*signo == SIGHUP ? &Reactions::hang_up : &Reactions::dump);
      continue;
    }
    if (asked) os::exit_now(1);
    asked = true;
    stop_.raise(*signo == SIGINT ? "interrupted" : "asked to end");
  }
}

}  // namespace patchbay::app
