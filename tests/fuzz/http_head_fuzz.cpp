// Feeds bytes to the request head and chunk parsers whole and in pieces. Both ways must agree, and nothing
// the parsers accept may pass their own limits.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/chunks.h"
#include "http/head.h"
#include "http/syntax.h"

namespace {

using patchbay::http::ChunkDecoder;
using patchbay::http::Framing;
using patchbay::http::HeadScanner;
using patchbay::http::Limits;
using patchbay::http::Request;

constexpr std::size_t kBodyLimit = 4096;

void require(bool condition) {
  if (!condition) std::abort();
}

/// What one way of feeding the bytes led to.
struct Outcome {
  int status = 0;  ///< of a refusal; 0 without one
  bool complete = false;
  Request request;
  Framing framing;
  std::size_t consumed = 0;

  bool operator==(const Outcome& o) const {
    return status == o.status && complete == o.complete && consumed == o.consumed &&
           request.method == o.request.method && request.path == o.request.path && request.query == o.request.query &&
           request.headers == o.request.headers && request.body == o.request.body;
  }
};

Outcome read_request(std::string_view bytes, std::size_t piece) {
  static const Limits limits;
  Outcome out;
  HeadScanner scanner;
  std::size_t offered = 0;
  while (!scanner.complete()) {
    if (offered == bytes.size()) return out;
    offered = std::min(bytes.size(), offered + piece);
    if (const auto refused = scanner.scan(bytes.substr(0, offered), limits)) {
      out.status = refused->status;
      return out;
    }
  }
  out.consumed = scanner.size();
  if (const auto refused = parse_head(bytes.substr(0, scanner.size()), limits, out.request, out.framing)) {
    out.status = refused->status;
    return out;
  }
  require(out.request.count("host") == 1);
  require(out.request.headers.size() <= limits.header_count);
  for (const auto& [name, value] : out.request.headers) {
    require(patchbay::http::is_token(name) && patchbay::http::is_field_value(value));
  }
  require(!(out.framing.chunked && out.framing.content_length > 0));
  if (!out.framing.chunked) {
    out.complete = true;
    return out;
  }
  ChunkDecoder chunks;
  std::size_t at = scanner.size();
  while (!chunks.done() && at < bytes.size()) {
    std::string_view next = bytes.substr(at, piece);
    const std::size_t before = next.size();
    if (const auto refused = chunks.feed(next, out.request.body, kBodyLimit)) {
      out.status = refused->status;
      out.request.body.clear();
      out.consumed = 0;
      return out;
    }
    require(out.request.body.size() <= kBodyLimit);
    at += before - next.size();
  }
  out.complete = chunks.done();
  out.consumed = at;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read_request(bytes, std::max<std::size_t>(1, size));
  require(whole == read_request(bytes, 7));
  // A refusal by size may come at another moment when bytes come one by one, but never turn into an
  // acceptance.
  const Outcome single = read_request(bytes, 1);
  require(single.complete == whole.complete && (single.status == 0) == (whole.status == 0));
  return 0;
}
