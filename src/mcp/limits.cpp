#include "patchbay/mcp/limits.h"

namespace patchbay::mcp {

void Slots::Permit::release() {
  if (!state_) return;
  std::lock_guard lock(state_->mutex);
  --state_->used;
}

std::optional<Slots::Permit> Slots::take() {
  std::lock_guard lock(state_->mutex);
  if (state_->used >= state_->limit) return std::nullopt;
  ++state_->used;
  Permit permit;
  permit.state_ = state_;
  return permit;
}

int Slots::used() const {
  std::lock_guard lock(state_->mutex);
  return state_->used;
}

}  // namespace patchbay::mcp
