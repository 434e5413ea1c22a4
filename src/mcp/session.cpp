#include "patchbay/mcp/session.h"

#include <algorithm>

namespace patchbay::mcp {

Session::Session(Identity identity, const Limits& limits, const Clock& clock, LineSink direct)
    : identity_(std::move(identity)),
      limits_(limits),
      clock_(clock),
      direct_(std::move(direct)),
      general_(std::make_shared<EventLog>(0, limits, clock, identity_.before)),
      last_used_(clock.mono().time_since_epoch().count()),
      next_stream_(identity_.before + 1) {}

void Session::notify(std::string_view method, const Json& params) {
  if (ended_.cancelled()) return;
  const std::string text = notification_text(method, params);
  if (direct_) {
    direct_(text);
  } else {
    general_->append_once(text);
  }
}

int Session::open_streams(const EventLog* except) const {
  int open = general_.get() != except && general_->has_reader() ? 1 : 0;
  for (const auto& [number, stream] : streams_) {
    if (stream.get() != except && (!stream->finished() || stream->has_reader())) ++open;
  }
  return open;
}

bool Session::may_read(const EventLog& log) const {
  std::lock_guard lock(mutex_);
  return open_streams(&log) < limits_.streams_per_session;
}

void Session::sweep() {
  std::lock_guard lock(mutex_);
  std::erase_if(streams_, [](const auto& row) { return row.second->expired(); });
}

std::shared_ptr<EventLog> Session::open_stream() {
  std::lock_guard lock(mutex_);
  if (open_streams() >= limits_.streams_per_session) return nullptr;
  // Finished streams stay for clients that resume, but not more of them than may be open at once.
  while (streams_.size() >= static_cast<std::size_t>(2 * limits_.streams_per_session)) {
    const auto done = std::ranges::find_if(streams_, [](const auto& row) { return row.second->finished(); });
    if (done == streams_.end()) break;
    streams_.erase(done);
  }
  const std::uint64_t number = next_stream_++;
  return streams_[number] = std::make_shared<EventLog>(number, limits_, clock_);
}

std::shared_ptr<EventLog> Session::find_stream(std::uint64_t number) {
  if (number == 0) return general_;
  std::lock_guard lock(mutex_);
  const auto it = streams_.find(number);
  return it == streams_.end() ? nullptr : it->second;
}

bool Session::subscribe(const std::string& uri) {
  std::lock_guard lock(mutex_);
  if (subscriptions_.contains(uri)) return true;
  if (subscriptions_.size() >= limits_.listen_uris) return false;
  subscriptions_.insert(uri);
  return true;
}

void Session::unsubscribe(const std::string& uri) {
  std::lock_guard lock(mutex_);
  subscriptions_.erase(uri);
}

bool Session::subscribed(const std::string& uri) const {
  std::lock_guard lock(mutex_);
  return subscriptions_.contains(uri);
}

Json Session::ask() {
  std::lock_guard lock(mutex_);
  const std::string id = "ask-" + std::to_string(next_question_++);
  questions_[id];
  return id;
}

Result<Json> Session::wait_answer(const Json& id, const CancelToken& cancel, std::chrono::milliseconds timeout) {
  const std::string key = id.get<std::string>();
  // A callback may still run after this returned, so it keeps the session alive.
  const auto wake = [self = shared_from_this()] {
    std::lock_guard lock(self->mutex_);
    self->answered_.notify_all();
  };
  const auto on_cancel = cancel.on_cancel(wake);
  const auto on_end = ended_.on_cancel(wake);
  std::unique_lock lock(mutex_);
  Question& question = questions_[key];
  answered_.wait_for(lock, timeout, [&] { return question.answered || cancel.cancelled() || ended_.cancelled(); });
  const bool answered = question.answered;
  const Json response = std::move(question.response);
  questions_.erase(key);
  lock.unlock();
  if (!answered && (cancel.cancelled() || ended_.cancelled())) {
    return Error{ErrorCode::kCancelled, "The request was cancelled.", {}, {}};
  }
  if (!answered) return Error{ErrorCode::kTimeout, "The client did not answer in time.", {}, {}};
  if (const Json* error = json::find(response, "error")) {
    return Error{ErrorCode::kInvalidState, "The client refused: " + json::get_string(*error, "message"), {}, {}};
  }
  return response.value("result", Json::object());
}

void Session::deliver_answer(const Json& response) {
  const Json* id = json::find(response, "id");
  if (id == nullptr || !id->is_string()) return;
  std::lock_guard lock(mutex_);
  const auto it = questions_.find(id->get_ref<const std::string&>());
  if (it == questions_.end()) return;  // nobody waits for it
  it->second.answered = true;
  it->second.response = response;
  answered_.notify_all();
}

void Session::forget(const Json& id) {
  std::lock_guard lock(mutex_);
  questions_.erase(id.get<std::string>());
}

bool Session::busy() const {
  if (open_ > 0 || general_->has_reader()) return true;
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(streams_, [](const auto& row) { return row.second->has_reader(); });
}

void Session::end() {
  ended_.cancel();
  general_->finish();
  std::lock_guard lock(mutex_);
  for (const auto& [number, stream] : streams_) stream->finish();
}

}  // namespace patchbay::mcp
