#include "app/line_ids.h"

#include <optional>

#include "patchbay/json/json.h"

namespace patchbay::app {
namespace {

constexpr std::string_view kAnswerStart = R"({"jsonrpc":"2.0","id":)";
constexpr std::string_view kClaim = "io.modelcontextprotocol/protocolVersion";

bool claims_modern(const Json& message) {
  const Json* params = json::find(message, "params");
  const Json* meta = params == nullptr ? nullptr : json::find(*params, "_meta");
  return meta != nullptr && json::find(*meta, kClaim) != nullptr;
}

std::string id_text(const Json* id) {
  if (id == nullptr || !(id->is_string() || id->is_number_integer())) return {};
  return json::dump(*id);
}

void look_at(const Json& message, HostLine& seen) {
  if (!message.is_object()) return;
  const std::string method = json::get_string(message, "method");
  if (method.empty()) return;
  if (std::string id = id_text(json::find(message, "id")); !id.empty()) {
    seen.ids.push_back(std::move(id));
    seen.handshake = method == "initialize" && !claims_modern(message);
  }
  seen.initialized = seen.initialized || method == "notifications/initialized";
  if (method != "notifications/cancelled") return;
  const Json* params = json::find(message, "params");
  if (params == nullptr) return;
  if (std::string id = id_text(json::find(*params, "requestId")); !id.empty()) seen.cancels.push_back(std::move(id));
}

/// Of one answer, without parsing what may be megabytes.
std::optional<std::string> answered_id(std::string_view line) {
  if (line.substr(0, kAnswerStart.size()) != kAnswerStart) return std::nullopt;
  line.remove_prefix(kAnswerStart.size());
  std::size_t end = 0;
  const bool text = !line.empty() && line.front() == '"';
  if (text) {
    for (end = 1; end < line.size() && line[end] != '"'; ++end) {
      if (line[end] == '\\') ++end;
    }
    ++end;
  } else {
    end = line.find(',');
  }
  if (end == std::string_view::npos || end >= line.size()) return std::nullopt;
  const std::string_view rest = line.substr(end);
  if (!rest.starts_with(R"(,"result")") && !rest.starts_with(R"(,"error")")) return std::nullopt;
  return std::string(line.substr(0, end));
}

}  // namespace

HostLine look_at_host_line(std::string_view line) {
  HostLine seen;
  const auto message = json::parse(line);
  if (!message) return seen;
  if (message->is_array()) {
    for (const Json& element : *message) look_at(element, seen);
    seen.handshake = false;  // never part of a batch
  } else {
    look_at(*message, seen);
  }
  return seen;
}

std::vector<std::string> answered_ids(std::string_view line) {
  std::vector<std::string> ids;
  if (!line.starts_with('[')) {
    if (auto id = answered_id(line)) ids.push_back(std::move(*id));
    return ids;
  }
  const auto batch = json::parse(line);
  if (!batch) return ids;
  for (const Json& element : *batch) {
    const bool answers = json::find(element, "result") != nullptr || json::find(element, "error") != nullptr;
    if (std::string id = id_text(json::find(element, "id")); answers && !id.empty()) ids.push_back(std::move(id));
  }
  return ids;
}

std::string with_id(std::string_view line, std::string_view id) {
  auto message = json::parse(line);
  if (!message) return {};
  (*message)["id"] = id;
  return json::dump(*message);
}

}  // namespace patchbay::app
