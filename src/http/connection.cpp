#include "http/connection.h"

#include <algorithm>
#include <cstring>

namespace patchbay::http {
namespace {

constexpr std::size_t kFirstCapacity = 4u << 10;
constexpr std::size_t kLeastRoom = 2u << 10;
constexpr std::size_t kKeptBodyCapacity = 16u << 10;

}  // namespace

void InputBuffer::consume(std::size_t n) {
  begin_ += n;
  if (begin_ == end_) begin_ = end_ = 0;
}

char* InputBuffer::room() {
  if (capacity_left() < kLeastRoom) {
    const std::size_t held = end_ - begin_;
    if (capacity_ - held >= kLeastRoom && begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, held);
    } else {
      const std::size_t wanted = std::max(kFirstCapacity, capacity_ * 2);
      std::unique_ptr<char[]> larger(new char[wanted]);
      if (held > 0) std::memcpy(larger.get(), data_.get() + begin_, held);
      data_ = std::move(larger);
      capacity_ = wanted;
    }
    begin_ = 0;
    end_ = held;
  }
  return data_.get() + end_;
}

void InputBuffer::release() {
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

void Connection::next_request() {
  scanner = {};
  chunks = {};
  if (request.body.capacity() > kKeptBodyCapacity) {
    request.body = {};
  } else {
    request.body.clear();
  }
}

}  // namespace patchbay::http
