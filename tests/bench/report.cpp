#include "bench/report.h"

#include <sys/utsname.h>

#include <cmath>

namespace patchbay::bench {
namespace {

std::string_view name_of(Unit unit) {
  switch (unit) {
    case Unit::kMilliseconds: return "ms";
    case Unit::kMebibytes: return "MiB";
    case Unit::kRatio: return "ratio";
    case Unit::kShare: return "share";
  }
  return "";
}

std::string in_unit(double value, Unit unit) {
  switch (unit) {
    case Unit::kMilliseconds: return ms_text(value);
    case Unit::kMebibytes: return mib_text(value);
    case Unit::kRatio: return fmt::format("{:.2f} ×", value);
    case Unit::kShare: return fmt::format("{:.0f} %", value * 100);
  }
  return {};
}

std::string budget_text(const Budget& budget) {
  return (budget.sense == Sense::kAtMost ? "≤ " : "≥ ") + in_unit(budget.limit, budget.unit);
}

std::string verdict(const Line& line) {
  if (!line.failure.empty()) return "not measured: " + line.failure;
  return line.met() ? "met" : "**missed**";
}

Json line_json(const Line& line) {
  const bool measured = line.failure.empty();
  return {{"row", line.row},
          {"what", line.what},
          {"measured", line.measured},
          {"yardstick", line.yardstick},
          {"value", measured ? Json(line.value) : Json(nullptr)},
          {"unit", name_of(line.budget.unit)},
          {"budget",
           {{"sense", line.budget.sense == Sense::kAtMost ? "at_most" : "at_least"}, {"limit", line.budget.limit}}},
          {"met", measured ? Json(line.met()) : Json(nullptr)},
          {"note", line.note},
          {"failure", line.failure}};
}

}  // namespace

bool Line::met() const {
  if (!failure.empty() || std::isnan(value)) return false;
  return budget.sense == Sense::kAtMost ? value <= budget.limit : value >= budget.limit;
}

std::string ms_text(double ms) { return fmt::format("{:.{}f} ms", ms, ms < 10 ? 2 : ms < 100 ? 1 : 0); }
std::string per_second_text(double per_second) { return fmt::format("{:.0f}/s", per_second); }
std::string mib_text(double mib) { return fmt::format("{:.1f} MiB", mib); }

Line time_line(int row, std::string what, const std::vector<double>& times, double limit_ms) {
  const double typical = median(times);
  return {.row = row,
          .what = std::move(what),
          .measured = ms_text(typical),
          .yardstick = "–",
          .value = typical,
          .budget = {Sense::kAtMost, limit_ms, Unit::kMilliseconds},
          .note = fmt::format("median of {}, worst {}", times.size(), ms_text(percentile(times, 1)))};
}

Line memory_line(int row, std::string what, double mib, double limit_mib) {
  return {.row = row,
          .what = std::move(what),
          .measured = mib_text(mib),
          .yardstick = "–",
          .value = mib,
          .budget = {Sense::kAtMost, limit_mib, Unit::kMebibytes}};
}

Line ratio_line(int row, std::string what, const Pair& times, double limit) {
  return {.row = row,
          .what = std::move(what),
          .measured = ms_text(median(times.measured)),
          .yardstick = ms_text(median(times.yardstick)),
          .value = times.ratio(),
          .budget = {Sense::kAtMost, limit, Unit::kRatio},
          .note = fmt::format("medians of {}", times.measured.size())};
}

Line throughput_line(int row, std::string what, double measured, double yardstick, double least_share) {
  return {.row = row,
          .what = std::move(what),
          .measured = per_second_text(measured),
          .yardstick = per_second_text(yardstick),
          .value = measured / yardstick,
          .budget = {Sense::kAtLeast, least_share, Unit::kShare}};
}

std::string markdown(const std::vector<Line>& lines) {
  std::string out =
      "| # | What | Measured | Yardstick | Value | Budget | Verdict | Note "
      "|\n|---|---|---|---|---|---|---|---|\n";
  for (const Line& line : lines) {
    const bool measured = line.failure.empty();
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", line.row, line.what, line.measured,
                       line.yardstick, measured ? in_unit(line.value, line.budget.unit) : "",
                       measured ? budget_text(line.budget) : "", verdict(line), line.note);
  }
  return out;
}

Json to_json(const std::vector<Line>& lines) {
  struct utsname machine {};
  ::uname(&machine);
  Json rows = Json::array();
  for (const Line& line : lines) rows.push_back(line_json(line));
  return {{"machine",
           {{"kernel", machine.release}, {"arch", machine.machine}, {"cores", std::thread::hardware_concurrency()}}},
          {"rows", std::move(rows)}};
}

}  // namespace patchbay::bench
