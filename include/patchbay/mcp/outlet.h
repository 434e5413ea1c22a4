#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patchbay/base/cancel.h"

namespace patchbay::mcp {

class Session;

/// The answer to one incoming message or batch.
struct Answer {
  int status = 200;
  std::string body = {};        ///< JSON text; empty: accepted, nothing to say (202)
  std::string session_id = {};  ///< a new session's id, for its header; else empty
  int retry_after_seconds = 0;
};

/// Where everything that belongs to one incoming message goes: notifications first, then one answer.
///
/// Implemented by a transport, used while that message is handled. Threads: any.
class Outlet {
 public:
  virtual ~Outlet() = default;
  /// Sends one message ahead of the answer. False when it could not be sent (the client reads no streams, or
  /// is gone); that is no reason to stop.
  virtual bool send(std::string_view message) = 0;
  /// Whether `send` can reach the client at all.
  virtual bool can_send() const = 0;
  /// The answer, once.
  virtual void answer(Answer answer) = 0;
  /// Ends the connection now while the message is still being handled. Without a session that loses the
  /// answer.
  virtual void close_early() {}
  /// From here on events are recorded in this session's streams, so that the client can resume them (G15,
  /// G16). False when the answer must be a stream and the session has as many as it may (11).
  virtual bool use_session(std::shared_ptr<Session>) { return true; }
  /// Cancelled when the other side is gone.
  virtual CancelToken gone() const = 0;
  /// Called about once a second by whoever waits on this message for long without a handler running: keeps an
  /// open stream alive and notices a lost client.
  virtual void idle() {}
  /// The answer may become a stream, because it may take long or have something sent ahead of it. Without it
  /// nothing is sent ahead to a client that reads JSON (2.2).
  virtual void allow_stream() {}
  /// The answer is a stream whose sender looks after it by calling `idle`.
  virtual void expect_stream() {}
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

}  // namespace patchbay::mcp
