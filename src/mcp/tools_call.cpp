// tools/call from the name to the result (6.1, 7, 8).

#include <fmt/format.h>

#include "mcp/capabilities.h"
#include "mcp/characters.h"
#include "mcp/headers.h"
#include "mcp/running_call.h"
#include "mcp/running_place.h"
#include "mcp/tool_result.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

constexpr std::size_t kMaxRequestKey = 64;

/// Takes one of the catalogue's own arguments out of `arguments`; null counts as absent.
Result<std::optional<std::string>> take_argument(Json& arguments, const char* name, std::size_t max_characters) {
  const auto it = arguments.find(name);
  if (it == arguments.end()) return std::optional<std::string>();
  Json value = std::move(*it);
  arguments.erase(it);
  if (value.is_null()) return std::optional<std::string>();
  const bool fits = value.is_string() && !value.get_ref<const std::string&>().empty() &&
                    !is_longer_than(value.get_ref<const std::string&>(), max_characters);
  if (!fits) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{} must be a string of 1 to {} characters.", name, max_characters),
                 "Correct the argument or leave it out.",
                 {}};
  }
  return std::optional(value.get<std::string>());
}

RpcError too_many_calls() {
  return {.code = rpc::kInternal,
          .message = "Too many calls are running; try again in a moment",
          .http_status = 429,
          .retry_after_seconds = 1};
}

/// What a reply did not change must be possible to ask for again under the same key.
bool worth_keeping(const Json& result) {
  if (json::get_bool(result, "isError")) return false;
  const Json* structured = json::find(result, "structuredContent");
  return structured == nullptr || json::find(*structured, "error_code") == nullptr ||
         structured->at("error_code").is_null();
}

/// Marks a stored result as given before.
Result<Json> replayed(const std::string& text) {
  auto parsed = json::parse(text);
  if (!parsed.ok()) {
    return Error{ErrorCode::kStateCorrupt, "The first answer under this request_key can no longer be read.",
                 "What it did was done; look at the current state.", parsed.error().message};
  }
  Json result = std::move(parsed).value();
  if (const auto it = result.find("structuredContent"); it != result.end()) (*it)["replayed"] = true;
  return result;
}

}  // namespace

Reply Server::Impl::call_tool(Request& request) {
  Json& params = request.message.params;
  const auto name = json::find_string(params, "name");
  if (!name) return invalid_params("params.name must be a string", {{"path", "name"}});
  Json arguments = Json::object();
  if (const auto it = params.find("arguments"); it != params.end() && !it->is_null()) {  // T8
    if (!it->is_object()) {
      return invalid_params("params.arguments must be an object",
                            {{"path", "arguments"}, {"code", "invalid_arguments_object"}});
    }
    arguments = std::move(*it);
  }
  const Catalog::Entry* entry = catalog.find(*name);
  if (entry == nullptr) {  // T7
    return invalid_params(fmt::format("Unknown tool '{}'. If the connector's tool list is old, refresh it.",
                                      display_safe(utf8_prefix(*name, 64))),
                          {{"code", "unknown_tool"}});
  }
  if (entry->raw && request.modern()) {  // N7
    Json missing = missing_capabilities(entry->raw->needs_capabilities, request.capabilities);
    if (!missing.empty()) {
      return RpcError{.code = rpc::kMissingCapability,
                      .message = "This tool needs a capability that the client did not declare",
                      .http_status = 400,
                      .data = {{"requiredCapabilities", std::move(missing)}}};
    }
  }
  if (request.modern() && request.over_http()) {  // N9
    if (auto error = check_param_headers(*request.headers, *entry, arguments)) return std::move(*error);
  }
  const auto place = std::make_shared<RunningPlace>(*this, request.credential.name);
  if (!place->take()) return too_many_calls();
  const std::shared_ptr<void> until_the_end(nullptr, [place](void*) { place->close(); });
  request.place = place;
  return run_tool(request, *entry, std::move(arguments));
}

Reply Server::Impl::run_tool(Request& request, const Catalog::Entry& entry, Json arguments) {
  const auto give = [&](Json result) -> Reply {
    adapt_result(*request.version, result, limits.result_text_bytes);
    return finish(request, std::move(result));
  };
  const Declaration* declaration = entry.raw ? nullptr : &entry.tool.declaration;
  std::optional<std::string> handle, request_key;
  if (declaration != nullptr && declaration->takes_handle) {
    auto taken = take_argument(arguments, "handle", 128);
    if (!taken.ok()) return give(error_result(taken.error()));
    handle = std::move(taken).value();
  }
  auto caller = identify(request, handle);
  if (!caller.ok()) return give(error_result(caller.error()));
  touch_scope(caller->scope_key);
  if (!catalog.visible(entry, caller->mode, caller->scope)) {  // T13
    return give(error_result(catalog.refusal(entry, caller->mode, caller->scope)));
  }
  if (declaration != nullptr && declaration->takes_request_key) {
    auto taken = take_argument(arguments, "request_key", kMaxRequestKey);
    if (!taken.ok()) return give(error_result(taken.error()));
    request_key = std::move(taken).value();
  }

  request.outlet->allow_stream();
  RunningCall call(*this, request, *caller, handle);
  if (auto error = call.take_round(entry.name, arguments)) return std::move(*error);
  if (entry.raw) {
    auto result = entry.raw->run(call, arguments);
    if (auto asked = call.input_required()) return std::move(*asked);
    return give(result.ok() ? std::move(result).value() : error_result(result.error()));
  }

  std::optional<RequestKeys::Turn> turn;
  if (request_key) {
    auto claim =
        request_keys.claim(caller->scope_key, entry.name, *request_key, arguments, call.cancel(), call.deadline());
    if (!claim.ok()) return give(error_result(claim.error()));
    if (claim->replay) {
      auto again = replayed(*claim->replay);
      return give(again.ok() ? std::move(again).value() : error_result(again.error()));
    }
    turn.emplace(std::move(*claim->turn));
  }
  auto reply = entry.tool.run(call, arguments);
  if (!reply.ok()) return give_error(request, entry, reply.error());
  Json result = success_result(entry, std::move(reply).value(), catalog.options(), limits);
#ifndef NDEBUG
  if (const auto bad = schema_mismatch(entry.output_schema, result["structuredContent"])) {
    return internal_error(fmt::format("{} answered outside its output schema: {}", entry.name, *bad));
  }
#endif
  if (turn && worth_keeping(result)) {
    const Status kept = turn->keep(json::dump(result));
    if (!kept.ok()) log::warn("a result could not be kept under its request_key: {}", kept.error().detail);
  }
  return give(std::move(result));
}

Reply Server::Impl::give_error(Request& request, const Catalog::Entry& entry, const Error& error) {
  if (error.code == ErrorCode::kInternal) {
    return internal_error(fmt::format("{}: {} {}", entry.name, error.message, error.detail));
  }
  std::string ref;
  if (!error.detail.empty()) {
    ref = random_hex(12);
    log::info("{} failed ({}, {}): {}", entry.name, name_of(error.code), ref, error.detail);
  }
  return finish(request, error_result(error, ref));
}

}  // namespace patchbay::mcp
