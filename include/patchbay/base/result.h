#pragma once

#include <cassert>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "patchbay/base/error.h"

namespace patchbay {

/// A value or an Error. Functions that can fail return it; nothing of ours throws across a module boundary.
///
/// Reading `value()` of a failed Result, or `error()` of a successful one, is a defect of the program.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  // By value, so that `for (auto& x : *f())` does not look into a destroyed temporary.
  T value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::get<0>(std::move(state_)); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { assert(ok()); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

namespace detail {
template <class T>
T take(Result<T>& r) {
  return std::move(r).value();
}
inline void take(Result<void>&) {}
}  // namespace detail

/// `auto x = PB_TRY(f());` yields the value of f(), or returns its Error from the enclosing function.
#define PB_TRY(expr)                                                  \
  __extension__({                                                     \
    auto pb_try_result = (expr);                                      \
    if (!pb_try_result.ok()) return std::move(pb_try_result).error(); \
    ::patchbay::detail::take(pb_try_result);                          \
  })

}  // namespace patchbay
