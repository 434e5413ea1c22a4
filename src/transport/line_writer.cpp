#include "transport/line_writer.h"

#include "patchbay/os/stream.h"

namespace patchbay::transport {
namespace {

constexpr std::size_t kMaxQueued = 64u << 20;
constexpr std::chrono::seconds kWriteDeadline{30};
/// A long line is handed over in pieces, so that giving up does not have to wait for all of it.
constexpr std::size_t kPiece = 256u << 10;

}  // namespace

LineWriter::LineWriter(int fd) : fd_(fd), thread_([this] { run(); }) {}

void LineWriter::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ended_.cancel();
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LineWriter::write(std::string_view line) {
  bool too_much = false;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || broken_.cancelled()) return;
    too_much = queued_bytes_ + line.size() > kMaxQueued;
    if (!too_much) {
      std::string text;
      text.reserve(line.size() + 1);
      text.append(line).append("\n");
      queued_bytes_ += text.size();
      queue_.push_back(std::move(text));
    }
  }
  if (too_much) broken_.cancel();
  changed_.notify_all();
}

void LineWriter::drain(MonoTime deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return (queue_.empty() && !writing_) || broken_.cancelled(); });
}

void LineWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    std::string line = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= line.size();
    writing_ = true;
    std::string_view rest = line;
    bool good = !broken_.cancelled();
    while (good && !rest.empty() && !stopping_) {
      const std::string_view piece = rest.substr(0, kPiece);
      lock.unlock();
      good = os::write_all_until(fd_, piece, system_clock().mono() + kWriteDeadline, ended_).ok();
      lock.lock();
      rest.remove_prefix(piece.size());
    }
    writing_ = false;
    if (!good && !broken_.cancelled()) {
      lock.unlock();
      broken_.cancel();
      lock.lock();
    }
    changed_.notify_all();
  }
}

}  // namespace patchbay::transport
