#include "transport/stream_watch.h"

namespace patchbay::transport {

StreamWatch::~StreamWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

StreamWatch::Watched::~Watched() {
  if (owner_ == nullptr) return;
  const std::lock_guard lock(owner_->mutex_);
  owner_->streams_.erase(stream_);
}

StreamWatch::Watched StreamWatch::watch(std::function<bool()> tend, std::function<void()> lost) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  streams_.push_front({std::move(tend), std::move(lost)});
  if (streams_.size() == 1) changed_.notify_all();
  return {*this, streams_.begin()};
}

void StreamWatch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait(lock, [this] { return stopping_ || !streams_.empty(); });
    changed_.wait_for(lock, interval_, [this] { return stopping_; });
    for (const Stream& stream : streams_) {
      if (!stopping_ && !stream.tend()) stream.lost();
    }
  }
}

}  // namespace patchbay::transport
