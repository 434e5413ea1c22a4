#include "http/response_head.h"

#include <array>
#include <charconv>

#include "http/syntax.h"
#include "patchbay/base/text.h"

namespace patchbay::http {
namespace {

struct Standing {
  std::string_view name;
  std::string_view line;
};

constexpr std::array<Standing, 4> kStanding{{
    {"Cache-Control", "Cache-Control: no-store\r\n"},
    {"X-Content-Type-Options", "X-Content-Type-Options: nosniff\r\n"},
    {"Referrer-Policy", "Referrer-Policy: no-referrer\r\n"},
    {"Content-Security-Policy", "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"},
}};

bool is_framing(std::string_view name) {
  return iequals_ascii(name, "content-length") || iequals_ascii(name, "transfer-encoding") ||
         iequals_ascii(name, "connection") || iequals_ascii(name, "keep-alive");
}

void append_number(std::string& out, std::size_t n) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
  out.append(digits, end);
}

}  // namespace

bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

bool write_response_head(std::string& out, int status, const std::vector<Header>& headers, const BodyFraming& framing) {
  out.assign("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(status));
  out.append(" ").append(reason_phrase(status)).append("\r\n");
  std::array<bool, kStanding.size()> given{};
  for (const auto& [name, value] : headers) {
    if (!is_token(name) || !is_field_value(value)) return false;
    if (is_framing(name)) continue;
    for (std::size_t i = 0; i < kStanding.size(); ++i) {
      given[i] = given[i] || iequals_ascii(name, kStanding[i].name);
    }
    out.append(name).append(": ").append(value).append("\r\n");
  }
  for (std::size_t i = 0; i < kStanding.size(); ++i) {
    if (!given[i]) out.append(kStanding[i].line);
  }
  if (framing.chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (framing.length && !is_bodiless(status)) {
    out.append("Content-Length: ");
    append_number(out, *framing.length);
    out.append("\r\n");
  }
  out.append(framing.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
  return true;
}

}  // namespace patchbay::http
