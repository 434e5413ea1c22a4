#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

#include "patchbay/base/text.h"
#include "patchbay/http/server.h"
#include "support/patience.h"

namespace patchbay::testing_support {

/// An HTTP request without a socket: records the answer, lets a test play the client going away.
class FakeExchange final : public http::Exchange, private http::Stream {
 public:
  explicit FakeExchange(http::Request request) : request_(std::move(request)) {}

  const http::Request& request() const override { return request_; }
  void reply(http::Response response) override {
    std::lock_guard lock(mutex_);
    replied = std::move(response);
    changed_.notify_all();
  }
  http::Stream& open_stream(int status, std::vector<http::Header> headers, std::string_view first) override {
    std::lock_guard lock(mutex_);
    stream_head = http::Response{status, std::move(headers), {}};
    text_ = first;
    first_piece = first;
    changed_.notify_all();
    return *this;
  }
  bool peer_gone() override { return gone; }

  std::string text() const {
    std::lock_guard lock(mutex_);
    return text_;
  }
  /// Waits until the stream holds `needle`.
  bool wait_for(std::string_view needle) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, testing_support::kPatience, [&] { return text_.find(needle) != std::string::npos; });
  }

  /// Lets every further write wait, as for a peer that does not read, or go on.
  void block(bool on) {
    std::lock_guard lock(mutex_);
    blocked = on;
    changed_.notify_all();
  }
  bool wait_blocked() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, testing_support::kPatience, [&] { return blocked_writes > 0; });
  }

  std::optional<http::Response> replied;
  std::optional<http::Response> stream_head;
  std::string first_piece;
  std::atomic<bool> gone{false};

 private:
  bool write(std::string_view data) override {
    std::unique_lock lock(mutex_);
    blocked_writes += blocked ? 1 : 0;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !blocked; });
    if (gone) return false;
    text_ += data;
    changed_.notify_all();
    return true;
  }
  bool closed() override { return gone; }

  const http::Request request_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool blocked = false;
  int blocked_writes = 0;
  std::string text_;
};

inline std::optional<std::string> header_of(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (iequals_ascii(key, name)) return value;
  }
  return std::nullopt;
}

inline http::Request http_request(std::string method, std::string target, std::vector<http::Header> headers = {}) {
  http::Request request;
  request.method = std::move(method);
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = target.substr(mark + 1);
  request.headers = std::move(headers);
  request.peer_address = "127.0.0.1";
  return request;
}

}  // namespace patchbay::testing_support
