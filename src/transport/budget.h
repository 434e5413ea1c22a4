#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "patchbay/base/clock.h"

namespace patchbay::transport {

/// Counts events per name over a sliding minute: failed logins (A7) and requests of one credential.
///
/// Threads: any. Bounded: names that were quiet for a minute are forgotten, and above a thousand busy ones the
/// rest share one budget.
class Budget {
 public:
  Budget(int per_minute, const Clock& clock) : per_minute_(per_minute), clock_(clock) {}

  /// True when `name` has used its minute up.
  bool exhausted(const std::string& name);
  void spend(const std::string& name);
  /// Both in one step: spends and says whether it was still there. A limit of 0 is no limit.
  bool take(const std::string& name);

 private:
  std::deque<MonoTime>& recent(const std::string& name);
  void forget_quiet();

  const int per_minute_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::deque<MonoTime>> spent_;
};

}  // namespace patchbay::transport
