#include "mcp/subscriptions.h"

#include <algorithm>

#include "patchbay/mcp/jsonrpc.h"

namespace patchbay::mcp {
namespace {

constexpr std::string_view kSubscriptionId = "io.modelcontextprotocol/subscriptionId";
constexpr std::size_t kQueue = 256;

}  // namespace

std::string_view Change::method() const {
  switch (kind) {
    case Kind::kTools: return "notifications/tools/list_changed";
    case Kind::kPrompts: return "notifications/prompts/list_changed";
    case Kind::kResources: return "notifications/resources/list_changed";
    case Kind::kResourceUpdated: break;
  }
  return "notifications/resources/updated";
}

Json Change::params() const { return kind == Kind::kResourceUpdated ? Json{{"uri", uri}} : Json::object(); }

Listen::Listen(Json id, std::string credential, const Json& filter, std::set<std::string> uris, const Limits& limits,
               Direct direct)
    : id_(std::move(id)),
      credential_(std::move(credential)),
      tools_(json::get_bool(filter, "toolsListChanged")),
      prompts_(json::get_bool(filter, "promptsListChanged")),
      resources_(json::get_bool(filter, "resourcesListChanged")),
      uris_(std::move(uris)),
      limits_(limits),
      direct_(std::move(direct)) {}

Json Listen::meta() const { return {{std::string(kSubscriptionId), id_}}; }

Json Listen::honoured() const {
  Json out = Json::object();
  if (tools_) out["toolsListChanged"] = true;
  if (prompts_) out["promptsListChanged"] = true;
  if (resources_) out["resourcesListChanged"] = true;
  if (!uris_.empty()) out["resourceSubscriptions"] = uris_;
  return out;
}

void Listen::offer(const Change& change) {
  const bool wanted = (change.kind == Change::Kind::kTools && tools_) ||
                      (change.kind == Change::Kind::kPrompts && prompts_) ||
                      (change.kind == Change::Kind::kResources && resources_) ||
                      (change.kind == Change::Kind::kResourceUpdated && uris_.contains(change.uri));
  if (!wanted || (change.credential && *change.credential != credential_)) return;
  Json params = change.params();
  params["_meta"] = meta();
  std::string text = notification_text(change.method(), params);
  std::lock_guard lock(mutex_);
  if (direct_ && begun_) {
    if (!ended_) direct_(text);
    return;
  }
  // Two equal announcements that nobody has read yet say no more than one.
  if (ended_ || std::ranges::find(queue_, text) != queue_.end()) return;
  if (queue_.size() >= kQueue) {
    ended_ = true;
  } else {
    queue_.push_back(std::move(text));
  }
  changed_.notify_all();
}

void Listen::begin() {
  std::lock_guard lock(mutex_);
  begun_ = true;
  direct_(acknowledgement());
  for (const std::string& text : queue_) {
    if (!ended_) direct_(text);
  }
  queue_.clear();
}

void Listen::end() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

Listen::State Listen::next(std::string* message, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return ended_ || !queue_.empty(); });
  if (!queue_.empty()) {
    *message = std::move(queue_.front());
    queue_.pop_front();
    return State::kMessage;
  }
  return ended_ ? State::kEnded : State::kTimeout;
}

std::string Listen::acknowledgement() const {
  return notification_text("notifications/subscriptions/acknowledged",
                           {{"_meta", meta()}, {"notifications", honoured()}});
}

std::string Listen::result() const { return json::dump(Json{{"resultType", "complete"}, {"_meta", meta()}}); }

void ListenTable::add(const std::shared_ptr<Listen>& listen) {
  std::lock_guard lock(mutex_);
  listens_.insert(listen);
}

void ListenTable::remove(const std::shared_ptr<Listen>& listen) {
  std::lock_guard lock(mutex_);
  listens_.erase(listen);
}

std::vector<std::shared_ptr<Listen>> ListenTable::copy() const {
  std::lock_guard lock(mutex_);
  return {listens_.begin(), listens_.end()};
}

void ListenTable::offer(const Change& change) {
  for (const auto& listen : copy()) listen->offer(change);
}

void ListenTable::end_all() {
  for (const auto& listen : copy()) listen->end();
}

}  // namespace patchbay::mcp
