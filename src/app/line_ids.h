#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What a front end has to know about the lines it passes on: little, and without parsing answers of
/// megabytes.
namespace patchbay::app {

struct HostLine {
  std::vector<std::string> ids;      ///< of its requests, as JSON text: at most one, or those of a batch
  bool handshake = false;            ///< `initialize` of the eras that have one
  bool initialized = false;          ///< `notifications/initialized`
  std::vector<std::string> cancels;  ///< ids that `notifications/cancelled` names
};
/// Looks at a line of the host. A line that is no request is passed on all the same.
HostLine look_at_host_line(std::string_view line);

/// Ids that a line of the owner answers, as JSON text: one, or those of a batch; none for requests and
/// notifications. The owner writes every answer with `jsonrpc` and `id` first.
std::vector<std::string> answered_ids(std::string_view line);

/// The same `initialize` under another id.
std::string with_id(std::string_view line, std::string_view id);

}  // namespace patchbay::app
