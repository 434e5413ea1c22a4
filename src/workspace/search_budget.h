#pragma once

#include <cstddef>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"

namespace patchbay::workspace {

/// How long and how far a search through a folder may go on.
class SearchBudget {
 public:
  SearchBudget(std::size_t max_entries, MonoTime deadline, const CancelToken& cancel)
      : max_entries_(max_entries), deadline_(deadline), cancel_(cancel) {}

  bool is_spent() const {
    const bool late = visited_ >= kUnhurried && system_clock().mono() >= deadline_;
    return late || visited_ >= max_entries_ || cancel_.cancelled();
  }
  /// Entries of directories that may still be looked at.
  std::size_t entries_left() const { return max_entries_ - visited_; }
  void spend(std::size_t entries) { visited_ += entries; }

 private:
  /// So many entries are looked at however long it takes: a busy machine hides nothing of a small folder.
  static constexpr std::size_t kUnhurried = 64;

  std::size_t max_entries_;
  MonoTime deadline_;
  const CancelToken& cancel_;
  std::size_t visited_ = 0;
};

}  // namespace patchbay::workspace
