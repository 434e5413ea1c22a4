#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "patchbay/base/clock.h"
#include "patchbay/workers/replies.h"

namespace patchbay::workers {

/// What each caller was told last, so that the next status can say what changed and a poll that comes too early can be
/// answered from memory (lesson 14). At most 256 callers, the least recently heard of goes.
class StatusMemory {
 public:
  struct WorkerFacts {
    std::string state;
    std::int64_t events = 0, stdout_bytes = 0, stderr_bytes = 0, notes = 0;
    int completed_turns = 0;
  };
  struct Entry {
    MonoTime at{};
    std::string query;  ///< the arguments, so that another question is never answered from memory
    StatusReply reply;
    std::map<std::string, WorkerFacts> facts;
  };

  std::optional<Entry> get(const std::string& caller) const {
    std::lock_guard lock(mutex_);
    const auto it = entries_.find(caller);
    return it == entries_.end() ? std::nullopt : std::optional<Entry>(it->second.first);
  }

  void put(const std::string& caller, Entry entry) {
    std::lock_guard lock(mutex_);
    if (const auto it = entries_.find(caller); it != entries_.end()) order_.erase(it->second.second);
    order_.push_back(caller);
    entries_[caller] = {std::move(entry), std::prev(order_.end())};
    while (entries_.size() > kMaxCallers) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
  }

 private:
  static constexpr std::size_t kMaxCallers = 256;
  mutable std::mutex mutex_;
  std::list<std::string> order_;
  std::map<std::string, std::pair<Entry, std::list<std::string>::iterator>> entries_;
};

}  // namespace patchbay::workers
