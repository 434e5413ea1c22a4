#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "patchbay/base/clock.h"
#include "patchbay/json/json.h"
#include "patchbay/mcp/tool.h"
#include "patchbay/mcp/version.h"

/// Everything that is signed with the server's key. Each kind of text has a domain of its own, so that one
/// can never stand for another.
namespace patchbay::mcp {

class Signer {
 public:
  explicit Signer(std::string key) : key_(std::move(key)) {}

  /// 32 bytes.
  std::string tag(std::string_view domain, std::string_view message) const;

  /// 64 hex digits naming an identity (7.1); the raw value cannot be found from it.
  std::string scope_key(ScopeKind kind, std::string_view value) const;

  /// An opaque list position bound to `context` (M16).
  std::string cursor(std::string_view context, std::size_t offset) const;
  std::optional<std::size_t> read_cursor(std::string_view context, std::string_view cursor) const;

  /// A JSON object the client carries for us (M26); `context` is what it must come back with.
  std::string seal(std::string_view context, const Json& value) const;
  std::optional<Json> unseal(std::string_view context, std::string_view sealed) const;

 private:
  const std::string key_;
};

/// "client_" and 12 hex digits: the public name of a scope key.
std::string client_ref_of(std::string_view scope_key);

/// What a session id says about itself (G11).
struct SessionId {
  WallTime minted;
  const Version* version = nullptr;
  unsigned capabilities = 0;
};
/// "v1." + base64url of mint time, version, capability bits, 128 random bits and a tag that covers the
/// credential.
std::string mint_session_id(const Signer& signer, const SessionId& content, std::string_view credential);
/// Absent when malformed, not signed by this server, or of another credential (G12).
std::optional<SessionId> read_session_id(const Signer& signer, std::string_view id, std::string_view credential);

}  // namespace patchbay::mcp
