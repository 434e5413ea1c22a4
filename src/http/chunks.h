#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"

namespace patchbay::http {

/// Takes a chunked body apart as it arrives (H4): sizes are 1 to 8 hex digits, extensions up to 256 bytes are
/// skipped, trailers are checked for form and dropped, and the last chunk must come.
class ChunkDecoder {
 public:
  /// Consumes from the front of `input` and appends to `body`, which never grows beyond `limit`. Stops at the
  /// end of the body: what is left in `input` belongs to the next request.
  std::optional<Refusal> feed(std::string_view& input, std::string& body, std::size_t limit);
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone
  };
  std::optional<Refusal> step(char c);

  State state_ = State::kSize;
  int digits_ = 0;
  std::size_t extension_ = 0;
  std::size_t trailer_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace patchbay::http
