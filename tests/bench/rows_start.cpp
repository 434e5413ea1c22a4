// Rows 1 and 2: how fast the program starts and what it weighs.

#include "bench/rows.h"

namespace patchbay::bench {
namespace {

constexpr double kStartBudgetMs = 25, kStartWithRecordsBudgetMs = 150;
constexpr double kIdleBudgetMib = 16, kFullBudgetMib = 64;
constexpr int kStarts = 15, kStartsWithRecords = 9;
constexpr int kSessions = 200;
constexpr auto kSettle = std::chrono::milliseconds(1500);
constexpr auto kRowTime = std::chrono::seconds(90);

Result<double> time_start(const Workplace& place, const Owner::Setup& setup) {
  return PB_TRY(Owner::start(place, setup))->start_ms();
}

Result<Line> starts(Workplace& place, const Owner::Setup& setup, std::string what, int times, double budget) {
  const Deadline deadline(kRowTime);
  const auto times_ms = PB_TRY(repeat(times, deadline, [&] { return time_start(place, setup); }));
  return time_line(1, std::move(what), times_ms, budget);
}

Result<double> settled_memory(const Owner& owner) {
  std::this_thread::sleep_for(kSettle);
  return resident_mib(owner.pid());
}

}  // namespace

Result<Lines> start_to_initialize(Workplace& place) {
  const Repository repository = PB_TRY(place.small_repository());
  Lines lines;
  lines.push_back(
      PB_TRY(starts(place, {.home = place.new_home(), .root = repository.path},
                    "process start to answered `initialize`", place.options().rounds(kStarts), kStartBudgetMs)));
  const std::string full = PB_TRY(place.home_with_workers(kManyRecords));
  lines.push_back(PB_TRY(starts(place, {.home = full, .root = repository.path}, "the same with 10,000 job records",
                                place.options().rounds(kStartsWithRecords), kStartWithRecordsBudgetMs)));
  return lines;
}

Result<Lines> idle_memory(Workplace& place) {
  const Repository repository = PB_TRY(place.small_repository());
  Lines lines;
  {
    const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path}));
    lines.push_back(memory_line(2, "idle memory (RSS)", PB_TRY(settled_memory(*owner)), kIdleBudgetMib));
  }
  const std::string full = PB_TRY(place.home_with_workers(kManyRecords));
  const auto owner = PB_TRY(Owner::start(place, {.home = full, .root = repository.path}));
  http::Client http({.port = owner->port()});
  for (int i = 0; i < kSessions; ++i) PB_TRY(initialize(http));
  lines.push_back(
      memory_line(2, "memory with 10,000 records and 200 sessions", PB_TRY(settled_memory(*owner)), kFullBudgetMib));
  return lines;
}

}  // namespace patchbay::bench
