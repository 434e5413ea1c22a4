#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/mcp/limits.h"

namespace patchbay::mcp {

struct Event {
  std::string id;    ///< "<stream>-<sequence>"
  std::string data;  ///< JSON text
};

/// The events of one stream of a legacy session, kept so that a client can read on after a break (G15, G16).
///
/// A ring: at most Limits::stream_events events and stream_bytes bytes, none older than stream_age.
/// Threads: any number append; one reader at a time, a newer one ends the older (G14).
class EventLog {
 public:
  /// Sequences count from `before` + 1.
  EventLog(std::uint64_t stream, const Limits& limits, const Clock& clock, std::uint64_t before = 0);

  std::uint64_t stream() const { return stream_; }
  /// Adds one event and returns its id.
  std::string append(std::string_view data);
  /// Adds one unless an equal one waits that nobody has read yet: two say no more than one (11).
  void append_once(std::string_view data);
  /// No more events will come; readers end after the last one.
  void finish();
  bool finished() const;
  /// Nobody can have a use for it any more: finished, unread for longer than Limits::stream_age.
  bool expired() const;

  /// `kLost`: events that the reader has not read are no longer kept; its stream must end (11).
  enum class State { kOpen, kFinished, kReplaced, kLost };
  struct Batch {
    std::vector<Event> events;
    State state = State::kOpen;
  };
  /// One attached reader.
  struct Reader {
    std::uint64_t generation = 0;
    std::uint64_t after = 1;  ///< sequence of the next event to read
    std::uint64_t wakes = 0;  ///< calls of wake() that it has seen
  };
  /// Attaches behind everything that was already read (or, with nobody reading, behind all but the last
  /// `queued_without_reader` events).
  Reader attach();
  /// Attaches behind event `sequence`; absent when that event is unknown or too old.
  std::optional<Reader> attach_after(std::uint64_t sequence);
  /// The id that a client gives to read everything this reader will: for the event that opens a stream.
  std::string priming_id(const Reader& reader) const;
  void detach(const Reader& reader);
  bool has_reader() const;
  /// Waits until there are events behind the reader, or the stream ends, or the time is over.
  Batch wait(Reader& reader, std::chrono::milliseconds timeout);
  /// Makes every reader return from the wait it is in, or from its next one.
  void wake();

 private:
  struct Kept {
    std::uint64_t sequence;
    std::string data;
    MonoTime at;
  };
  void trim();
  std::uint64_t first_kept() const { return kept_.empty() ? next_ : kept_.front().sequence; }
  std::string append_locked(std::string_view data);

  const std::uint64_t stream_;
  const Limits& limits_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Kept> kept_;
  std::size_t bytes_ = 0;
  std::uint64_t next_;
  std::uint64_t read_up_to_;  ///< sequences below were given to a reader
  MonoTime finished_at_{};
  std::uint64_t generation_ = 0;
  bool reading_ = false;
  bool finished_ = false;
  std::uint64_t wakes_ = 0;
};

}  // namespace patchbay::mcp
