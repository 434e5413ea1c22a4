#pragma once

#include "http/connection.h"
#include "http/socket_io.h"
#include "patchbay/http/server.h"

namespace patchbay::http {

/// What becomes of a connection when its worker is through with it.
enum class After { kPark, kLinger, kClose };

/// Reads, checks and answers the requests of one connection for as long as it stays busy.
///
/// A worker calls `serve` whenever bytes have come; it returns once nothing has come for a moment, so that a
/// client that is idle, slow or malicious holds no thread. Not tied to one connection; stateless and
/// thread-safe.
class Session {
 public:
  Session(const Server::Options& options, const CancelToken& stopping) : options_(options), stopping_(stopping) {}

  After serve(Connection& connection) const;
  /// The deadline of the connection's phase has passed: answers 408 when a request was under way. Never
  /// waits.
  After time_out(Connection& connection) const;
  /// Answers 503 without reading on. Never waits.
  void shed(Connection& connection) const;

  /// Longest wait of a worker for the next bytes before it parks the connection.
  static constexpr std::chrono::milliseconds kBriefWait{1};

 private:
  enum class Progress { kNeedsBytes, kReady, kEnds };

  Progress advance(Connection& connection) const;
  Progress advance_head(Connection& connection) const;
  Progress check_head(Connection& connection) const;
  Progress advance_body(Connection& connection) const;
  bool answer(Connection& connection) const;
  After rest(Connection& connection) const;
  Received receive_more(Connection& connection) const;
  void set_body_deadline(Connection& connection) const;

  Response refusal(int status, std::string_view reason) const;
  Progress refuse(Connection& connection, const Refusal& why) const;

  const Server::Options& options_;
  const CancelToken& stopping_;
};

}  // namespace patchbay::http
