#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "patchbay/http/server.h"

/// Server-sent events as MCP frames them (H17, H18).
namespace patchbay::transport {

/// Sent together with the headers, because some proxies hold headers back until a body byte comes.
inline constexpr std::string_view kOpeningComment = ": open\n\n";
inline constexpr std::string_view kKeepAlive = ": keep-alive\n\n";

/// One message; `id` only in the legacy era.
inline std::string event_text(std::string_view data, std::string_view id = {}) {
  std::string out;
  out.reserve(data.size() + id.size() + 32);
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("event: message\ndata: ").append(data).append("\n\n");
  return out;
}

/// The event that only tells where a stream begins (G15).
inline std::string priming_text(std::string_view id) {
  return std::string("id: ").append(id).append("\nretry: 3000\ndata: \n\n");
}

inline std::vector<http::Header> stream_headers() {
  return {
      {"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache, no-transform"}, {"X-Accel-Buffering", "no"}};
}

}  // namespace patchbay::transport
