#pragma once

#include <condition_variable>
#include <mutex>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"

namespace patchbay::app {

/// Until the owner has read its records, handshakes and lists are answered, and whatever needs workers or jobs waits
/// here.
///
/// Threads: any.
class RecoveryGate {
 public:
  void open();
  bool is_open() const;
  /// Waits until the gate is open. kTimeout at `deadline` and for a cancelled request.
  Status pass(MonoTime deadline, const CancelToken& cancel) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace patchbay::app
