#include "patchbay/mcp/event_log.h"

#include <algorithm>

namespace patchbay::mcp {

EventLog::EventLog(std::uint64_t stream, const Limits& limits, const Clock& clock, std::uint64_t before)
    : stream_(stream), limits_(limits), clock_(clock), next_(before + 1), read_up_to_(before + 1) {}

std::string EventLog::append(std::string_view data) {
  std::lock_guard lock(mutex_);
  return append_locked(data);
}

void EventLog::append_once(std::string_view data) {
  std::lock_guard lock(mutex_);
  for (const Kept& kept : kept_) {
    if (kept.sequence >= read_up_to_ && kept.data == data) return;
  }
  append_locked(data);
}

std::string EventLog::append_locked(std::string_view data) {
  const std::uint64_t sequence = next_++;
  kept_.push_back({sequence, std::string(data), clock_.mono()});
  bytes_ += data.size();
  trim();
  changed_.notify_all();
  return std::to_string(stream_) + "-" + std::to_string(sequence);
}

void EventLog::trim() {
  const MonoTime oldest = clock_.mono() - limits_.stream_age;
  while (!kept_.empty() &&
         (kept_.size() > limits_.stream_events || bytes_ > limits_.stream_bytes || kept_.front().at < oldest)) {
    bytes_ -= kept_.front().data.size();
    kept_.pop_front();
  }
}

std::string EventLog::priming_id(const Reader& reader) const {
  return std::to_string(stream_) + "-" + std::to_string(reader.after - 1);
}

void EventLog::finish() {
  std::lock_guard lock(mutex_);
  if (!finished_) finished_at_ = clock_.mono();
  finished_ = true;
  changed_.notify_all();
}

bool EventLog::finished() const {
  std::lock_guard lock(mutex_);
  return finished_;
}

bool EventLog::expired() const {
  std::lock_guard lock(mutex_);
  return finished_ && !reading_ && clock_.mono() - finished_at_ > limits_.stream_age;
}

EventLog::Reader EventLog::attach() {
  std::lock_guard lock(mutex_);
  trim();
  reading_ = true;
  changed_.notify_all();
  const std::uint64_t queued = std::min<std::uint64_t>(next_ - first_kept(), limits_.queued_without_reader);
  return {++generation_, std::max(read_up_to_, next_ - queued), wakes_};
}

std::optional<EventLog::Reader> EventLog::attach_after(std::uint64_t sequence) {
  std::lock_guard lock(mutex_);
  trim();
  if (sequence >= next_) return std::nullopt;
  // Everything behind `sequence` must still be there, or the client would miss events unknowingly.
  if (sequence + 1 < first_kept()) return std::nullopt;
  reading_ = true;
  changed_.notify_all();
  return Reader{++generation_, sequence + 1, wakes_};
}

void EventLog::detach(const Reader& reader) {
  std::lock_guard lock(mutex_);
  if (reader.generation == generation_) reading_ = false;
}

bool EventLog::has_reader() const {
  std::lock_guard lock(mutex_);
  return reading_;
}

EventLog::Batch EventLog::wait(Reader& reader, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] {
    return reader.generation != generation_ || next_ > reader.after || finished_ || wakes_ != reader.wakes;
  });
  reader.wakes = wakes_;
  Batch batch;
  if (reader.generation != generation_) {
    batch.state = State::kReplaced;
    return batch;
  }
  if (reader.after < first_kept()) {
    batch.state = State::kLost;
    return batch;
  }
  for (const Kept& kept : kept_) {
    if (kept.sequence < reader.after) continue;
    batch.events.push_back({std::to_string(stream_) + "-" + std::to_string(kept.sequence), kept.data});
  }
  reader.after = next_;
  read_up_to_ = std::max(read_up_to_, next_);
  batch.state = finished_ ? State::kFinished : State::kOpen;
  return batch;
}

void EventLog::wake() {
  std::lock_guard lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

}  // namespace patchbay::mcp
