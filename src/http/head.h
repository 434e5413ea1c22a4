#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "patchbay/http/server.h"

namespace patchbay::http {

/// Why a request is answered before any handler sees it.
struct Refusal {
  int status = 400;
  std::string_view reason;  ///< static text
};

/// What the head says about the connection and the body that follows.
struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  bool chunked = false;
  bool coded = false;  ///< Content-Encoding other than identity
  bool expects_continue = false;
  bool expects_other = false;  ///< an expectation we do not know
  std::uint64_t content_length = 0;

  bool has_body() const { return chunked || content_length > 0; }
};

/// Finds the end of a request head in a buffer that grows. It looks at each byte once and refuses a head as
/// soon as a limit is passed or a line does not end in CR LF (H3, H6).
class HeadScanner {
 public:
  /// Goes on where the last call stopped; `buffer` starts at the first byte of the request.
  std::optional<Refusal> scan(std::string_view buffer, const Limits& limits);
  bool complete() const { return size_ > 0; }
  /// Bytes of the head, its empty line included.
  std::size_t size() const { return size_; }

 private:
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;
  std::size_t size_ = 0;
};

/// Parses a whole head as `HeadScanner` delimits it. Everything that could be read in two ways is refused
/// (H3). Limits on the body are not looked at here: who may send at all is decided first.
std::optional<Refusal> parse_head(std::string_view head, const Limits& limits, Request& request, Framing& framing);

}  // namespace patchbay::http
