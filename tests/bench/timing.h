#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"
#include "patchbay/os/process.h"

/// Taking times and putting them side by side. All durations are milliseconds as double.
namespace patchbay::bench {

inline MonoTime now() { return std::chrono::steady_clock::now(); }
double ms_since(MonoTime start);
double ms_between(MonoTime start, MonoTime end);

double median(std::vector<double> values);
/// Nearest rank; `share` is 0..1.
double percentile(std::vector<double> values, double share);

/// The time one row may take. Also over as soon as the operator interrupts the program.
class Deadline {
 public:
  explicit Deadline(std::chrono::seconds length) : at_(now() + length) {}
  bool passed() const;
  MonoTime at() const { return at_; }

 private:
  MonoTime at_;
};

/// From now on SIGINT and SIGTERM end the measuring, not the process: what was started is still cleaned up.
void watch_interrupts();

/// One measurement: the milliseconds it took, or why it failed.
using Sample = std::function<Result<double>()>;

struct Pair {
  std::vector<double> measured, yardstick;
  double ratio() const { return median(measured) / median(yardstick); }
};

/// Takes both in turn, so that both meet the same machine, after one unmeasured round. Stops early, with what
/// it has, when the deadline passes; kTimeout when that was nothing.
Result<Pair> in_turn(int times, const Deadline& deadline, const Sample& measured, const Sample& yardstick);
Result<std::vector<double>> repeat(int times, const Deadline& deadline, const Sample& measured);

/// Spawns a command with nothing around it, reads its output away, waits for its end. kSpawnFailed also for
/// an exit code above 1 (searching programs say 1 for "nothing found").
Result<double> time_command(const std::vector<std::string>& argv, const os::Environment& env, const std::string& cwd);

}  // namespace patchbay::bench
