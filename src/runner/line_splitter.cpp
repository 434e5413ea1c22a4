#include "runner/line_splitter.h"

namespace patchbay::runner {

void LineSplitter::feed(std::string_view data, const std::function<void(std::string_view)>& on_line) {
  while (!data.empty()) {
    const std::size_t newline = data.find('\n');
    const std::string_view piece = data.substr(0, newline);
    if (!skipping_ && partial_.size() + piece.size() > max_) {
      skipping_ = true;
      ++oversized_;
      partial_.clear();
      partial_.shrink_to_fit();
    }
    if (newline == std::string_view::npos) {
      if (!skipping_) partial_.append(piece);
      return;
    }
    if (skipping_) {
      skipping_ = false;
    } else if (partial_.empty()) {
      on_line(piece);
    } else {
      partial_.append(piece);
      on_line(partial_);
      partial_.clear();
    }
    data.remove_prefix(newline + 1);
  }
}

void LineSplitter::finish(const std::function<void(std::string_view)>& on_line) {
  if (!skipping_ && !partial_.empty()) on_line(partial_);
  partial_.clear();
}

}  // namespace patchbay::runner
