// subscriptions/listen and everything that announces a change (3.5, G22, G23).

#include "mcp/server_impl.h"

namespace patchbay::mcp {
namespace {

constexpr std::chrono::milliseconds kListenTick{1000};

RpcError too_many(std::string message) {
  return {.code = rpc::kInternal, .message = std::move(message), .http_status = 429, .retry_after_seconds = 5};
}

}  // namespace

std::variant<std::shared_ptr<Listen>, RpcError> Server::Impl::open_listen(Request& request, Listen::Direct direct) {
  const Json* filter = json::find(request.params(), "notifications");
  if (filter == nullptr || !filter->is_object()) {
    return invalid_params("params.notifications must be an object", {{"path", "notifications"}});
  }
  for (const char* flag : {"toolsListChanged", "promptsListChanged", "resourcesListChanged"}) {
    const Json* value = json::find(*filter, flag);
    if (value != nullptr && !value->is_boolean()) {
      return invalid_params("A filter flag must be a boolean", {{"path", std::string("notifications.") + flag}});
    }
  }
  const bool tasks = json::find(*filter, "taskIds") != nullptr || json::find(request.params(), "taskIds") != nullptr;
  const Json* extensions = json::find(request.capabilities, "extensions");
  if (tasks && (extensions == nullptr || json::find(*extensions, meta_key::kTasks) == nullptr)) {  // M22
    return RpcError{
        .code = rpc::kMissingCapability,
        .message = "taskIds need the tasks extension",
        .http_status = 400,
        .data = {{"requiredCapabilities", {{"extensions", {{std::string(meta_key::kTasks), Json::object()}}}}}}};
  }
  std::set<std::string> uris;
  if (const Json* wanted = json::find(*filter, "resourceSubscriptions"); wanted != nullptr && !wanted->is_null()) {
    if (!wanted->is_array()) {
      return invalid_params("resourceSubscriptions must be an array of URIs",
                            {{"path", "notifications.resourceSubscriptions"}});
    }
    for (const Json& uri : *wanted) {
      if (!uri.is_string()) {
        return invalid_params("resourceSubscriptions must be an array of URIs",
                              {{"path", "notifications.resourceSubscriptions"}});
      }
      uris.insert(uri.get<std::string>());
    }
  }
  if (uris.size() > limits.listen_uris) return too_many("Too many resources for one stream");
  Json honoured = *filter;
  if (!options.prompts_change) honoured.erase("promptsListChanged");
  if (!options.resources_change) honoured.erase("resourcesListChanged");
  auto listen = std::make_shared<Listen>(request.message.id, request.credential.name, honoured, std::move(uris), limits,
                                         std::move(direct));
  listens.add(listen);
  return listen;
}

void Server::Impl::close_listen(const std::shared_ptr<Listen>& listen) {
  listen->end();
  listens.remove(listen);
}

Reply Server::Impl::listen(Request& request) {
  if (!request.outlet->can_send()) {
    return RpcError{.code = rpc::kInvalidRequest,
                    .message = "This method answers with text/event-stream; accept it",
                    .http_status = 406};
  }
  const auto place = take(listens_by_credential, request.credential.name, limits.listens_per_credential);
  if (!place) return too_many("Too many event streams are open");
  auto opened = open_listen(request, {});
  if (const auto* error = std::get_if<RpcError>(&opened)) return *error;
  const auto listen = std::get<std::shared_ptr<Listen>>(opened);
  const auto end = [listen] { listen->end(); };
  const auto on_gone = request.outlet->gone().on_cancel(end);
  const auto on_stop = stopping.on_cancel(end);

  request.outlet->expect_stream();
  // The outlet takes the place among the server's streams when it opens one (M23).
  if (!request.outlet->send(listen->acknowledgement())) {
    close_listen(listen);
    return too_many("Too many event streams are open");
  }
  bool reachable = true;
  std::string message;
  Listen::State state = Listen::State::kTimeout;
  while (reachable && state != Listen::State::kEnded) {
    state = listen->next(&message, kListenTick);
    if (state == Listen::State::kMessage) reachable = request.outlet->send(message);
    if (state == Listen::State::kTimeout) request.outlet->idle();
  }
  close_listen(listen);
  return listen->result();
}

void Server::Impl::announce(const Change& change) {
  listens.offer(change);
  for (const auto& session : sessions.all()) {
    if (change.kind == Change::Kind::kResourceUpdated && !session->subscribed(change.uri)) continue;
    if (change.credential) {
      // The base mode of one credential: sessions with a mode of their own see the same tools as before (G23).
      const Session::Identity& who = session->identity();
      if (who.credential != *change.credential || chosen_mode(who.scope_key)) continue;
    }
    session->notify(change.method(), change.params());
  }
}

void Server::notify_tools_changed() { impl_->announce({.kind = Change::Kind::kTools}); }
void Server::notify_resources_changed() { impl_->announce({.kind = Change::Kind::kResources}); }
void Server::notify_prompts_changed() { impl_->announce({.kind = Change::Kind::kPrompts}); }
void Server::notify_resource_updated(const std::string& uri) {
  impl_->announce({.kind = Change::Kind::kResourceUpdated, .uri = uri});
}

}  // namespace patchbay::mcp
