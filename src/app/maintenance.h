#pragma once

#include <functional>
#include <thread>

#include "app/stop_request.h"
#include "patchbay/app/app.h"

namespace patchbay::app {

/// The thread that keeps the home tidy: a minute after the start and then hourly it removes old jobs,
/// snapshots past their retention, and what a crash left behind; every half minute it writes last-seen times.
///
/// With `clients` it also ends an owner that nobody uses: no client and no active turn for
/// server.owner_idle_minutes.
class Maintenance {
 public:
  Maintenance(App& app, StopRequest& stop, std::function<int()> clients);
  ~Maintenance();

 private:
  void run();
  void tidy();
  void leave_when_idle();

  App& app_;
  StopRequest& stop_;
  const std::function<int()> clients_;  ///< empty: this owner stays
  const std::chrono::milliseconds idle_limit_;
  MonoTime last_used_;
  StopRequest ending_;
  std::thread thread_;
};

}  // namespace patchbay::app
