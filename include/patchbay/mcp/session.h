#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "patchbay/base/cancel.h"
#include "patchbay/mcp/event_log.h"
#include "patchbay/mcp/jsonrpc.h"
#include "patchbay/mcp/tool.h"
#include "patchbay/mcp/version.h"

namespace patchbay::mcp {

/// One client that went through the handshake: an HTTP session or one stdio connection.
///
/// Threads: any. Lifetime: shared between the table of sessions and the requests that use it; after `end`
/// nothing reaches the client any more.
class Session : public std::enable_shared_from_this<Session> {
 public:
  struct Identity {
    std::string id;  ///< HTTP: the session id; stdio: empty
    std::string credential;
    std::string generation;  ///< Credential::generation
    std::string scope_key;
    std::string label;
    Mode base_mode = Mode::kWorker;
    const Version* version = nullptr;
    Json capabilities = Json::object();  ///< what the client declared
    /// Numbers of events and streams count from here, so that a session that comes back after a restart gives no
    /// id a second time (G15).
    std::uint64_t before = 0;
  };
  /// Writes one message to a stdio client; empty for HTTP.
  using LineSink = std::function<void(std::string_view message)>;

  Session(Identity identity, const Limits& limits, const Clock& clock, LineSink direct = {});

  const Identity& identity() const { return identity_; }
  const Version& version() const { return *identity_.version; }

  /// Sends something that belongs to no request: to the GET stream, or to the line. What is equal to something
  /// that nobody has read yet is left out.
  void notify(std::string_view method, const Json& params);
  /// The stream that GET reads.
  const std::shared_ptr<EventLog>& general_stream() const { return general_; }
  /// A new stream for the answer of one request; null when the session has too many open ones.
  std::shared_ptr<EventLog> open_stream();
  /// A stream by number, if it is still kept.
  std::shared_ptr<EventLog> find_stream(std::uint64_t number);
  /// False when reading this stream of the session would be one open stream too many.
  bool may_read(const EventLog& log) const;
  /// Forgets finished streams that are too old to be resumed.
  void sweep();

  // What the client set up.
  void set_log_level(int level) { log_level_ = level; }
  int log_level() const { return log_level_; }
  bool subscribe(const std::string& uri);  ///< false above the cap (G22)
  void unsubscribe(const std::string& uri);
  bool subscribed(const std::string& uri) const;

  /// Questions to the client. `ask` registers one and returns its id; `wait_answer` waits for it.
  Json ask();
  Result<Json> wait_answer(const Json& id, const CancelToken& cancel, std::chrono::milliseconds timeout);
  void deliver_answer(const Json& response);
  void forget(const Json& id);  ///< the question was not asked after all

  void touch(MonoTime now) { last_used_ = now.time_since_epoch().count(); }
  MonoTime last_used() const { return MonoTime(MonoTime::duration(last_used_.load())); }
  /// Counts an open request, so that the session is not the one to go (G10).
  void enter() { ++open_; }
  void leave() { --open_; }
  bool busy() const;

  void end();
  const CancelToken& ended() const { return ended_; }

 private:
  struct Question {
    bool answered = false;
    Json response;
  };

  int open_streams(const EventLog* except = nullptr) const;  ///< mutex_ held

  const Identity identity_;
  const Limits& limits_;
  const Clock& clock_;
  const LineSink direct_;
  const std::shared_ptr<EventLog> general_;
  std::atomic<int> log_level_{1};
  std::atomic<int> open_{0};
  std::atomic<MonoTime::rep> last_used_;
  CancelToken ended_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::set<std::string> subscriptions_;
  std::map<std::uint64_t, std::shared_ptr<EventLog>> streams_;
  std::uint64_t next_stream_;
  std::map<std::string, Question> questions_;
  std::uint64_t next_question_ = 1;
};

}  // namespace patchbay::mcp
