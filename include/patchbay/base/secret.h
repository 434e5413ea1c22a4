#pragma once

#include <string>
#include <string_view>

#include "patchbay/base/hash.h"

namespace patchbay {

/// A token or key in memory. It has no stream operator and no formatter, so it cannot slip into a log line or
/// a reply; whoever needs the bytes says `reveal()`. The memory is zeroed when the object goes (SEC:A4, R1).
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(value) { wipe(value); }
  Secret(const Secret&) = default;
  Secret(Secret&& o) noexcept : value_(o.value_) { wipe(o.value_); }  // a moved-from short string keeps its bytes
  Secret& operator=(const Secret& o) {
    if (this != &o) {
      wipe(value_);
      value_ = o.value_;
    }
    return *this;
  }
  Secret& operator=(Secret&& o) noexcept {
    if (this != &o) {
      wipe(value_);
      value_ = o.value_;
      wipe(o.value_);
    }
    return *this;
  }
  ~Secret() { wipe(value_); }

  bool empty() const { return value_.empty(); }
  std::size_t size() const { return value_.size(); }
  std::string_view reveal() const { return value_; }
  /// Compares in time that depends on the lengths only.
  bool equals(std::string_view other) const { return equal_constant_time(value_, other); }

  /// Overwrites the bytes of a string that held a secret and empties it.
  static void wipe(std::string& text) noexcept {
    volatile char* p = text.data();
    for (std::size_t i = 0; i < text.size(); ++i) p[i] = 0;
    text.clear();
  }

 private:
  std::string value_;
};

}  // namespace patchbay
