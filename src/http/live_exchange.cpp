#include "http/live_exchange.h"

#include <cassert>
#include <charconv>

#include "http/response_head.h"
#include "http/socket_io.h"
#include "patchbay/base/log.h"

namespace patchbay::http {
namespace {

iovec part(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

}  // namespace

void LiveExchange::send(int status, const std::vector<Header>& headers, std::string_view body) {
  answered_ = true;
  if (is_bodiless(status)) body = {};
  if (!write_response_head(connection_.output, status, headers, {body.size(), false, keep_alive_})) {
    write_defect_head(status);
    body = {};
  }
  // The length is that of the answer to GET; the bytes themselves never follow a HEAD.
  if (connection_.request.method == "HEAD") body = {};
  iovec parts[] = {part(connection_.output), part(body)};
  if (!send_all(connection_.fd.get(), parts, limits_.write_deadline)) broken_ = true;
}

/// Puts a plain 500 in place of a head that must not leave the house.
void LiveExchange::write_defect_head(int status) {
  log::error("a response header of status {} holds a control character or has no valid name", status);
  keep_alive_ = false;
  write_response_head(connection_.output, 500, {}, {0, false, false});
}

void LiveExchange::reply(Response response) {
  assert(!answered_);
  if (answered_) return;
  send(response.status, response.headers, response.body);
}

void LiveExchange::refuse(Response response) {
  keep_alive_ = false;
  reply(std::move(response));
}

void LiveExchange::fail(Response response) {
  keep_alive_ = false;
  if (!answered_) reply(std::move(response));
  streaming_ = false;  // no last chunk: the peer must see that the body is incomplete
}

Stream& LiveExchange::open_stream(int status, std::vector<Header> headers, std::string_view first) {
  assert(!answered_);
  if (answered_) broken_ = true;
  if (broken_) return *this;
  answered_ = true;
  const bool chunked = connection_.framing.http11;
  if (!chunked) keep_alive_ = false;
  if (!write_response_head(connection_.output, status, headers, {{}, chunked, keep_alive_})) {
    write_defect_head(status);
    iovec parts[] = {part(connection_.output)};
    (void)send_all(connection_.fd.get(), parts, limits_.write_deadline);
    broken_ = true;
    return *this;
  }
  streaming_ = true;
  const std::lock_guard lock(write_mutex_);
  // The head is kept back until the first piece, so that both leave together.
  if (first.empty() || connection_.request.method == "HEAD") {
    iovec parts[] = {part(connection_.output)};
    if (!send_all(connection_.fd.get(), parts, limits_.write_deadline)) broken_ = true;
    connection_.output.clear();
  } else {
    send_piece(first);
  }
  return *this;
}

/// Sends what `output` holds and then `data` as one chunk. The caller holds the mutex.
bool LiveExchange::send_piece(std::string_view data) {
  if (connection_.framing.http11) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, data.size(), 16).ptr;
    connection_.output.append(digits, end).append("\r\n");
    iovec parts[] = {part(connection_.output), part(data), part("\r\n")};
    if (!send_all(connection_.fd.get(), parts, limits_.write_deadline)) broken_ = true;
  } else {
    iovec parts[] = {part(connection_.output), part(data)};
    if (!send_all(connection_.fd.get(), parts, limits_.write_deadline)) broken_ = true;
  }
  connection_.output.clear();
  return !broken_;
}

bool LiveExchange::write(std::string_view data) {
  const std::lock_guard lock(write_mutex_);
  if (broken_) return false;
  if (data.empty() || connection_.request.method == "HEAD") return true;
  return send_piece(data);
}

bool LiveExchange::closed() { return broken_ || peer_closed(connection_.fd.get()); }

bool LiveExchange::peer_gone() { return closed(); }

bool LiveExchange::finish() {
  if (streaming_ && connection_.framing.http11 && !broken_ && connection_.request.method != "HEAD") {
    const std::lock_guard lock(write_mutex_);
    iovec parts[] = {part("0\r\n\r\n")};
    if (!send_all(connection_.fd.get(), parts, limits_.write_deadline)) broken_ = true;
  }
  return answered_ && keep_alive_ && !broken_;
}

}  // namespace patchbay::http
