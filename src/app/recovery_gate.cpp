#include "patchbay/app/recovery_gate.h"

namespace patchbay::app {

void RecoveryGate::open() {
  {
    std::lock_guard lock(mutex_);
    open_ = true;
  }
  changed_.notify_all();
}

bool RecoveryGate::is_open() const {
  std::lock_guard lock(mutex_);
  return open_;
}

Status RecoveryGate::pass(MonoTime deadline, const CancelToken& cancel) const {
  if (is_open()) return {};
  const auto wake = cancel.on_cancel([this] {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return open_ || cancel.cancelled(); });
  if (open_) return {};
  return Error{ErrorCode::kTimeout, "PatchBay still reads its records.", "Call again in a moment.", {}};
}

}  // namespace patchbay::app
