#pragma once

#include <string>
#include <vector>

#include "bench/timing.h"
#include "patchbay/json/json.h"

/// The table: one line per budget, measured value, yardstick of the same run, verdict.
namespace patchbay::bench {

enum class Sense { kAtMost, kAtLeast };

/// What a budget is counted in. A share is written as percent, a ratio as "0.87 x".
enum class Unit { kMilliseconds, kMebibytes, kRatio, kShare };

struct Budget {
  Sense sense;
  double limit;
  Unit unit;
};

struct Line {
  int row = 0;
  std::string what;
  std::string measured = {}, yardstick = {};  ///< as shown
  double value = 0;                           ///< in the budget's unit
  Budget budget{};
  std::string note = {};
  std::string failure = {};  ///< not empty: could not be measured, and why

  bool met() const;
};

std::string ms_text(double ms);
std::string per_second_text(double per_second);
std::string mib_text(double mib);

/// Lines of the common kinds.
Line time_line(int row, std::string what, const std::vector<double>& times, double limit_ms);
Line memory_line(int row, std::string what, double mib, double limit_mib);
Line ratio_line(int row, std::string what, const Pair& times, double limit);
Line throughput_line(int row, std::string what, double measured, double yardstick, double least_share);

std::string markdown(const std::vector<Line>& lines);
/// {"machine": {...}, "rows": [{row, what, measured, yardstick, value, unit, budget, met, note, failure}]}
Json to_json(const std::vector<Line>& lines);

}  // namespace patchbay::bench
