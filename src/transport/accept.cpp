#include "transport/accept.h"

#include <algorithm>

#include "patchbay/base/text.h"

namespace patchbay::transport {
namespace {

/// The media range without its parameters, lower case; empty when its quality is zero.
std::string range_of(std::string_view entry) {
  const auto parts = split(entry, ';');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string parameter = to_lower_ascii(trim(parts[i]));
    if (!parameter.starts_with("q=")) continue;
    const std::string_view quality = std::string_view(parameter).substr(2);
    if (quality.find_first_not_of("0.") == std::string_view::npos) return {};
  }
  return to_lower_ascii(trim(parts[0]));
}

}  // namespace

Accepts accepts_of(const http::Request& request) {
  if (request.count("Accept") == 0) return {};
  Accepts accepts{false, false};
  for (const auto& [name, value] : request.headers) {
    if (!iequals_ascii(name, "Accept")) continue;
    for (std::string_view entry : split(value, ',')) {
      const std::string range = range_of(entry);
      accepts.json = accepts.json || range == "*/*" || range == "application/*" || range == "application/json";
      accepts.events = accepts.events || range == "*/*" || range == "text/*" || range == "text/event-stream";
    }
  }
  return accepts;
}

bool is_json_content(const http::Request& request) {
  if (request.count("Content-Type") != 1) return false;
  const std::string_view value = *request.header("Content-Type");
  return iequals_ascii(trim(value.substr(0, value.find(';'))), "application/json");
}

}  // namespace patchbay::transport
