#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What a front end has to know about the lines it passes on: little, and without parsing answers of
/// megabytes.
namespace patchbay::app {

struct HostLine {
  std::string id;            ///< of a request, as JSON text; empty for notifications and answers
  bool handshake = false;    ///< `initialize` of the eras that have one
  bool initialized = false;  ///< `notifications/initialized`
  std::string cancels;       ///< id that `notifications/cancelled` names
};
/// Looks at a line of the host. A line that is no request is passed on all the same.
HostLine look_at_host_line(std::string_view line);

/// Id of an answer of the owner, as JSON text; nothing for requests and notifications. The owner writes every
/// answer with `jsonrpc` and `id` first.
std::optional<std::string> answered_id(std::string_view line);

/// The same `initialize` under another id.
std::string with_id(std::string_view line, std::string_view id);

}  // namespace patchbay::app
