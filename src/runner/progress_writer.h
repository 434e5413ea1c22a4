#pragma once

#include <string>

#include "patchbay/base/clock.h"
#include "patchbay/runner/engine.h"

namespace patchbay::runner {

/// Keeps progress.json current: at most four times a second, and durably as soon as the session id is known, because a
/// conversation whose id is lost cannot be continued (workers.md 1.8).
class ProgressWriter {
 public:
  explicit ProgressWriter(std::string path) : path_(std::move(path)) {}

  void changed() { dirty_ = true; }
  /// Writes when something changed and enough time has passed; `force` ignores the time.
  void flush(const Progress& progress, MonoTime now, bool force = false);
  bool dirty() const { return dirty_; }
  MonoTime next() const { return last_ + kInterval; }

 private:
  static constexpr std::chrono::milliseconds kInterval{250};
  std::string path_;
  bool dirty_ = true;
  MonoTime last_{};
  std::string durable_session_;
};

}  // namespace patchbay::runner
