#pragma once

#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace patchbay {

/// Orders pointers to objects that carry their own key, so that an index needs no copy of it:
/// `std::set<std::shared_ptr<const T>, OrderedBy<&T::id>>`, found by the key itself. `Key` is a member or a function of
/// the object, which must not change while it is in the set.
template <auto Key>
struct OrderedBy {
  using is_transparent = void;

  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return view(a) < view(b);
  }

 private:
  template <class T>
  static auto view(const T& value) {
    if constexpr (requires { std::invoke(Key, *value); }) {
      return bare(std::invoke(Key, *value));
    } else {
      return bare(value);
    }
  }
  template <class T>
  static auto bare(const T& key) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return std::string_view(key);
    } else {
      return key;
    }
  }
};

/// Puts `pointer` in, in the place of one with the same key. True when there was one.
template <class Set>
bool insert_or_replace(Set& set, typename Set::value_type pointer) {
  const auto it = set.find(pointer);
  if (it == set.end()) {
    set.insert(std::move(pointer));
    return false;
  }
  auto node = set.extract(it);
  node.value() = std::move(pointer);
  set.insert(std::move(node));
  return true;
}

}  // namespace patchbay
