#include "mcp/running_call.h"

#include "mcp/capabilities.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

/// How long a handler may overstep its deadline before its token is cancelled.
constexpr std::chrono::milliseconds kGrace{500};

std::string clean(std::string_view text) { return redact(sanitize_utf8(text)); }

void clean_strings(Json& value) {
  if (value.is_string()) {
    value = clean(value.get_ref<const std::string&>());
  } else if (value.is_structured()) {
    for (Json& item : value) clean_strings(item);
  }
}

}  // namespace

RunningCall::RunningCall(Server::Impl& server, Request& request, Caller caller, std::optional<std::string> handle)
    : server_(server),
      request_(request),
      caller_(std::move(caller)),
      handle_(std::move(handle)),
      deadline_(request.deadline.value_or(server.clock.mono() + server.limits.max_call)) {
  server.make_cancellable(request);
  cancel_ = request.cancel;
  // The token is copied into the callbacks: they may still run when this object is gone.
  const auto give_up = [token = cancel_]() mutable { token.cancel(); };
  links_.push_back(server.stopping.on_cancel(give_up));
  // Only the modern era, and lines, take a lost client for a cancelled request (M31, G17).
  if (request.modern() || !request.over_http()) links_.push_back(request.outlet->gone().on_cancel(give_up));
  const auto left = deadline_ - server.clock.mono();
  overdue_ = server.timers.at(std::chrono::steady_clock::now() + left + kGrace, give_up);
}

void RunningCall::progress(std::string_view message) {
  std::lock_guard lock(mutex_);
  const MonoTime now = server_.clock.mono();
  if (last_message_ && now - *last_message_ < server_.limits.progress_interval) return;
  last_message_ = now;
  send_progress(last_progress_.value_or(0) + 1, std::nullopt, message);
}

void RunningCall::emit_progress(double progress, std::optional<double> total, std::string_view message) {
  std::lock_guard lock(mutex_);
  send_progress(progress, total, message);
}

void RunningCall::send_progress(double progress, std::optional<double> total, std::string_view message) {
  const Json* token = json::find(request_.meta(), "progressToken");
  if (token == nullptr || !(token->is_string() || token->is_number_integer())) return;
  if (last_progress_ && progress <= *last_progress_) return;
  last_progress_ = progress;
  const auto number = [](double v) {
    return v == static_cast<double>(static_cast<std::int64_t>(v)) ? Json(static_cast<std::int64_t>(v)) : Json(v);
  };
  Json params{{"progressToken", *token}, {"progress", number(progress)}};
  if (total) params["total"] = number(*total);
  if (!message.empty() && request_.version->progress_message) params["message"] = clean(message);
  if (!request_.withdrawn.cancelled()) request_.outlet->send(notification_text("notifications/progress", params));
}

void RunningCall::log(std::string_view level, const Json& data, std::string_view logger) {
  const auto wanted = log_level_of(level);
  if (!wanted) return;
  if (request_.modern()) {
    const auto threshold = json::find_string(request_.meta(), meta_key::kLogLevel);
    if (!threshold || *wanted < log_level_of(*threshold).value_or(8)) return;
  } else if (request_.session && *wanted < request_.session->log_level()) {
    return;
  }
  Json params{{"level", level}, {"data", data}};
  if (!logger.empty()) params["logger"] = logger;
  clean_strings(params["data"]);
  if (!request_.withdrawn.cancelled()) request_.outlet->send(notification_text("notifications/message", params));
}

bool RunningCall::client_can(std::string_view capability) const { return declares(request_.capabilities, capability); }

Result<std::string> RunningCall::mint_handle() {
  auto handle = PB_TRY(server_.mint_handle(caller_));
  handle_ = handle;
  return handle;
}

Status RunningCall::bind_handle(const std::string& scope_key) {
  return server_.bind_handle(handle_.value_or(""), scope_key, caller_);
}

Result<Json> RunningCall::ask_client(std::string_view method, const Json& params) {
  const std::string needed = needed_for(method, params);
  if (request_.modern() || !request_.session || !client_can(needed) || !request_.outlet->can_send()) {
    return Error{ErrorCode::kInvalidState, "This client cannot be asked; it declared no such capability.", {}, {}};
  }
  const Json id = request_.session->ask();
  if (!request_.outlet->send(request_text(id, method, params))) {
    request_.session->forget(id);
    return Error{ErrorCode::kInvalidState, "The client cannot be reached with a question.", {}, {}};
  }
  return request_.session->wait_answer(id, cancel_, server_.limits.question_timeout);
}

std::optional<RpcError> RunningCall::take_round(std::string_view subject, const Json& arguments) {
  if (!request_.modern()) return std::nullopt;
  const Json& params = request_.params();
  seal_context_ = caller_.credential + '\0' + request_.message.method + '\0' + std::string(subject) + '\0' +
                  sha256_hex(json::dump(arguments));
  if (const Json* responses = json::find(params, "inputResponses")) {
    if (!responses->is_object())
      return invalid_params("inputResponses must be an object", {{"path", "inputResponses"}});
    for (const Json& response : *responses) {
      if (!response.is_object()) {
        return invalid_params("Every member of inputResponses must be an object", {{"path", "inputResponses"}});
      }
    }
    input_responses_ = *responses;
  }
  const Json* sealed = json::find(params, "requestState");
  if (sealed == nullptr) return std::nullopt;
  std::optional<Json> state;
  if (sealed->is_string()) state = server_.signer.unseal(seal_context_, sealed->get_ref<const std::string&>());
  const WallTime until = state ? from_epoch_seconds(json::get_double(*state, "exp")) : WallTime{};
  if (!state || until < server_.clock.wall()) {
    return invalid_params("requestState is not valid here; call again without it", {{"path", "requestState"}});
  }
  nonce_ = json::get_string(*state, "nonce");
  state_until_ = until;
  round_state_ = state->value("data", Json(nullptr));
  return std::nullopt;
}

Error RunningCall::need_input(Json requests, Json state) {
  const Error stop{ErrorCode::kInvalidState, "More input is needed from the client.", {}, {}};
  if (!request_.modern()) return stop;
  Json missing = Json::object();
  Json allowed = Json::object();
  for (auto& [key, request] : requests.items()) {
    const std::string needed = needed_for(json::get_string(request, "method"), request.value("params", Json::object()));
    if (needed.empty() || client_can(needed)) {
      allowed[key] = std::move(request);
    } else {
      missing.merge_patch(capability_object(needed));
    }
  }
  if (allowed.empty() && !missing.empty()) {
    input_required_ = RpcError{.code = rpc::kMissingCapability,
                               .message = "This request needs input that the client did not declare it can give",
                               .http_status = 400,
                               .data = {{"requiredCapabilities", std::move(missing)}}};
    return stop;
  }
  Json result{{"resultType", "input_required"}};
  if (!allowed.empty()) result["inputRequests"] = std::move(allowed);
  if (!state.is_null() || allowed.empty()) {
    const Json sealed{{"exp", epoch_seconds(server_.clock.wall() + server_.limits.round_state_age)},
                      {"nonce", random_hex(32)},
                      {"data", std::move(state)}};
    result["requestState"] = server_.signer.seal(seal_context_, sealed);
  }
  input_required_ = server_.finish(request_, std::move(result));
  return stop;
}

std::optional<Reply> RunningCall::input_required() { return std::move(input_required_); }

Result<bool> RunningCall::use_round_state() {
  if (nonce_.empty()) return false;
  return server_.store.use_nonce(nonce_, state_until_);
}

std::optional<std::string> Server::Impl::session_key_of(const Call& call) const {
  const auto* rich = dynamic_cast<const RunningCall*>(&call);
  if (rich == nullptr || !rich->session()) return std::nullopt;
  return rich->session()->identity().scope_key;
}

}  // namespace patchbay::mcp
