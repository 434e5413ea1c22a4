#include "http/chunks.h"

#include <algorithm>

#include "http/syntax.h"

namespace patchbay::http {
namespace {

constexpr int kMaxSizeDigits = 8;
constexpr std::size_t kMaxExtensionBytes = 256;
constexpr std::size_t kMaxTrailerBytes = 8u << 10;

constexpr Refusal kMalformed{400, "malformed chunk"};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<Refusal> ChunkDecoder::feed(std::string_view& input, std::string& body, std::size_t limit) {
  while (!input.empty() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(size_, input.size()));
      body.append(input.substr(0, n));
      input.remove_prefix(n);
      size_ -= n;
      if (size_ == 0) state_ = State::kDataCr;
      continue;
    }
    if (auto refusal = step(input.front())) return refusal;
    input.remove_prefix(1);
    if (state_ == State::kData && size_ > limit - std::min(limit, body.size())) {
      return Refusal{413, "request body too large"};
    }
  }
  return std::nullopt;
}

std::optional<Refusal> ChunkDecoder::step(char c) {
  switch (state_) {
    case State::kSize:
      if (const int value = hex_value(c); value >= 0) {
        if (++digits_ > kMaxSizeDigits) return kMalformed;
        size_ = size_ * 16 + static_cast<std::uint64_t>(value);
        return std::nullopt;
      }
      if (digits_ == 0) return kMalformed;
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (c == ';') {
        state_ = State::kExtension;
      } else {
        return kMalformed;
      }
      return std::nullopt;
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeLf;
      } else if (++extension_ > kMaxExtensionBytes || !is_value_char(c)) {
        return kMalformed;
      }
      return std::nullopt;
    case State::kSizeLf:
      if (c != '\n') return kMalformed;
      state_ = size_ == 0 ? State::kTrailerStart : State::kData;
      return std::nullopt;
    case State::kDataCr:
      if (c != '\r') return kMalformed;
      state_ = State::kDataLf;
      return std::nullopt;
    case State::kDataLf:
      if (c != '\n') return kMalformed;
      state_ = State::kSize;
      digits_ = 0;
      extension_ = 0;
      return std::nullopt;
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kEndLf;
        return std::nullopt;
      }
      if (!is_token_char(c)) return kMalformed;
      state_ = State::kTrailer;
      [[fallthrough]];
    case State::kTrailer:
      if (++trailer_ > kMaxTrailerBytes) return Refusal{431, "trailers too large"};
      if (c == '\r') {
        state_ = State::kTrailerLf;
      } else if (!is_value_char(c)) {
        return kMalformed;
      }
      return std::nullopt;
    case State::kTrailerLf:
      if (c != '\n') return kMalformed;
      state_ = State::kTrailerStart;
      return std::nullopt;
    case State::kEndLf:
      if (c != '\n') return kMalformed;
      state_ = State::kDone;
      return std::nullopt;
    case State::kData:
    case State::kDone: break;
  }
  return std::nullopt;
}

}  // namespace patchbay::http
