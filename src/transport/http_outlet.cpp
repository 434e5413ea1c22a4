#include "transport/http_outlet.h"

#include <system_error>

#include "patchbay/base/log.h"
#include "transport/sse.h"

namespace patchbay::transport {
namespace {

using std::chrono::steady_clock;

/// A short call needs no second thread; a longer one is looked after from here on.
constexpr std::chrono::milliseconds kWatchAfter{1000};
constexpr std::chrono::milliseconds kLookEvery{1000};

/// What is left to say to a client whose token was taken away meanwhile.
mcp::Answer void_credential() {
  const mcp::RpcError error{.code = mcp::rpc::kInvalidRequest, .message = "A token is required", .http_status = 401};
  return {.status = error.http_status, .body = mcp::error_text(nullptr, error)};
}

}  // namespace

HttpOutlet::HttpOutlet(http::Exchange& exchange, mcp::Server& server, mcp::Timers& timers, Settings settings)
    : exchange_(exchange),
      server_(server),
      timers_(timers),
      settings_(std::move(settings)),
      started_(steady_clock::now()),
      last_write_(started_) {}

HttpOutlet::~HttpOutlet() {
  watch_start_.cancel();
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  changed_.notify_all();
  // Nobody starts one any more.
  if (watch_.joinable()) watch_.join();
}

void HttpOutlet::allow_stream() {
  {
    std::lock_guard lock(mutex_);
    may_stream_ = may_stream_late_ = true;
  }
  watch_start_ = timers_.at(started_ + std::min(kWatchAfter, settings_.stream_after), [this] { start_watch(); });
}

void HttpOutlet::expect_stream() {
  std::lock_guard lock(mutex_);
  may_stream_ = true;
}

bool HttpOutlet::reserve() {
  if (settings_.accepts.json) return true;
  std::lock_guard lock(mutex_);
  permit_ = server_.begin_stream();
  may_stream_ = true;
  return permit_.has_value();
}

bool HttpOutlet::use_session(std::shared_ptr<mcp::Session> session) {
  std::lock_guard lock(mutex_);
  session_ = std::move(session);
  if (settings_.accepts.json) return true;
  log_ = session_->open_stream();
  return log_ != nullptr;
}

void HttpOutlet::start_watch() {
  std::lock_guard lock(watch_mutex_);
  if (watch_.joinable()) return;
  try {
    watch_ = std::thread([this] { watch(); });
  } catch (const std::system_error& e) {
    log::warn("a long call is not looked after: no further thread ({})", e.what());
  }
}

void HttpOutlet::watch() {
  std::unique_lock lock(mutex_);
  while (!done_) {
    const MonoTime now = steady_clock::now();
    if (stream_ == nullptr && may_stream_late_ && now - started_ >= settings_.stream_after) start_stream();
    if (!keep_alive(now)) {
      lock.unlock();
      return gone_.cancel();  // nobody is left to keep anything alive for
    }
    MonoTime next = now + kLookEvery;
    if (stream_ == nullptr && may_stream_late_) next = std::min(next, started_ + settings_.stream_after);
    if (stream_ != nullptr) next = std::min(next, last_write_ + settings_.comment_every);
    changed_.wait_until(lock, std::max(next, now + std::chrono::milliseconds(1)), [&] { return done_; });
    lock.unlock();
    if (!settings_.welcome()) return turn_away();
    lock.lock();
  }
}

void HttpOutlet::turn_away() {
  {
    std::lock_guard lock(mutex_);
    detached_ = true;
  }
  gone_.cancel();
}

bool HttpOutlet::keep_alive(MonoTime now) {
  if (stream_ != nullptr && !detached_ && now - last_write_ >= settings_.comment_every) {
    last_write_ = now;
    if (!stream_->write(kKeepAlive)) detached_ = true;
  }
  return !detached_ && !exchange_.peer_gone();
}

void HttpOutlet::idle() {
  if (!settings_.welcome()) return turn_away();
  std::unique_lock lock(mutex_);
  if (done_ || keep_alive(steady_clock::now())) return;
  lock.unlock();
  gone_.cancel();
}

bool HttpOutlet::start_stream() {
  may_stream_late_ = false;
  if (!settings_.accepts.events || done_) return false;
  if (!permit_) permit_ = server_.begin_stream();
  if (!permit_) return false;
  if (session_ && !log_) {
    log_ = session_->open_stream();
    if (!log_) {
      permit_.reset();
      return false;
    }
  }
  std::vector<http::Header> headers = stream_headers();
  headers.insert(headers.end(), settings_.extra_headers.begin(), settings_.extra_headers.end());
  std::string first(kOpeningComment);
  if (log_ && session_->version().priming_event) first += priming_text(std::to_string(log_->stream()) + "-0");
  stream_ = &exchange_.open_stream(200, std::move(headers), first);
  last_write_ = steady_clock::now();
  return true;
}

bool HttpOutlet::emit(std::string_view message) {
  const std::string id = log_ ? log_->append(message) : std::string();
  last_write_ = steady_clock::now();
  if (detached_ || !stream_->write(event_text(message, id))) {
    detached_ = true;
    return log_ != nullptr;
  }
  return true;
}

bool HttpOutlet::send(std::string_view message) {
  std::unique_lock lock(mutex_);
  if (done_ || (stream_ == nullptr && (!may_stream_ || !start_stream()))) return false;
  const bool sent = emit(message);
  if (detached_) {
    lock.unlock();
    gone_.cancel();
  }
  return sent;
}

void HttpOutlet::reply_json(mcp::Answer& answer) {
  http::Response response;
  response.status = answer.status;
  response.headers = settings_.extra_headers;
  if (!answer.session_id.empty()) response.headers.emplace_back("Mcp-Session-Id", answer.session_id);
  if (answer.retry_after_seconds > 0) {
    response.headers.emplace_back("Retry-After", std::to_string(answer.retry_after_seconds));
  }
  if (!answer.body.empty()) {
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back("Cache-Control", "no-store");
  }
  response.body = std::move(answer.body);
  exchange_.reply(std::move(response));
}

void HttpOutlet::answer(mcp::Answer answer) {
  std::lock_guard lock(mutex_);
  if (done_) return;
  // Who reads only streams gets a stream for a result; refusals stay what HTTP says they are.
  const bool only_events = !settings_.accepts.json && answer.status == 200 && answer.session_id.empty();
  if (stream_ == nullptr && only_events && !answer.body.empty()) start_stream();
  if (stream_ == nullptr) {
    if (detached_) answer = void_credential();
    reply_json(answer);
  } else {
    emit(answer.body);
  }
  if (log_) log_->finish();
  done_ = true;
  changed_.notify_all();
}

void HttpOutlet::close_early() {
  std::lock_guard lock(mutex_);
  if (done_ || (stream_ == nullptr && !start_stream()) || detached_) return;
  detached_ = true;  // the body ends with the handler; the client finds the rest in the log
}

}  // namespace patchbay::transport
