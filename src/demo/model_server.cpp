#include "patchbay/demo/model_server.h"

#include <fcntl.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "demo/conversation.h"
#include "demo/final_message.h"
#include "demo/response_writer.h"
#include "demo/script.h"
#include "patchbay/base/guarded.h"
#include "patchbay/http/server.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/file.h"

namespace patchbay::demo {
namespace {

using Kind = Step::Kind;

/// Codex sends the whole conversation each time, tool output included.
constexpr std::size_t kMaxRequestBytes = 256u << 20;
constexpr json::ParseLimits kRequestLimits{512, 1'000'000, 50'000'000};
constexpr int kCommandWaitMs = 30'000;  ///< the longest that Codex waits before it hands a running command back

/// Ends an answer so that the peer sees a broken connection and not a finished body.
struct CutOff : std::runtime_error {
  CutOff() : std::runtime_error("cut off on request") {}
};

Json log_entry(const ModelRequest& r) {
  return {{"number", r.number}, {"kind", r.kind},     {"step", r.step},       {"thread_id", r.thread_id},
          {"model", r.model},   {"effort", r.effort}, {"sandbox", r.sandbox}, {"structured", r.structured},
          {"prompt", r.prompt}};
}

http::Response error_response(int status) {
  const std::string message = "scripted failure " + std::to_string(status);
  return {status,
          {{"Content-Type", "application/json"}},
          json::dump({{"error", {{"message", message}, {"type", "scripted"}}}})};
}

}  // namespace

struct ModelServer::Impl {
  Options options;
  std::atomic<int> unique{0};
  struct Log {
    std::vector<ModelRequest> requests;
    os::Fd file;
  };
  Guarded<Log> log;
  CancelToken stopping;
  std::unique_ptr<http::Server> server;  // last: its threads use the members above

  void handle(http::Exchange& exchange);
  void note(const Conversation& conversation);
  void answer(http::Exchange& exchange, const Conversation& conversation);
  void perform(ResponseWriter& writer, const std::vector<Step>& steps, const Conversation& conversation);
  void call_tool(ResponseWriter& writer, const Step& step, const Conversation& conversation);
  void pause(std::chrono::milliseconds time, const std::function<bool()>& gone);
};

void ModelServer::Impl::handle(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  if (request.method != "POST" || request.path != "/v1/responses") {
    exchange.reply({404, {{"Content-Type", "application/json"}}, R"({"error":{"message":"no such resource"}})"});
    return;
  }
  const auto body = json::parse(request.body, kRequestLimits);
  if (!body) {
    exchange.reply(error_response(400));
    return;
  }
  const Conversation conversation = read_conversation(request, *body);
  note(conversation);
  pause(options.pace, [&] { return exchange.peer_gone(); });
  answer(exchange, conversation);
}

void ModelServer::Impl::note(const Conversation& conversation) {
  ModelRequest r;
  r.kind = conversation.compaction ? "compaction" : "turn";
  r.prompt = conversation.prompt;
  r.model = conversation.model;
  r.effort = conversation.effort;
  r.thread_id = conversation.thread_id;
  r.sandbox = conversation.sandbox;
  r.step = conversation.step();
  r.structured = !conversation.schema.is_null();
  auto held = log.lock();
  r.number = static_cast<int>(held->requests.size()) + 1;
  if (held->file) (void)os::write_all(held->file.get(), json::dump(log_entry(r)) + "\n");
  held->requests.push_back(std::move(r));
}

void ModelServer::Impl::answer(http::Exchange& exchange, const Conversation& conversation) {
  if (conversation.compaction) {
    ResponseWriter writer(exchange, ++unique);
    writer.message("Summary of the conversation so far: " + conversation.prompt.substr(0, 400));
    writer.completed();
    return;
  }
  if (!conversation.running_session.empty()) {
    ResponseWriter writer(exchange, ++unique);
    writer.function_call(
        make_call_id(conversation.answered, ++unique), "write_stdin",
        {{"session_id", std::stoi(conversation.running_session)}, {"chars", ""}, {"yield_time_ms", kCommandWaitMs}});
    writer.completed();
    return;
  }
  const Script script = script_for(conversation);
  std::vector<Step> steps = script.response(conversation.step());
  for (const Step& step : steps) {
    const int status = step.kind == Kind::kFail ? std::atoi(step.text.c_str()) : 0;
    if (status != 0) {
      exchange.reply(error_response(status));
      return;
    }
  }
  if (script.is_last(conversation.step())) {
    // The last message is the answer; without one of its own the turn ends with the report.
    if (!steps.empty() && steps.back().kind == Kind::kSay) steps.pop_back();
    if (steps.empty() || steps.back().kind != Kind::kRaw) {
      steps.push_back({Kind::kRaw, final_message(script.report, conversation.schema)});
    }
  }
  ResponseWriter writer(exchange, ++unique);
  perform(writer, steps, conversation);
}

void ModelServer::Impl::perform(ResponseWriter& writer, const std::vector<Step>& steps,
                                const Conversation& conversation) {
  for (const Step& step : steps) {
    switch (step.kind) {
      case Kind::kSay:
      case Kind::kRaw: writer.message(step.text); break;
      case Kind::kThink: writer.reasoning(step.text); break;
      case Kind::kShell:
      case Kind::kPatch: call_tool(writer, step, conversation); break;
      case Kind::kSleep: pause(step.pause, [&] { return writer.stream().closed(); }); break;
      case Kind::kStall: return pause(std::chrono::hours(24), [&] { return writer.stream().closed(); });
      case Kind::kFail: return writer.failed(step.text, "scripted failure");
      case Kind::kCut: throw CutOff();
      case Kind::kGarbage: return writer.garbage();
    }
  }
  writer.completed();
}

void ModelServer::Impl::call_tool(ResponseWriter& writer, const Step& step, const Conversation& conversation) {
  const std::string call_id = make_call_id(conversation.step(), ++unique);
  const bool is_shell = step.kind == Kind::kShell;
  const Json command = {{"cmd", step.text}, {"yield_time_ms", kCommandWaitMs}};
  if (conversation.code_mode) {
    const std::string call =
        is_shell ? "exec_command(" + json::dump(command) + ")" : "apply_patch(" + json::dump(step.text) + ")";
    writer.custom_call(call_id, "exec", "text(JSON.stringify(await tools." + call + "));");
  } else if (is_shell) {
    writer.function_call(call_id, "exec_command", command);
  } else {
    writer.custom_call(call_id, "apply_patch", step.text);
  }
}

/// Waits, but not for a peer that has left and not past the server's own end.
void ModelServer::Impl::pause(std::chrono::milliseconds time, const std::function<bool()>& gone) {
  const MonoTime until = system_clock().mono() + time;
  while (system_clock().mono() < until && !stopping.cancelled() && !gone()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - system_clock().mono());
    std::this_thread::sleep_for(
        std::clamp<std::chrono::milliseconds>(left, std::chrono::milliseconds(1), std::chrono::milliseconds(20)));
  }
}

Result<std::unique_ptr<ModelServer>> ModelServer::start(Options options) {
  auto impl = std::make_unique<Impl>();
  if (!options.log_file.empty()) {
    os::Fd file(::open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) return errno_error(errno, "opening the request log", options.log_file);
    impl->log.lock()->file = std::move(file);
  }
  http::Server::Options http;
  http.port = options.port;
  http.limits.body_bytes = kMaxRequestBytes;
  http.handler = [raw = impl.get()](http::Exchange& exchange) { raw->handle(exchange); };
  impl->options = std::move(options);
  impl->server = PB_TRY(http::Server::start(std::move(http)));
  return std::unique_ptr<ModelServer>(new ModelServer(std::move(impl)));
}

ModelServer::ModelServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ModelServer::~ModelServer() {
  impl_->stopping.cancel();
  impl_->server->stop(std::chrono::milliseconds(0));
}

int ModelServer::port() const { return impl_->server->port(); }

std::vector<ModelRequest> ModelServer::requests() const { return impl_->log.lock()->requests; }

Status write_codex_home(const std::string& dir, int port) {
  PB_TRY(os::make_private_dirs(dir));
  const std::string text = fmt::format(
      "model = \"gpt-5.5\"\n"
      "model_provider = \"scripted\"\n"
      "check_for_update_on_startup = false\n"
      "[analytics]\n"
      "enabled = false\n"
      "[features]\n"
      "plugins = false\n"
      "apps = false\n"
      "shell_snapshot = false\n"
      "[model_providers.scripted]\n"
      "name = \"scripted\"\n"
      "base_url = \"http://127.0.0.1:{}/v1\"\n"
      "wire_api = \"responses\"\n"
      "request_max_retries = 0\n"
      "stream_max_retries = 0\n",
      port);
  return os::write_file_atomic(os::join(dir, "config.toml"), text);
}

}  // namespace patchbay::demo
