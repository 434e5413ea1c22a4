#pragma once

#include <optional>
#include <string_view>

#include "patchbay/mcp/server.h"

namespace patchbay::transport {

/// Says who a token belongs to. Called from many threads at once.
class Credentials {
 public:
  virtual ~Credentials() = default;
  /// The credential of a presented token, or nothing. Takes the same time for every wrong token: digests are
  /// compared, in constant time, against all known ones (A2).
  virtual std::optional<mcp::Credential> check(std::string_view token) const = 0;
  /// Whether a credential that `check` gave is still one: its token was neither revoked, nor rotated, nor is it
  /// past its time (SEC:A6).
  virtual bool valid(const mcp::Credential& credential) const = 0;
};

}  // namespace patchbay::transport
