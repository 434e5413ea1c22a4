#pragma once

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <utility>
#include <vector>

namespace patchbay {

/// A map of a handful of entries that is kept ten thousand times: one sorted array in place of a tree of nodes. The
/// names are those of std::map; inserting moves the entries behind it.
template <class Key, class Value>
class FlatMap {
 public:
  using key_type = Key;
  using mapped_type = Value;
  using value_type = std::pair<Key, Value>;
  using const_iterator = typename std::vector<value_type>::const_iterator;
  using iterator = const_iterator;

  FlatMap() = default;
  FlatMap(std::initializer_list<value_type> entries) {
    for (const value_type& entry : entries) (*this)[entry.first] = entry.second;
  }

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

  const_iterator find(const Key& key) const {
    const auto it = std::lower_bound(entries_.begin(), entries_.end(), key, before);
    return it != entries_.end() && it->first == key ? it : entries_.end();
  }
  const Value& at(const Key& key) const {
    const auto it = find(key);
    if (it == entries_.end()) throw std::out_of_range("no such key");
    return it->second;
  }
  Value& operator[](const Key& key) {
    auto it = std::lower_bound(entries_.begin(), entries_.end(), key, before);
    if (it == entries_.end() || it->first != key) it = entries_.insert(it, {key, Value{}});
    return it->second;
  }

  friend bool operator==(const FlatMap&, const FlatMap&) = default;

 private:
  static bool before(const value_type& entry, const Key& key) { return entry.first < key; }

  std::vector<value_type> entries_;
};

}  // namespace patchbay
