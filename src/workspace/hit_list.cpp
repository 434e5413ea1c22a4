#include "hit_list.h"

#include <algorithm>

namespace patchbay::workspace {

bool PathOrder::operator()(std::string_view a, std::string_view b) const {
  const auto rank = [](char c) { return c == '/' ? -1 : static_cast<int>(static_cast<unsigned char>(c)); };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

bool HitList::on_file(std::string path) {
  if (open_) on_file_end(false);
  if (path.starts_with("./")) path.erase(0, 2);
  path_ = prefix_.empty() ? std::move(path) : prefix_ + "/" + path;
  open_ = true;
  hits_.clear();
  current_matches_ = 0;
  ignored_ = !filter_(path_);
  if (ignored_) return false;
  if (options_.after && PathOrder()(path_, options_.after->path)) return false;
  // Beyond the last kept one of a full list nothing can enter.
  return kept_ < options_.capacity || files_.empty() || PathOrder()(path_, files_.rbegin()->first);
}

bool HitList::on_match(const RgHit& hit) {
  if (!on_counted_match()) return false;
  const bool seen = options_.after && options_.after->path == path_ && hit.line <= options_.after->line;
  if (!seen && hits_.size() < options_.capacity) hits_.push_back(hit);
  return !(options_.sorted && kept_ + hits_.size() >= options_.capacity);
}

bool HitList::on_counted_match() {
  if (ignored_) return true;
  ++current_matches_;
  if (options_.stop_above == 0 || match_count_ + current_matches_ <= options_.stop_above) return true;
  overflowed_ = true;
  return false;
}

void HitList::on_file_end(bool binary) {
  if (!open_) return;
  open_ = false;
  if (ignored_ || current_matches_ == 0) return;
  saw_binary_ = saw_binary_ || binary;
  if (binary) return;
  ++file_count_;
  match_count_ += current_matches_;
  if (hits_.empty()) return;
  kept_ += hits_.size();
  files_[path_] = std::move(hits_);
  hits_ = {};
  drop_beyond_capacity();
}

void HitList::drop_beyond_capacity() {
  while (kept_ > options_.capacity) {
    auto last = std::prev(files_.end());
    const std::size_t excess = std::min(kept_ - options_.capacity, last->second.size());
    last->second.resize(last->second.size() - excess);
    kept_ -= excess;
    if (last->second.empty()) files_.erase(last);
  }
}

}  // namespace patchbay::workspace
