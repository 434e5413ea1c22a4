#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"
#include "patchbay/json/json.h"
#include "patchbay/os/private_file.h"

namespace patchbay::store {

/// The append-only record of what was asked and what came of it: one JSON object per line (SEC:R2, R3).
///
/// Threads:    any thread. One thread of its own syncs.
/// Durability: write(kMutating) returns once the line is on stable storage; lines of many callers share one
/// sync,
///             at most 50 ms apart. write(kReading) returns at once; the line is synced with the next group.
/// Errors:     kDiskFull, kIoError. After one the log is `failed()`: the caller refuses mutating work with
///             degraded_readonly (SEC:F17) until a later write succeeds.
class AuditLog {
 public:
  struct Options {
    std::size_t max_bytes = 10u << 20;  ///< of one file; then it becomes `<path>.1`
    int old_files = 4;                  ///< `<path>.1` is the youngest
    std::chrono::milliseconds group{50};
  };
  enum class Kind { kReading, kMutating };

  static Result<std::unique_ptr<AuditLog>> open(std::string path, const Options& options, const Clock& clock);
  ~AuditLog();

  /// Adds `time` (UTC) and `seq` in front of the event's members and appends it as one line. Strings are made
  /// safe for a line and redacted.
  Status write(const Json& event, Kind kind);

  bool failed() const;
  /// Bytes of the current file.
  std::size_t size() const;

 private:
  AuditLog(std::string path, const Options& options, const Clock& clock, os::AppendFile file);
  void sync_loop();
  void sync_group(std::unique_lock<std::mutex>& lock);
  void rotate_if_full(std::unique_lock<std::mutex>& lock);

  /// A caller that waits for its line.
  struct Waiter {
    std::uint64_t seq;
    std::optional<Status> outcome = {};
  };

  const std::string path_;
  const Options options_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  os::AppendFile file_;            // guarded by mutex_
  std::uint64_t last_seq_ = 0;     // of the last appended line
  std::uint64_t covered_seq_ = 0;  // of the last line that met a sync, good or bad
  std::vector<Waiter*> waiters_;
  bool failed_ = false;
  bool gathering_ = false;  // the syncing thread lets lines gather; only a waiter is worth waking it for
  bool syncing_ = false;    // `file_` is in use without the lock
  bool rotating_ = false;
  bool start_new_ = false;  // a sync failed: this file is not trusted with another line
  bool stopping_ = false;
  std::thread syncer_;
};

}  // namespace patchbay::store
