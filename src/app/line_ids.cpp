#include "app/line_ids.h"

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

}  // namespace

HostLine look_at_host_line(std::string_view line) {
  HostLine seen;
  const auto message = json::parse(line);
  if (!message || !message->is_object()) return seen;
  const std::string method = json::get_string(*message, "method");
  if (method.empty()) return seen;
  seen.id = id_text(json::find(*message, "id"));
  seen.handshake = method == "initialize" && !claims_modern(*message);
  seen.initialized = method == "notifications/initialized";
  if (method == "notifications/cancelled") {
    const Json* params = json::find(*message, "params");
    if (params != nullptr) seen.cancels = id_text(json::find(*params, "requestId"));
  }
  return seen;
}

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

std::string with_id(std::string_view line, std::string_view id) {
  auto message = json::parse(line);
  if (!message) return {};
  (*message)["id"] = id;
  return json::dump(*message);
}

}  // namespace patchbay::app
