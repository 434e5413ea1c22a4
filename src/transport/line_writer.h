#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"

namespace patchbay::transport {

/// Writes whole lines to one descriptor from a thread of its own, so that nobody who has something to say
/// waits for a client that does not read (S7).
///
/// A client that takes nothing for 30 s, or lets 64 MiB pile up, is given up: `broken` is cancelled.
class LineWriter {
 public:
  explicit LineWriter(int fd);
  ~LineWriter() { stop(); }

  void write(std::string_view line);
  /// Waits until everything queued is written, or `deadline`.
  void drain(MonoTime deadline);
  /// Drops what is still queued and touches the descriptor no more; later writes do nothing. Once, by its
  /// owner.
  void stop();
  CancelToken broken() const { return broken_; }

 private:
  void run();
  const int fd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool stopping_ = false;
  CancelToken broken_;
  CancelToken ended_;
  std::thread thread_;
};

}  // namespace patchbay::transport
