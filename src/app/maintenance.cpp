#include "app/maintenance.h"

#include <algorithm>

#include "app/state_store.h"
#include "patchbay/base/log.h"
#include "patchbay/os/crash.h"

namespace patchbay::app {
namespace {

constexpr auto kFirstTidy = std::chrono::minutes(1);
constexpr auto kTidyEvery = std::chrono::hours(1);
constexpr auto kFlushEvery = std::chrono::seconds(30);
constexpr auto kLongestLook = std::chrono::milliseconds(5000);
constexpr auto kShortestLook = std::chrono::milliseconds(100);

std::chrono::milliseconds idle_limit(const config::Config& config) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(config.server.owner_idle_minutes * 60'000));
}

}  // namespace

Maintenance::Maintenance(App& app, StopRequest& stop, std::function<int()> clients)
    : app_(app),
      stop_(stop),
      clients_(std::move(clients)),
      idle_limit_(idle_limit(app.launch.config)),
      last_used_(app.clock.mono()),
      thread_([this] { run(); }) {}

Maintenance::~Maintenance() {
  ending_.raise("the owner ends");
  thread_.join();
}

void Maintenance::run() {
  os::name_this_thread("maintenance");
  const auto look_every = clients_ ? std::clamp(idle_limit_ / 4, kShortestLook, kLongestLook) : kLongestLook;
  MonoTime tidy_at = app_.clock.mono() + kFirstTidy;
  MonoTime flush_at = app_.clock.mono() + kFlushEvery;
  while (!ending_.wait_for(look_every)) {
    const MonoTime now = app_.clock.mono();
    if (now >= flush_at) {
      static_cast<DurableStateStore&>(*app_.protocol_state).flush();
      flush_at = now + kFlushEvery;
    }
    if (now >= tidy_at) {
      tidy();
      tidy_at = app_.clock.mono() + kTidyEvery;
    }
    if (clients_) leave_when_idle();
  }
}

void Maintenance::tidy() {
  const int removed = app_.plain_jobs->remove_old(app_.launch.config.server.job_cleanup_after_hours);
  if (removed > 0) log::info("{} old jobs were removed", removed);
  const int pruned = app_.workers->prune_snapshots();
  if (pruned > 0) log::info("{} snapshots past their retention were removed", pruned);
  const std::size_t swept = app_.records->sweep_leftovers();
  if (swept > 0) log::info("{} unfinished files of an earlier run were removed", swept);
  if (const Status cleaned = app_.state->remove_expired(); !cleaned) {
    log::warn("Expired state could not be removed: {}", cleaned.error().message);
  }
}

void Maintenance::leave_when_idle() {
  const MonoTime now = app_.clock.mono();
  if (clients_() > 0 || active_turns(app_) > 0) {
    last_used_ = now;
  } else if (now - last_used_ >= idle_limit_) {
    stop_.raise("nobody used it");
  }
}

}  // namespace patchbay::app
