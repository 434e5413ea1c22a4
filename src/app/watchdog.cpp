#include "app/watchdog.h"

#include "patchbay/os/crash.h"

namespace patchbay::app {

Watchdog::Watchdog(Options options) : options_(std::move(options)), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  ending_.raise("the owner ends");
  thread_.join();
}

void Watchdog::run() {
  os::name_this_thread("watchdog");
  std::vector<int> strikes(options_.questions.size(), 0);
  while (!ending_.wait_for(options_.every)) {
    for (std::size_t i = 0; i < strikes.size(); ++i) {
      const Status answer = options_.questions[i].ask(options_.patience);
      const bool silent = !answer && answer.error().code == ErrorCode::kTimeout;
      strikes[i] = silent ? strikes[i] + 1 : 0;
      if (strikes[i] < options_.strikes) continue;
      options_.on_stall(options_.questions[i].about);
      return;
    }
  }
}

}  // namespace patchbay::app
