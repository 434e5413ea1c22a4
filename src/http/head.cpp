#include "http/head.h"

#include <cstring>

#include "http/syntax.h"
#include "patchbay/base/text.h"

namespace patchbay::http {
namespace {

constexpr Refusal bad(std::string_view reason) { return {400, reason}; }

/// Longest length that is parsed at all: 18 digits fit in 64 bits.
constexpr std::size_t kMaxLengthDigits = 18;

std::optional<Refusal> parse_request_line(std::string_view line, Request& request, Framing& framing) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("malformed request line");
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method)) return bad("malformed method");
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') return bad("malformed version");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Refusal{505, "HTTP version not supported"};
  if (method == "TRACE" || method == "CONNECT") return Refusal{405, "method not allowed"};
  for (const char c : target) {
    if (c <= 0x20 || c >= 0x7f || c == '#') return bad("malformed request target");
  }
  if (!target.starts_with('/') && !(target == "*" && method == "OPTIONS")) return bad("malformed request target");
  request.method = method;
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  framing.http11 = version.back() == '1';
  framing.keep_alive = framing.http11;
  return std::nullopt;
}

std::optional<Refusal> parse_length(std::string_view value, Framing& framing) {
  if (value.empty() || value.size() > kMaxLengthDigits) return bad("malformed Content-Length");
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return bad("malformed Content-Length");
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  framing.content_length = length;
  return std::nullopt;
}

/// How often the fields were seen that may occur once at most.
struct Seen {
  int host = 0;
  int length = 0;
  int coding = 0;
};

std::optional<Refusal> note_field(std::string_view name, std::string_view value, Framing& framing, Seen& seen) {
  switch (name.size()) {
    case 4:
      if (iequals_ascii(name, "host")) ++seen.host;
      break;
    case 6:
      if (iequals_ascii(name, "expect")) {
        (iequals_ascii(value, "100-continue") ? framing.expects_continue : framing.expects_other) = true;
      }
      break;
    case 10:
      if (iequals_ascii(name, "connection")) {
        for (const std::string_view option : split(value, ',')) {
          if (iequals_ascii(trim_ows(option), "close")) framing.keep_alive = false;
        }
      }
      break;
    case 14:
      if (iequals_ascii(name, "content-length")) {
        if (++seen.length > 1) return bad("more than one Content-Length");
        return parse_length(value, framing);
      }
      break;
    case 16:
      if (iequals_ascii(name, "content-encoding") && !iequals_ascii(value, "identity")) framing.coded = true;
      break;
    case 17:
      if (iequals_ascii(name, "transfer-encoding")) {
        if (++seen.coding > 1 || !iequals_ascii(value, "chunked")) return bad("unknown Transfer-Encoding");
        framing.chunked = true;
      }
      break;
    default: break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> HeadScanner::scan(std::string_view buffer, const Limits& limits) {
  const std::string_view window = buffer.substr(0, limits.head_bytes);
  while (!complete()) {
    const void* found =
        scanned_ < window.size() ? std::memchr(window.data() + scanned_, '\n', window.size() - scanned_) : nullptr;
    if (found == nullptr) {
      scanned_ = window.size();
      if (lines_ == 0 && buffer.size() > limits.request_line_bytes + 2) {
        return Refusal{414, "request line too long"};
      }
      if (buffer.size() > limits.head_bytes) return Refusal{431, "request head too large"};
      return std::nullopt;
    }
    const std::size_t at = static_cast<std::size_t>(static_cast<const char*>(found) - window.data());
    if (at == line_start_ || window[at - 1] != '\r') return bad("line does not end in CR LF");
    const std::size_t length = at - 1 - line_start_;
    if (lines_ == 0) {
      if (length > limits.request_line_bytes) return Refusal{414, "request line too long"};
      if (length == 0) return bad("empty request line");
    } else if (length == 0) {
      size_ = at + 1;
    } else if (lines_ > limits.header_count) {
      return Refusal{431, "too many headers"};
    }
    ++lines_;
    line_start_ = scanned_ = at + 1;
  }
  return std::nullopt;
}

std::optional<Refusal> parse_head(std::string_view head, const Limits& limits, Request& request, Framing& framing) {
  framing = {};
  const std::size_t end_of_line = head.find("\r\n");
  if (end_of_line == std::string_view::npos) return bad("malformed request line");
  if (auto refusal = parse_request_line(head.substr(0, end_of_line), request, framing)) return refusal;

  Seen seen;
  std::size_t count = 0;
  std::size_t at = end_of_line + 2;
  while (at < head.size()) {
    const std::size_t end = head.find("\r\n", at);
    if (end == std::string_view::npos) return bad("malformed header");
    if (end == at) break;
    const std::string_view line = head.substr(at, end - at);
    at = end + 2;
    const std::size_t colon = line.find(':');
    // A name with a space before the colon, and a folded line, fail the token check.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return bad("malformed header name");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim_ows(line.substr(colon + 1));
    if (!is_field_value(value)) return bad("malformed header value");
    if (value.size() > limits.header_value_bytes) return Refusal{431, "header value too long"};
    if (count >= limits.header_count) return Refusal{431, "too many headers"};
    // The vector keeps its strings between the requests of a connection.
    if (count == request.headers.size()) request.headers.emplace_back();
    request.headers[count].first.assign(name);
    request.headers[count].second.assign(value);
    ++count;
    if (auto refusal = note_field(name, value, framing, seen)) return refusal;
  }
  request.headers.resize(count);
  if (seen.host != 1) return bad("exactly one Host header is needed");
  if (seen.coding > 0 && seen.length > 0) return bad("both Content-Length and Transfer-Encoding");
  if (seen.coding > 0 && !framing.http11) return bad("Transfer-Encoding in HTTP/1.0");
  if (!framing.http11) framing.expects_continue = framing.expects_other = false;
  return std::nullopt;
}

}  // namespace patchbay::http
