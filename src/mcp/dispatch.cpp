// The method table (2.6) and what all answers have in common.

#include <fmt/format.h>

#include <charconv>

#include "mcp/headers.h"
#include "mcp/server_impl.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

using Handler = Reply (Server::Impl::*)(Request&);

struct MethodRow {
  std::string_view name;
  bool legacy;
  bool modern;
  const char* name_header;  ///< member of params that Mcp-Name repeats, or null
  Handler handler;
};

}  // namespace

struct Methods {
  using I = Server::Impl;
  static constexpr MethodRow kRows[] = {
      {"ping", true, false, nullptr, &I::ping},
      {"server/discover", false, true, nullptr, &I::discover},
      {"tools/list", true, true, nullptr, &I::list_tools},
      {"tools/call", true, true, "name", &I::call_tool},
      {"prompts/list", true, true, nullptr, &I::list_prompts},
      {"prompts/get", true, true, "name", &I::get_prompt},
      {"resources/list", true, true, nullptr, &I::list_resources},
      {"resources/templates/list", true, true, nullptr, &I::list_templates},
      {"resources/read", true, true, "uri", &I::read_resource},
      {"resources/subscribe", true, false, nullptr, &I::subscribe},
      {"resources/unsubscribe", true, false, nullptr, &I::unsubscribe},
      {"logging/setLevel", true, false, nullptr, &I::set_level},
      {"completion/complete", true, true, nullptr, &I::complete},
      {"subscriptions/listen", false, true, nullptr, &I::listen},
  };
  static const MethodRow* find(std::string_view name, Era era) {
    for (const MethodRow& row : kRows) {
      if (row.name == name) return (era == Era::kModern ? row.modern : row.legacy) ? &row : nullptr;
    }
    return nullptr;
  }
};

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Answer Server::Impl::error_answer(const Json& id, const RpcError& error) {
  return {.status = error.http_status, .body = error_text(id, error), .retry_after_seconds = error.retry_after_seconds};
}

RpcError Server::Impl::internal_error(std::string_view detail) const {
  const std::string ref = random_hex(12);
  log::error("internal error {}: {}", ref, detail);
  return {.code = rpc::kInternal,
          .message = "Internal processing error",
          .data = {{"code", name_of(ErrorCode::kInternal)}, {"ref", ref}}};
}

Reply Server::Impl::run_method(Request& request) {
  const Message& m = request.message;
  const MethodRow* row = Methods::find(m.method, request.version->era);
  if (row == nullptr) {  // N5, L7
    return RpcError{.code = rpc::kMethodNotFound,
                    .message = fmt::format("Unknown method '{}'", display_safe(m.method)),
                    .http_status = request.modern() ? 404 : 200};
  }
  if (request.modern() && request.over_http() && row->name_header != nullptr) {  // N6
    if (auto error = check_name_header(*request.headers, row->name_header, m.params)) return std::move(*error);
  }
  try {
    return (this->*row->handler)(request);
  } catch (const std::exception& e) {  // N11, L10
    return internal_error(fmt::format("{} threw: {}", row->name, e.what()));
  } catch (...) {
    return internal_error(fmt::format("{} threw something that is no exception", row->name));
  }
}

Answer Server::Impl::answer(Request& request) {
  Reply reply = run_method(request);
  const Json& id = request.message.id;
  if (auto* text = std::get_if<std::string>(&reply)) {
    if (text->size() <= limits.response_bytes) return {.status = 200, .body = result_text(id, std::move(*text))};
    reply = RpcError{.code = rpc::kInternal,
                     .message = fmt::format("The result has {} bytes; at most {} can be sent. Ask for less.",
                                            text->size(), limits.response_bytes)};
  }
  return error_answer(id, std::get<RpcError>(reply));
}

std::string Server::Impl::finish(const Request& request, Json result, std::optional<Caching> caching) const {
  if (request.modern()) {
    if (!result.contains("resultType")) result["resultType"] = "complete";
    if (caching) {
      result["ttlMs"] = caching->ttl_ms;
      result["cacheScope"] = caching->shared ? "public" : "private";
    }
    result["_meta"][std::string(meta_key::kServerInfo)] = server_info;
  }
  return json::dump(result);
}

Reply Server::Impl::ping(Request&) { return std::string("{}"); }

void Server::Impl::cancel_request(const void* owner, const Json& params) {
  const Json* id = json::find(params, "requestId");
  if (owner == nullptr || id == nullptr) return;
  std::optional<CancelTable::Row> row;
  {
    std::lock_guard lock(cancels.mutex);
    const auto it = cancels.running.find({owner, json::dump(*id)});
    if (it != cancels.running.end()) row = it->second;
  }
  if (!row) return;
  row->withdrawn.cancel();
  row->cancel.cancel();
}

void Server::Impl::make_cancellable(Request& request) {
  if (request.cancel_entry) return;
  request.cancel = CancelToken();
  request.withdrawn = CancelToken();
  const std::pair key{request.owner, json::dump(request.message.id)};
  if (request.owner == nullptr) return;
  std::lock_guard lock(cancels.mutex);
  if (!cancels.running.emplace(key, CancelTable::Row{request.cancel, request.withdrawn}).second)
    return;  // an id that is in use twice names the first
  request.cancel_entry = std::shared_ptr<void>(this, [this, key](void*) {
    std::lock_guard held(cancels.mutex);
    cancels.running.erase(key);
  });
}

Server::Impl::CredentialPermit::~CredentialPermit() {
  if (table_ == nullptr) return;
  std::lock_guard lock(table_->mutex);
  const auto it = table_->used.find(name_);
  if (it != table_->used.end() && --it->second == 0) table_->used.erase(it);
}

std::optional<Server::Impl::CredentialPermit> Server::Impl::take(PerCredential& table, const std::string& name,
                                                                 int limit) {
  std::lock_guard lock(table.mutex);
  const auto it = table.used.find(name);
  if ((it == table.used.end() ? 0 : it->second) >= limit) return std::nullopt;
  ++table.used[name];
  return CredentialPermit(table, name);
}

}  // namespace patchbay::mcp
