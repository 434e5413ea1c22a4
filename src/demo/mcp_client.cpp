#include "demo/mcp_client.h"

#include "patchbay/base/text.h"

namespace patchbay::demo {
namespace {

constexpr std::string_view kVersion = "2025-11-25";
constexpr json::ParseLimits kReplyLimits{256, 100'000, 1'000'000};

Error protocol_error(std::string message, std::string detail = {}) {
  return {ErrorCode::kInternal, std::move(message), {}, std::move(detail)};
}

/// The response with this id in a body that is JSON or a sequence of server-sent events.
Result<Json> find_response(const http::ClientResponse& reply, int id) {
  if (!reply.header("content-type").value_or("").starts_with("text/event-stream")) {
    return json::parse(reply.body, kReplyLimits);
  }
  for (std::string_view line : split(reply.body, '\n')) {
    if (!line.starts_with("data:")) continue;
    const auto message = json::parse(trim(line.substr(5)), kReplyLimits);
    if (message && json::find_int(*message, "id") == id && json::find(*message, "method") == nullptr) return *message;
  }
  return protocol_error("the event stream ended without an answer");
}

std::string first_text(const Json& result) {
  const Json* content = json::find(result, "content");
  if (content == nullptr || !content->is_array() || content->empty()) return {};
  const std::string text = json::get_string(content->front(), "text");
  return text.substr(0, text.find('\n'));
}

}  // namespace

McpClient::McpClient(int port)
    : http_({.port = port,
             .read_timeout = std::chrono::seconds(90),
             .headers = {{"Accept", "application/json, text/event-stream"}}}) {}

Result<http::ClientResponse> McpClient::post(const Json& message) {
  std::vector<http::Header> headers;
  if (!session_.empty()) headers.emplace_back("Mcp-Session-Id", session_);
  if (!version_.empty()) headers.emplace_back("MCP-Protocol-Version", version_);
  return http_.post("/mcp", json::dump(message), headers);
}

Result<Json> McpClient::connect() {
  const Json params = {{"protocolVersion", kVersion},
                       {"capabilities", Json::object()},
                       {"clientInfo", {{"name", "patchbay-demo"}, {"version", PATCHBAY_VERSION}}}};
  Json result = PB_TRY(request("initialize", params));
  version_ = json::get_string(result, "protocolVersion");
  PB_TRY(post({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}));
  return result;
}

Result<Json> McpClient::request(const std::string& method, const Json& params) {
  const int id = next_id_++;
  const auto reply = PB_TRY(post({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}));
  if (method == "initialize") session_ = reply.header("mcp-session-id").value_or("");
  const auto message = find_response(reply, id);
  if (!message) {
    return protocol_error("the server answered " + method + " with status " + std::to_string(reply.status) +
                          " and no JSON-RPC message");
  }
  if (const Json* error = json::find(*message, "error")) {
    return protocol_error("the server refused " + method + ": " + json::get_string(*error, "message"));
  }
  const Json* result = json::find(*message, "result");
  if (result == nullptr) return protocol_error("the server's answer to " + method + " has no result");
  return *result;
}

Result<Json> McpClient::call(const std::string& tool, const Json& arguments) {
  const Json result = PB_TRY(request("tools/call", {{"name", tool}, {"arguments", arguments}}));
  if (json::get_bool(result, "isError")) return protocol_error(tool + " failed: " + first_text(result));
  const Json* structured = json::find(result, "structuredContent");
  if (structured == nullptr) return protocol_error(tool + " answered without structured content");
  return *structured;
}

void McpClient::disconnect() {
  if (!session_.empty()) (void)http_.del("/mcp", {{"Mcp-Session-Id", session_}, {"MCP-Protocol-Version", version_}});
  session_.clear();
}

}  // namespace patchbay::demo
