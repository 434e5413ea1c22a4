#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "mcp/server_impl.h"

namespace patchbay::mcp {

/// One request whose handler runs: what a tool, a prompt or a resource may do with the protocol meanwhile.
///
/// Lives on the stack of the thread that handles the request. Threads: the handler may use it from several.
class RunningCall final : public RichCall {
 public:
  /// `subject` names what is called (tool, prompt, uri) and `digest` its arguments: sealed state comes back
  /// only to the same ones (M26).
  RunningCall(Server::Impl& server, Request& request, Caller caller, std::optional<std::string> handle);

  /// Takes `requestState` and `inputResponses` of this round; an error means they must not be used (M26,
  /// M28).
  std::optional<RpcError> take_round(std::string_view subject, const Json& arguments);
  /// What need_input asked for, as a result; absent when it was not called.
  std::optional<Reply> input_required();

  // Call
  const Caller& caller() const override { return caller_; }
  CancelToken cancel() const override { return cancel_; }
  MonoTime deadline() const override { return deadline_; }
  void progress(std::string_view message) override;
  Result<std::string> mint_handle() override;
  Status bind_handle(const std::string& scope_key) override;
  std::optional<std::string> handle() const override { return handle_; }

  // RichCall
  const Version& version() const override { return *request_.version; }
  const Json& meta() const override { return request_.meta(); }
  bool client_can(std::string_view capability) const override;
  void emit_progress(double progress, std::optional<double> total, std::string_view message) override;
  void log(std::string_view level, const Json& data, std::string_view logger) override;
  Result<Json> ask_client(std::string_view method, const Json& params) override;
  Error need_input(Json requests, Json state) override;
  const Json& input_responses() const override { return input_responses_; }
  const Json& round_state() const override { return round_state_; }
  Result<bool> use_round_state() override;
  void close_stream() override { request_.outlet->close_early(); }

  const std::shared_ptr<Session>& session() const { return request_.session; }
  /// Null for requests that are not counted.
  const std::shared_ptr<RunningPlace>& place() const { return request_.place; }

 private:
  void send_progress(double progress, std::optional<double> total, std::string_view message);

  Server::Impl& server_;
  Request& request_;
  Caller caller_;
  std::optional<std::string> handle_;
  const MonoTime deadline_;
  CancelToken cancel_;
  std::vector<CancelToken::Registration> links_;
  Timers::Pending overdue_;

  std::mutex mutex_;
  std::optional<double> last_progress_;
  std::optional<MonoTime> last_message_;

  std::string seal_context_;
  std::string nonce_;
  WallTime state_until_;
  Json input_responses_ = Json::object();
  Json round_state_ = nullptr;
  std::optional<Reply> input_required_;
};

}  // namespace patchbay::mcp
