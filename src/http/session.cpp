#include "http/session.h"

#include <exception>

#include "http/live_exchange.h"
#include "http/response_head.h"
#include "http/socket_io.h"
#include "patchbay/base/log.h"

namespace patchbay::http {
namespace {

constexpr std::chrono::seconds kBodyRateGrace{5};

void log_exception(std::string_view where) {
  try {
    throw;
  } catch (const std::exception& e) {
    log::error("{} threw: {}", where, e.what());
  } catch (...) {
    log::error("{} threw something unknown", where);
  }
}

}  // namespace

After Session::serve(Connection& connection) const {
  for (bool readable = true;; readable = false) {
    switch (advance(connection)) {
      case Progress::kEnds: return After::kLinger;
      case Progress::kReady:
        if (!answer(connection)) return After::kLinger;
        connection.next_request();
        connection.phase = Phase::kIdle;
        connection.deadline = system_clock().mono() + options_.limits.idle_deadline;
        continue;
      case Progress::kNeedsBytes: break;
    }
    if (connection.phase == Phase::kIdle && stopping_.cancelled()) return After::kClose;
    if (!readable && !await_bytes(connection.fd.get(), kBriefWait)) return rest(connection);
    switch (receive_more(connection)) {
      case Received::kBytes:
        // A client that drips is not waited for past its deadline because it drips.
        if (connection.phase != Phase::kIdle && system_clock().mono() > connection.deadline) {
          return time_out(connection);
        }
        continue;
      case Received::kNothing: return rest(connection);
      case Received::kClosed: return After::kClose;
    }
  }
}

After Session::rest(Connection& connection) const {
  if (connection.phase == Phase::kIdle) connection.input.release();
  return After::kPark;
}

Received Session::receive_more(Connection& connection) const {
  char* room = connection.input.room();
  std::size_t n = 0;
  const Received result = receive(connection.fd.get(), room, connection.input.capacity_left(), &n);
  connection.input.add(n);
  return result;
}

Session::Progress Session::advance(Connection& connection) const {
  if (connection.phase == Phase::kIdle && !connection.input.empty()) {
    connection.phase = Phase::kHead;
    connection.deadline = system_clock().mono() + options_.limits.head_deadline;
  }
  if (connection.phase == Phase::kHead) return advance_head(connection);
  if (connection.phase == Phase::kBody) return advance_body(connection);
  return Progress::kNeedsBytes;
}

Session::Progress Session::advance_head(Connection& connection) const {
  if (connection.input.empty()) return Progress::kNeedsBytes;
  const std::string_view bytes = connection.input.view();
  if (const auto refused = connection.scanner.scan(bytes, options_.limits)) return refuse(connection, *refused);
  if (!connection.scanner.complete()) return Progress::kNeedsBytes;
  const auto refused =
      parse_head(bytes.substr(0, connection.scanner.size()), options_.limits, connection.request, connection.framing);
  if (refused) return refuse(connection, *refused);
  connection.input.consume(connection.scanner.size());
  return check_head(connection);
}

/// Who may send at all is decided before what the body is like; both before a byte of it is read.
Session::Progress Session::check_head(Connection& connection) const {
  if (options_.head_check) {
    std::optional<Response> refused;
    try {
      if (!connection.peer_asked && options_.wants_peer_user && options_.wants_peer_user()) {
        connection.peer_asked = true;
        connection.request.peer_user = os::peer_user(connection.fd.get());
      }
      refused = options_.head_check(connection.request);
    } catch (...) {
      log_exception("the head check");
      refused = refusal(500, "internal error");
    }
    if (refused) {
      LiveExchange(connection, options_.limits, false).refuse(std::move(*refused));
      return Progress::kEnds;
    }
  }
  const Framing& framing = connection.framing;
  if (framing.expects_other) return refuse(connection, {417, "unknown expectation"});
  if (framing.coded) return refuse(connection, {415, "encoded bodies are not accepted"});
  if (framing.content_length > options_.limits.body_bytes) return refuse(connection, {413, "request body too large"});
  if (!framing.has_body()) return Progress::kReady;
  connection.phase = Phase::kBody;
  connection.body_started = system_clock().mono();
  set_body_deadline(connection);
  if (framing.expects_continue && connection.input.empty()) {
    send_now(connection.fd.get(), "HTTP/1.1 100 Continue\r\n\r\n");
  }
  return advance_body(connection);
}

Session::Progress Session::advance_body(Connection& connection) const {
  std::string_view bytes = connection.input.view();
  const std::size_t offered = bytes.size();
  std::string& body = connection.request.body;
  if (connection.framing.chunked) {
    if (const auto refused = connection.chunks.feed(bytes, body, options_.limits.body_bytes)) {
      return refuse(connection, *refused);
    }
    connection.input.consume(offered - bytes.size());
    if (connection.chunks.done()) return Progress::kReady;
  } else {
    const std::size_t missing = connection.framing.content_length - body.size();
    const std::size_t n = std::min(missing, offered);
    body.append(bytes.substr(0, n));
    connection.input.consume(n);
    if (n == missing) return Progress::kReady;
  }
  set_body_deadline(connection);
  return Progress::kNeedsBytes;
}

/// The absolute limit, or the time at which the least rate is missed if nothing more comes.
void Session::set_body_deadline(Connection& connection) const {
  const Limits& limits = options_.limits;
  const std::size_t rate = std::max<std::size_t>(1, limits.body_bytes_per_second);
  const auto paid = std::chrono::milliseconds(connection.request.body.size() * 1000 / rate);
  connection.deadline =
      connection.body_started + std::min<std::chrono::milliseconds>(limits.body_deadline, kBodyRateGrace + paid);
}

bool Session::answer(Connection& connection) const {
  if (stopping_.cancelled()) {
    shed(connection);
    return false;
  }
  LiveExchange exchange(connection, options_.limits, connection.framing.keep_alive);
  try {
    options_.handler(exchange);
    if (!exchange.answered()) {
      log::error("a handler returned without an answer");
      exchange.fail(refusal(500, "internal error"));
    }
  } catch (...) {
    log_exception("a handler");
    exchange.fail(refusal(500, "internal error"));
  }
  return exchange.finish() && !stopping_.cancelled();
}

Response Session::refusal(int status, std::string_view reason) const {
  Response response;
  try {
    if (options_.refusal) response = options_.refusal(status, reason);
  } catch (...) {
    log_exception("the refusal body");
    response = {};
  }
  if (response.body.empty() && response.headers.empty()) {
    response.headers.emplace_back("Content-Type", "text/plain");
    response.body.append(reason).append("\n");
  }
  response.status = status;
  if (status == 405) response.headers.emplace_back("Allow", "POST, GET, DELETE");
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

/// Never waits: what does not fit into the socket's empty buffer is not worth a thread.
Session::Progress Session::refuse(Connection& connection, const Refusal& why) const {
  const Response response = refusal(why.status, why.reason);
  if (!write_response_head(connection.output, response.status, response.headers,
                           {response.body.size(), false, false})) {
    return Progress::kEnds;
  }
  send_now(connection.fd.get(), connection.output.append(response.body));
  return Progress::kEnds;
}

void Session::shed(Connection& connection) const { refuse(connection, {503, "the server is busy"}); }

After Session::time_out(Connection& connection) const {
  const bool under_way =
      connection.phase == Phase::kBody || (connection.phase == Phase::kHead && !connection.input.empty());
  if (!under_way) return After::kClose;
  refuse(connection, {408, "the request took too long"});
  return After::kLinger;
}

}  // namespace patchbay::http
