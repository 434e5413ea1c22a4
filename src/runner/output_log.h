#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::runner {

/// One append-only log of a turn. Lines arrive already redacted.
///
/// A full disk or any other failure stops the log, never the turn.
class OutputLog {
 public:
  static Result<OutputLog> create(const std::string& path, std::int64_t capture_max_bytes);

  /// `always` lines are written up to twice the capture limit, others up to the limit. False: dropped.
  bool append(std::string_view line, bool always);

  /// Cuts the file to head and tail on line boundaries when it is longer than `max_bytes`.
  void cut(std::int64_t max_bytes);

 private:
  OutputLog(std::string path, os::Fd fd, std::int64_t max) : path_(std::move(path)), fd_(std::move(fd)), max_(max) {}

  std::string path_;
  os::Fd fd_;
  std::int64_t max_;
  std::int64_t written_ = 0;
};

}  // namespace patchbay::runner
