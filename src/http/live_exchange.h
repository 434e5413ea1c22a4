#pragma once

#include <atomic>
#include <mutex>

#include "http/connection.h"
#include "patchbay/http/server.h"

namespace patchbay::http {

/// The Exchange of a request that a worker is answering on its connection.
class LiveExchange final : public Exchange, private Stream {
 public:
  LiveExchange(Connection& connection, const Limits& limits, bool keep_alive)
      : connection_(connection), limits_(limits), keep_alive_(keep_alive) {}

  const Request& request() const override { return connection_.request; }
  void reply(Response response) override;
  Stream& open_stream(int status, std::vector<Header> headers, std::string_view first) override;
  bool peer_gone() override;

  /// The head check wants this answer: the connection ends after it.
  void refuse(Response response);
  /// The handler threw: answers 500 unless something was sent, and ends the connection either way.
  void fail(Response response);
  /// The handler returned: ends an open stream. True when it answered and the connection can carry another
  /// request.
  bool finish();
  bool answered() const { return answered_; }

 private:
  bool write(std::string_view data) override;
  bool closed() override;
  void send(int status, const std::vector<Header>& headers, std::string_view body);
  void write_defect_head(int status);
  bool send_piece(std::string_view data);

  Connection& connection_;
  const Limits& limits_;
  std::atomic<bool> keep_alive_;
  bool answered_ = false;
  bool streaming_ = false;
  std::mutex write_mutex_;
  std::atomic<bool> broken_{false};
};

}  // namespace patchbay::http
