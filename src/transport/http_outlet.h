#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "patchbay/http/server.h"
#include "patchbay/mcp/outlet.h"
#include "patchbay/mcp/server.h"
#include "patchbay/mcp/timers.h"
#include "transport/accept.h"

namespace patchbay::transport {

/// The answer to one POST: JSON, or an event stream from the first notification or from `stream_after` on
/// (2.2).
///
/// Lives on the HTTP thread's stack. A call that lasts gets a second thread (the watch), which notices a lost
/// client, turns the answer into a stream and keeps it alive, so that no handler has to.
class HttpOutlet final : public mcp::Outlet {
 public:
  struct Settings {
    Accepts accepts;
    std::chrono::milliseconds stream_after;
    std::chrono::milliseconds comment_every;
    std::vector<http::Header> extra_headers;  ///< CORS
    /// Whether the sender's credential still holds; asked about once a second while an answer lasts.
    std::function<bool()> welcome;
  };
  HttpOutlet(http::Exchange& exchange, mcp::Server& server, mcp::Timers& timers, Settings settings);
  ~HttpOutlet() override;

  /// Takes a place among the server's streams for a client that reads nothing else. False when there is none.
  bool reserve();

  bool send(std::string_view message) override;
  bool can_send() const override { return settings_.accepts.events; }
  void answer(mcp::Answer answer) override;
  void close_early() override;
  bool use_session(std::shared_ptr<mcp::Session> session) override;
  CancelToken gone() const override { return gone_; }
  void allow_stream() override;
  void expect_stream() override;
  void idle() override;

 private:
  bool start_stream();                   ///< mutex_ held
  bool emit(std::string_view message);   ///< mutex_ held
  void reply_json(mcp::Answer& answer);  ///< mutex_ held
  void start_watch();
  void watch();
  bool keep_alive(MonoTime now);  ///< mutex_ held; false when the client is lost
  void turn_away();               ///< the credential is void: nothing reaches the client any more

  http::Exchange& exchange_;
  mcp::Server& server_;
  mcp::Timers& timers_;
  const Settings settings_;
  const MonoTime started_;
  std::shared_ptr<mcp::Session> session_;
  CancelToken gone_;

  std::mutex mutex_;
  std::condition_variable changed_;
  http::Stream* stream_ = nullptr;
  std::shared_ptr<mcp::EventLog> log_;
  std::optional<mcp::Slots::Permit> permit_;
  MonoTime last_write_;
  bool may_stream_ = false;       ///< something may be sent ahead of the answer
  bool may_stream_late_ = false;  ///< and the stream may open without anything to send
  bool detached_ = false;         ///< the connection was given up; events go to the log only
  bool done_ = false;

  /// Guards `watch_`. Never held while anything waits: the thread that fires timers takes it.
  std::mutex watch_mutex_;
  std::thread watch_;
  mcp::Timers::Pending watch_start_;
};

}  // namespace patchbay::transport
