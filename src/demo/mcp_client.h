#pragma once

#include <string>

#include "patchbay/base/result.h"
#include "patchbay/http/client.h"
#include "patchbay/json/json.h"

namespace patchbay::demo {

/// What the demo needs of an MCP client: the 2025-11-25 handshake and tool calls over Streamable HTTP.
///
/// Errors: those of http::Client; a JSON-RPC error or an `isError` result becomes an Error with the server's
/// own words. One call at a time.
class McpClient {
 public:
  explicit McpClient(int port);

  /// `initialize` and `notifications/initialized`; the server's answer.
  Result<Json> connect();
  Result<Json> request(const std::string& method, const Json& params);
  /// The tool's structured content.
  Result<Json> call(const std::string& tool, const Json& arguments);
  /// Ends the session.
  void disconnect();

 private:
  Result<http::ClientResponse> post(const Json& message);

  http::Client http_;
  std::string session_;
  std::string version_;
  int next_id_ = 1;
};

}  // namespace patchbay::demo
