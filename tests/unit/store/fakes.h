#pragma once

#include <cerrno>
#include <string>
#include <string_view>

#include "patchbay/base/clock.h"
#include "patchbay/os/file.h"

namespace patchbay::store {

/// A clock that stands still until it is moved.
class FakeClock : public Clock {
 public:
  WallTime wall() const override { return wall_; }
  MonoTime mono() const override { return mono_; }
  void advance(std::chrono::seconds by) {
    wall_ += by;
    mono_ += by;
  }

 private:
  WallTime wall_ = from_epoch_seconds(1'800'000'000);
  MonoTime mono_ = std::chrono::steady_clock::now();
};

/// Fails durable steps of files while it lives: the n-th one that matches, or every one from there on.
class FileFaults {
 public:
  static constexpr int kNever = 1 << 30;

  FileFaults(std::string_view step, int skip, int count, int err = EIO) {
    step_ = step;
    skip_ = skip;
    count_ = count;
    err_ = err;
    os::set_file_fault_hook(&hook);
  }
  FileFaults(const FileFaults&) = delete;
  FileFaults& operator=(const FileFaults&) = delete;
  ~FileFaults() { os::set_file_fault_hook(nullptr); }

  /// How often a matching step was reached and let through or failed.
  static int failed() { return failed_; }

 private:
  static int hook(std::string_view step, const std::string&) {
    if (!step_.empty() && step != step_) return 0;
    if (skip_-- > 0) return 0;
    if (count_-- <= 0) return 0;
    ++failed_;
    return err_;
  }

  inline static std::string step_;
  inline static int skip_ = 0, count_ = 0, err_ = 0, failed_ = 0;
};

}  // namespace patchbay::store
