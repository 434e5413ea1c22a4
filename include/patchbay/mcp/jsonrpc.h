#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "patchbay/json/json.h"

/// JSON-RPC 2.0 messages as MCP uses them.
namespace patchbay::mcp {

namespace rpc {
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternal = -32603;
inline constexpr int kSessionNotFound = -32001;     ///< legacy
inline constexpr int kResourceNotFound = -32002;    ///< legacy
inline constexpr int kHeaderMismatch = -32020;      ///< modern
inline constexpr int kMissingCapability = -32021;   ///< modern
inline constexpr int kUnsupportedVersion = -32022;  ///< modern
}  // namespace rpc

/// An error on the protocol level; `http_status` is what it travels with over HTTP.
struct RpcError {
  int code = rpc::kInternal;
  std::string message = {};
  int http_status = 200;
  Json data = nullptr;          ///< left out when null
  int retry_after_seconds = 0;  ///< a Retry-After header when positive
};

/// One message from the other side, already checked for shape (H13).
struct Message {
  enum class Kind { kRequest, kNotification, kResponse };
  Kind kind = Kind::kRequest;
  Json id;             ///< string or integer; null for a notification
  std::string method;  ///< empty for a response
  Json params = Json::object();
  Json response;  ///< the whole object of a response
};

/// Takes one value apart. The error carries HTTP 400; `id_out`, when given, receives the id if one could be
/// read.
std::variant<Message, RpcError> read_message(Json value, Json* id_out = nullptr);

/// {"jsonrpc":"2.0","id":…,"result":…}; `result` is JSON text.
std::string result_text(const Json& id, std::string result);
/// {"jsonrpc":"2.0","id":…,"error":{…}}; without `id` when it is null (the schema knows no null id).
std::string error_text(const Json& id, const RpcError& error);
std::string notification_text(std::string_view method, const Json& params);
std::string request_text(const Json& id, std::string_view method, const Json& params);

}  // namespace patchbay::mcp
