#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace patchbay::runner {

/// Cuts a byte stream into lines. A line above the cap is drained and counted, never kept (lesson 33).
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : max_(max_line_bytes) {}

  /// Calls `on_line` for each complete line, without its newline.
  void feed(std::string_view data, const std::function<void(std::string_view)>& on_line);
  /// The end of the stream completes a line without newline.
  void finish(const std::function<void(std::string_view)>& on_line);

  std::int64_t oversized() const { return oversized_; }

 private:
  std::size_t max_;
  std::string partial_;
  bool skipping_ = false;
  std::int64_t oversized_ = 0;
};

}  // namespace patchbay::runner
