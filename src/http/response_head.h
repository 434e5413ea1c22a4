#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/http/server.h"

namespace patchbay::http {

/// How the end of a response body is told.
struct BodyFraming {
  std::optional<std::size_t> length;  ///< Content-Length
  bool chunked = false;
  bool keep_alive = true;
};

/// Replaces `out` by a status line and header block: the given headers, the standing ones (H16) where none of
/// the same name is given, and the framing. False, with `out` unspecified, when a name is no token or a value
/// holds a control character (H8). Headers that frame the message are ours alone; given ones are dropped.
bool write_response_head(std::string& out, int status, const std::vector<Header>& headers, const BodyFraming& framing);

/// True for statuses that never carry a body or a length.
bool is_bodiless(int status);

std::string_view reason_phrase(int status);

}  // namespace patchbay::http
