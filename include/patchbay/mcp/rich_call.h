#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "patchbay/json/json.h"
#include "patchbay/mcp/tool.h"
#include "patchbay/mcp/version.h"

namespace patchbay::mcp {

/// A call with the whole protocol within reach: exact notifications, questions to the client, round trips.
/// Ordinary tools see only `Call`.
class RichCall : public Call {
 public:
  virtual const Version& version() const = 0;
  /// The request's `_meta`; an empty object when there was none.
  virtual const Json& meta() const = 0;
  /// Whether the client declared a capability: "sampling", "elicitation", "roots", "elicitation.url".
  virtual bool client_can(std::string_view capability) const = 0;

  /// Sends `notifications/progress` as given when the client sent a token; values that do not grow are
  /// dropped (M30).
  virtual void emit_progress(double progress, std::optional<double> total, std::string_view message) = 0;
  /// Sends `notifications/message` if the client's level lets it through (M33, G21).
  virtual void log(std::string_view level, const Json& data, std::string_view logger) = 0;

  /// Asks the client something and waits for its answer (legacy sessions only, G20). kTimeout, kCancelled,
  /// kInvalidState when this client cannot be asked.
  virtual Result<Json> ask_client(std::string_view method, const Json& params) = 0;

  /// Answers the request with `input_required`: `return call.need_input(...)` from a handler (modern only,
  /// M24). `requests` maps keys to {method, params} and may be empty; `state` comes back sealed in the next
  /// round and may be null. Requests that need what the client did not declare are left out (M25); if that
  /// leaves neither requests nor state, the client gets -32021.
  virtual Error need_input(Json requests, Json state) = 0;
  /// The client's answers of this round; an empty object when there were none.
  virtual const Json& input_responses() const = 0;
  /// What an earlier round gave to `need_input`, unsealed and checked; null in the first round.
  virtual const Json& round_state() const = 0;
  /// Marks this round's state as used up: true the first time only (M27).
  virtual Result<bool> use_round_state() = 0;

  /// Ends the connection below the request while the call goes on; the client resumes with Last-Event-ID.
  virtual void close_stream() = 0;
};

}  // namespace patchbay::mcp
