#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "patchbay/mcp/jsonrpc.h"
#include "patchbay/mcp/outlet.h"
#include "patchbay/mcp/server.h"
#include "patchbay/mcp/session.h"
#include "patchbay/mcp/version.h"

namespace patchbay::mcp {

class RunningPlace;

/// One request on its way through the dispatcher, with everything known about its sender.
struct Request {
  Message message;
  const Version* version = nullptr;
  Credential credential;
  std::optional<Mode> url_mode;
  const HeaderList* headers = nullptr;  ///< HTTP only
  std::shared_ptr<Session> session;     ///< legacy only
  std::string process;                  ///< lines only: names the front end
  std::string label;
  const void* owner = nullptr;         ///< whose request ids these are; null: nobody can cancel by id
  Json capabilities = Json::object();  ///< what the client declared
  Outlet* outlet = nullptr;
  CancelToken cancel;                   ///< given up by its sender, the server or its deadline
  CancelToken withdrawn;                ///< its sender has cancelled it and wants no answer (M32)
  std::shared_ptr<void> cancel_entry;   ///< keeps the request findable by its id while it lives
  std::optional<MonoTime> deadline;     ///< of everything it is part of; absent: its own
  std::shared_ptr<RunningPlace> place;  ///< tools/call: what it takes up while it runs

  bool modern() const { return version->era == Era::kModern; }
  bool over_http() const { return headers != nullptr; }
  const Json& params() const { return message.params; }
  /// params._meta, or an empty object.
  const Json& meta() const;
};

/// A result as JSON text, or a protocol error.
using Reply = std::variant<std::string, RpcError>;

/// How long a client may keep a result (M8).
struct Caching {
  int ttl_ms = 0;
  bool shared = false;
};

inline RpcError invalid_params(std::string message, Json data = nullptr) {
  return {.code = rpc::kInvalidParams, .message = std::move(message), .data = std::move(data)};
}

namespace meta_key {
inline constexpr std::string_view kVersion = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view kCapabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view kClientInfo = "io.modelcontextprotocol/clientInfo";
inline constexpr std::string_view kLogLevel = "io.modelcontextprotocol/logLevel";
inline constexpr std::string_view kServerInfo = "io.modelcontextprotocol/serverInfo";
inline constexpr std::string_view kTasks = "io.modelcontextprotocol/tasks";
}  // namespace meta_key

/// 0 (debug) to 7 (emergency), or nothing.
std::optional<int> log_level_of(std::string_view name);

/// Whether params._meta claims a protocol version, good or bad.
bool has_claim(const Json& params);
/// N1: what is missing or invalid in the modern envelope; absent when it is well-formed.
std::optional<RpcError> envelope_trouble(const Json& params);

/// A name somebody gave itself, safe to show, at most 80 bytes (SEC:J12).
std::string shown_label(std::string_view label);
/// "name version" of a clientInfo object, the same.
std::string client_label(const Json* client_info);

}  // namespace patchbay::mcp
