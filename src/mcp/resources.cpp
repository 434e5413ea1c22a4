// resources/read, subscribe, unsubscribe (6.3, G22) and logging/setLevel (G21).

#include <algorithm>

#include "mcp/running_call.h"

namespace patchbay::mcp {
namespace {

/// "scheme:rest" without blanks or control characters.
bool plausible_uri(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || uri.size() > 2048) return false;
  const std::string_view scheme = uri.substr(0, colon);
  return std::isalpha(static_cast<unsigned char>(scheme[0])) != 0 &&
         std::ranges::all_of(
             scheme, [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; }) &&
         std::ranges::all_of(uri, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

RpcError bad_uri() { return invalid_params("params.uri must be a URI", {{"path", "uri"}}); }

}  // namespace

Reply Server::Impl::read_resource(Request& request) {
  const auto uri = json::find_string(request.params(), "uri");
  if (!uri || uri->empty()) return bad_uri();
  const Caller caller = identify(request);
  touch_scope(caller.scope_key);
  RunningCall call(*this, request, caller, std::nullopt);
  if (auto error = call.take_round(*uri, Json::object())) return std::move(*error);
  for (ResourceProvider* provider : options.resources) {
    auto read = provider->read(call, *uri);
    if (!read) continue;
    if (auto asked = call.input_required()) return std::move(*asked);
    if (read->ok()) {
      ResourceReply& reply = read->value();
      return finish(request, {{"contents", std::move(reply.contents)}}, Caching{reply.ttl_ms, reply.shared_cache});
    }
    const Error& error = read->error();
    if (error.code == ErrorCode::kInternal) return internal_error(error.message + " " + error.detail);
    return RpcError{.code = request.modern() ? rpc::kInvalidParams : rpc::kResourceNotFound,
                    .message = error.message,
                    .data = {{"uri", *uri}, {"code", name_of(error.code)}}};
  }
  return RpcError{.code = request.modern() ? rpc::kInvalidParams : rpc::kResourceNotFound,
                  .message = "Unknown resource",
                  .data = {{"uri", *uri}}};
}

Reply Server::Impl::subscribe(Request& request) {
  const auto uri = json::find_string(request.params(), "uri");
  if (!uri || !plausible_uri(*uri)) return bad_uri();
  if (request.session && !request.session->subscribe(*uri)) {
    return invalid_params("Too many subscriptions in this session", {{"path", "uri"}});
  }
  return std::string("{}");
}

Reply Server::Impl::unsubscribe(Request& request) {
  const auto uri = json::find_string(request.params(), "uri");
  if (!uri || !plausible_uri(*uri)) return bad_uri();
  if (request.session) request.session->unsubscribe(*uri);
  return std::string("{}");
}

Reply Server::Impl::set_level(Request& request) {
  const auto level = log_level_of(json::get_string(request.params(), "level"));
  if (!level) return invalid_params("params.level must be one of the eight log levels", {{"path", "level"}});
  if (request.session) request.session->set_log_level(*level);
  return std::string("{}");
}

}  // namespace patchbay::mcp
