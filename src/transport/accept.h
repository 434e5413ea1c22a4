#pragma once

#include <string_view>

#include "patchbay/http/server.h"

namespace patchbay::transport {

/// What a client can read (2.2).
struct Accepts {
  bool json = true;
  bool events = true;
  bool any() const { return json || events; }
};

/// From the Accept headers; absent means everything. Entries with q=0 do not count.
Accepts accepts_of(const http::Request& request);

/// True for `application/json`, with or without parameters (H9).
bool is_json_content(const http::Request& request);

}  // namespace patchbay::transport
