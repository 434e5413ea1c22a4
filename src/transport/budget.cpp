#include "transport/budget.h"

namespace patchbay::transport {
namespace {

constexpr std::chrono::seconds kWindow{60};
constexpr std::size_t kManyNames = 1024;
constexpr std::string_view kEverybodyElse = "(everybody else)";

}  // namespace

std::deque<MonoTime>& Budget::recent(const std::string& name) {
  if (spent_.size() >= kManyNames && !spent_.contains(name)) forget_quiet();
  const bool shares = spent_.size() >= kManyNames && !spent_.contains(name);
  std::deque<MonoTime>& times = spent_[shares ? std::string(kEverybodyElse) : name];
  const MonoTime oldest = clock_.mono() - kWindow;
  while (!times.empty() && times.front() < oldest) times.pop_front();
  return times;
}

void Budget::forget_quiet() {
  const MonoTime oldest = clock_.mono() - kWindow;
  std::erase_if(spent_, [&](const auto& row) { return row.second.empty() || row.second.back() < oldest; });
}

bool Budget::exhausted(const std::string& name) {
  if (per_minute_ <= 0) return false;
  std::lock_guard lock(mutex_);
  return recent(name).size() >= static_cast<std::size_t>(per_minute_);
}

void Budget::spend(const std::string& name) {
  if (per_minute_ <= 0) return;
  std::lock_guard lock(mutex_);
  std::deque<MonoTime>& times = recent(name);
  if (times.size() < static_cast<std::size_t>(per_minute_)) times.push_back(clock_.mono());
}

bool Budget::take(const std::string& name) {
  if (per_minute_ <= 0) return true;
  std::lock_guard lock(mutex_);
  std::deque<MonoTime>& times = recent(name);
  if (times.size() >= static_cast<std::size_t>(per_minute_)) return false;
  times.push_back(clock_.mono());
  return true;
}

}  // namespace patchbay::transport
