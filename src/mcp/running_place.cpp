#include "mcp/running_place.h"

namespace patchbay::mcp {

bool RunningPlace::take() {
  std::lock_guard lock(mutex_);
  return take_locked();
}

bool RunningPlace::take_locked() {
  auto one = server_.running.take();
  auto own =
      Server::Impl::take(server_.running_by_credential, credential_, server_.limits.running_calls_per_credential);
  if (!one || !own) return false;
  among_all_ = std::move(one);
  among_its_own_.emplace(std::move(*own));
  return true;
}

void RunningPlace::release() {
  among_all_.reset();
  among_its_own_.reset();
}

void RunningPlace::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  release();
}

std::shared_ptr<void> RunningPlace::lend() {
  std::lock_guard lock(mutex_);
  ++lent_;
  release();
  return {this, [self = shared_from_this()](void*) { self->end_lending(); }};
}

void RunningPlace::end_lending() {
  std::lock_guard lock(mutex_);
  if (--lent_ == 0 && !closed_) take_locked();
}

}  // namespace patchbay::mcp
