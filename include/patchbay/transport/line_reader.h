#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace patchbay::transport {

/// Cuts a byte stream into lines and skips lines that are too long (S8). Pure: fed by whoever reads.
class LineReader {
 public:
  explicit LineReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Calls `line` for every complete line (without its newline), `oversized` once for each line that was too
  /// long.
  template <class OnLine, class OnOversized>
  void feed(std::string_view bytes, OnLine line, OnOversized oversized) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, end);
      if (!skipping_ && buffer_.size() + piece.size() > max_bytes_) {
        skipping_ = true;
        std::string().swap(buffer_);
        oversized();
      }
      if (!skipping_) buffer_.append(piece);
      if (end == std::string_view::npos) return;
      if (!skipping_) line(std::string_view(buffer_));
      skipping_ = false;
      buffer_.clear();
      bytes.remove_prefix(end + 1);
    }
  }

 private:
  const std::size_t max_bytes_;
  std::string buffer_;
  bool skipping_ = false;
};

}  // namespace patchbay::transport
