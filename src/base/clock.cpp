#include "patchbay/base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace patchbay {
namespace {
class SystemClock final : public Clock {
 public:
  WallTime wall() const override { return std::chrono::system_clock::now(); }
  MonoTime mono() const override { return std::chrono::steady_clock::now(); }
};
}  // namespace

const Clock& system_clock() {
  // Never destroyed: threads that outlive main() may still ask for the time.
  static const auto* clock = new SystemClock;
  return *clock;
}

double epoch_seconds(WallTime t) { return std::chrono::duration<double>(t.time_since_epoch()).count(); }

WallTime from_epoch_seconds(double s) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(s)));
}

std::string iso8601(WallTime t) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(t);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                     tm.tm_min, tm.tm_sec);
}

}  // namespace patchbay
