#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "patchbay/mcp/card.h"
#include "patchbay/mcp/server.h"
#include "support/patience.h"

/// A protocol server in memory: fake time, a handful of tools, no sockets.
namespace patchbay::testing_support {

class SteppedClock final : public Clock {
 public:
  WallTime wall() const override { return WallTime(std::chrono::seconds(1'795'000'000)) + passed(); }
  MonoTime mono() const override { return MonoTime(std::chrono::hours(1000)) + passed(); }
  void advance(std::chrono::milliseconds step) { passed_ms_ += step.count(); }

 private:
  std::chrono::milliseconds passed() const { return std::chrono::milliseconds(passed_ms_.load()); }
  std::atomic<long long> passed_ms_{0};
};

/// Records what a request sends and how it is answered.
class RecordingOutlet final : public mcp::Outlet {
 public:
  bool send(std::string_view message) override {
    std::lock_guard lock(mutex_);
    if (!streams) return false;
    sent_.push_back(Json::parse(message));
    changed_.notify_all();
    return true;
  }
  bool can_send() const override { return streams; }
  void answer(mcp::Answer answer) override {
    std::lock_guard lock(mutex_);
    ++answers;
    last_ = std::move(answer);
    changed_.notify_all();
  }
  CancelToken gone() const override { return gone_token; }

  std::vector<Json> sent() const {
    std::lock_guard lock(mutex_);
    return sent_;
  }
  /// Waits until `count` messages were sent.
  bool wait_sent(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, testing_support::kPatience, [&] { return sent_.size() >= count; });
  }
  const mcp::Answer& last() const { return last_; }

  bool streams = true;
  int answers = 0;
  CancelToken gone_token;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Json> sent_;
  mcp::Answer last_;
};

/// One answer, taken apart.
struct Answered {
  int status = 0;
  std::string text;
  std::string session_id;
  int retry_after = 0;
  Json body = nullptr;
  std::vector<Json> sent;

  Json result() const { return body.value("result", Json()); }
  int code() const { return body.contains("error") ? body["error"]["code"].get<int>() : 0; }
  Json data() const { return body.contains("error") ? body["error"].value("data", Json()) : Json(); }
  std::string message() const { return body["error"]["message"].get<std::string>(); }
  bool has_id() const { return body.contains("id"); }
  /// First text block of a tool result.
  std::string content() const { return result()["content"][0]["text"].get<std::string>(); }
  /// The error object of an isError result (T5).
  Json tool_error() const {
    const std::string text_block = content();
    return Json::parse(text_block.substr(text_block.rfind('\n') + 1))["error"];
  }
  /// The handle of a tool's reply.
  std::string handle() const { return result()["structuredContent"]["handle"].get<std::string>(); }
  bool is_tool_error() const { return result().is_object() && result().value("isError", false); }
};

inline Json schema(Json properties, bool closed = true) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", !closed}};
}

/// Everything a test may want to look at or turn.
struct World {
  using Run = std::function<Result<mcp::ToolReply>(mcp::Call&, const Json&)>;

  SteppedClock clock;
  mcp::MemoryStateStore store;
  mcp::CatalogOptions catalog_options;
  mcp::Server::Options server_options;
  std::vector<mcp::Tool> tools;
  std::vector<mcp::RawTool> raw_tools;
  std::unique_ptr<mcp::Catalog> catalog;
  std::unique_ptr<mcp::Server> server;
  int runs = 0;    ///< how often `start` ran
  Json last_args;  ///< what a tool was called with
  mcp::Caller last_caller;

  World() {
    catalog_options.default_mode = mcp::Mode::kWorker;
    catalog_options.card_uri = "ui://card";
    catalog_options.meta_prefix = "demo";
    catalog_options.name_prefix = "demo_";
    catalog_options.switch_tool = "demo_switch";
    catalog_options.handle_tool = "demo_self_test";
    catalog_options.gate_settings = {{mcp::Gate::kDirectWrite, "tools.write"}};
    catalog_options.order = {"demo_self_test"};
    server_options.info = {"demo", "Demo", "1.2.3", "Read this first."};
    server_options.key = std::string(32, 'k');
    add_tools();
  }

  void add(std::string name, mcp::Modes modes, mcp::Scope scope, mcp::Gate gate, Json properties, Run run,
           bool handle = false, bool key = false) {
    mcp::Tool tool{
        .declaration = {.name = name,
                        .title = "Title of " + name,
                        .description = "Use this when testing.",
                        .effect = key ? mcp::Effect::kDestroys : mcp::Effect::kReads,
                        .world = mcp::World::kClosed,
                        .repeat = mcp::Repeat::kIdempotent,
                        .modes = modes,
                        .gate = gate,
                        .scope = scope,
                        .invoking = "Working",
                        .invoked = "Worked",
                        .takes_handle = handle,
                        .takes_request_key = key},
        .input_schema = schema(std::move(properties)),
        .output_schema = schema({{"ok", {{"type", "boolean"}}}, {"note", {{"type", {"string", "null"}}}}}, false),
        .run = std::move(run)};
    tools.push_back(std::move(tool));
  }

  void add_tools() {
    using mcp::Gate, mcp::Mode, mcp::Scope;
    const Json text{{"type", "string"}};
    add("demo_echo", mcp::kStandardFull, Scope::kRead, Gate::kNone, {{"text", text}},
        [this](mcp::Call& call, const Json& args) -> Result<mcp::ToolReply> {
          last_args = args;
          last_caller = call.caller();
          return mcp::ToolReply{{{"ok", true}}, json::get_string(args, "text"), Json::object()};
        });
    add(
        "demo_self_test", mcp::kAllModes, Scope::kRead, Gate::kNone, Json::object(),
        [this](mcp::Call& call, const Json& args) -> Result<mcp::ToolReply> {
          last_args = args;
          auto handle = call.handle();
          if (!handle) handle = PB_TRY(call.mint_handle());
          last_caller = call.caller();
          return mcp::ToolReply{{{"ok", true}, {"handle", *handle}, {"client_ref", last_caller.client_ref}}, "", {}};
        },
        true);
    add(
        "demo_who", mcp::kAllModes, Scope::kRead, Gate::kNone, Json::object(),
        [this](mcp::Call& call, const Json&) -> Result<mcp::ToolReply> {
          last_caller = call.caller();
          return mcp::ToolReply{{{"ok", true}}, "", {}};
        },
        true);
    add(
        "demo_start", mcp::kNotMinimal, Scope::kWorker, Gate::kNone,
        {{"name", text}, {"refuse", {{"type", "boolean"}}}},
        [this](mcp::Call&, const Json& args) -> Result<mcp::ToolReply> {
          ++runs;
          last_args = args;
          if (json::get_bool(args, "refuse")) {
            return mcp::ToolReply{{{"accepted", false}, {"error_code", "repo_busy"}, {"retryable", true}}, "busy", {}};
          }
          return mcp::ToolReply{{{"accepted", true}, {"run", runs}}, "started", {}};
        },
        true, true);
    add(
        "demo_write", mcp::kStandardFull | mcp::bit(Mode::kMinimal), Scope::kPower, Gate::kDirectWrite, Json::object(),
        [](mcp::Call&, const Json&) -> Result<mcp::ToolReply> { return mcp::ToolReply{}; }, false, true);
    add("demo_fail", mcp::kAllModes, Scope::kRead, Gate::kNone, {{"how", text}},
        [](mcp::Call&, const Json& args) -> Result<mcp::ToolReply> {
          const std::string how = json::get_string(args, "how");
          if (how == "throw") throw std::runtime_error("the password is hunter2");
          if (how == "internal") return Error{ErrorCode::kInternal, "broken", {}, "/secret/path"};
          if (how == "schema") return mcp::ToolReply{{{"ok", "not a boolean"}}, "", {}};
          return Error{ErrorCode::kNotFound, "There is no such file.", "List the folder first.", "/secret/path"};
        });
    add("demo_text", mcp::kAllModes, Scope::kRead, Gate::kNone, {{"bytes", {{"type", "integer"}}}, {"raw", text}},
        [](mcp::Call&, const Json& args) -> Result<mcp::ToolReply> {
          std::string body = json::get_string(args, "raw");
          while (static_cast<std::int64_t>(body.size()) < json::get_int(args, "bytes")) body += "0123456789abcde\n";
          return mcp::ToolReply{{{"ok", true}, {"text", body}, {"next_offset", body.size()}}, body, Json::object()};
        });
    add(
        "demo_switch", mcp::kAllModes, Scope::kRead, Gate::kNone, {{"mode", text}, {"scope", text}},
        [this](mcp::Call& call, const Json& args) -> Result<mcp::ToolReply> {
          const auto mode = mcp::parse_mode(json::get_string(args, "mode"));
          if (!mode) return Error{ErrorCode::kInvalidArgument, "no such mode", {}, {}};
          return mcp::ToolReply{
              PB_TRY(server->change_mode(call, {*mode, "test", json::get_string(args, "scope") == "url"})), "", {}};
        },
        true);
  }

  void start() {
    auto built = mcp::Catalog::build(tools, catalog_options, raw_tools);
    if (!built.ok()) throw std::runtime_error(built.error().message);
    catalog = std::move(built).value();
    restart();
  }
  /// A new server on the same store and key: what a restart of the program keeps.
  void restart() {
    server.reset();
    server_options.catalog = catalog.get();
    server_options.store = &store;
    server_options.clock = &clock;
    server = std::make_unique<mcp::Server>(server_options);
  }

  mcp::HeaderList headers;  ///< sent with every post
  mcp::Credential credential;
  std::optional<mcp::Mode> url_mode;
  int next_id = 1;

  Answered post_text(const std::string& body, const mcp::HeaderList& sent_headers) {
    RecordingOutlet outlet;
    return post_text(body, sent_headers, outlet);
  }
  Answered post_text(const std::string& body, const mcp::HeaderList& sent_headers, RecordingOutlet& outlet) {
    server->post({credential, url_mode, &sent_headers}, body, outlet);
    Answered out;
    out.status = outlet.last().status;
    out.text = outlet.last().body;
    out.session_id = outlet.last().session_id;
    out.retry_after = outlet.last().retry_after_seconds;
    if (!out.text.empty()) out.body = Json::parse(out.text);
    out.sent = outlet.sent();
    return out;
  }
  Answered post(const Json& body) { return post_text(body.dump(), headers); }
  Answered post(const Json& body, const mcp::HeaderList& more) {
    mcp::HeaderList all = headers;
    all.insert(all.end(), more.begin(), more.end());
    return post_text(body.dump(), all);
  }

  static Json request(const std::string& method, Json params = Json::object(), Json id = 1) {
    return {{"jsonrpc", "2.0"}, {"id", std::move(id)}, {"method", method}, {"params", std::move(params)}};
  }
  static Json envelope(Json capabilities = Json::object()) {
    return {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
            {"io.modelcontextprotocol/clientCapabilities", std::move(capabilities)},
            {"io.modelcontextprotocol/clientInfo", {{"name", "probe"}, {"version", "0"}}}};
  }
  static mcp::HeaderList modern_headers(const std::string& method, const std::string& name = {}) {
    mcp::HeaderList out{{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", method}};
    if (!name.empty()) out.emplace_back("Mcp-Name", name);
    return out;
  }

  // ---- legacy ---------------------------------------------------------------------------------------
  Answered initialize(const std::string& version = "2025-11-25", Json capabilities = Json::object()) {
    return post(request("initialize", {{"protocolVersion", version},
                                       {"capabilities", std::move(capabilities)},
                                       {"clientInfo", {{"name", "tester"}, {"version", "9"}}}}));
  }
  /// A session whose id goes with every later post.
  std::string open_session(const std::string& version = "2025-11-25", Json capabilities = Json::object()) {
    headers.clear();
    const std::string id = initialize(version, std::move(capabilities)).session_id;
    headers = {{"Mcp-Session-Id", id}};
    return id;
  }
  Answered legacy(const std::string& method, Json params = Json::object()) {
    return post(request(method, std::move(params)));
  }
  Answered call(const std::string& tool, Json arguments = Json::object(), Json meta = nullptr) {
    Json params{{"name", tool}, {"arguments", std::move(arguments)}};
    if (!meta.is_null()) params["_meta"] = std::move(meta);
    return legacy("tools/call", std::move(params));
  }

  // ---- modern ---------------------------------------------------------------------------------------
  Answered modern(const std::string& method, Json params = Json::object(), Json capabilities = Json::object(),
                  RecordingOutlet* outlet = nullptr) {
    std::string name;
    for (const char* member : {"name", "uri"}) {
      if (method == "tools/call" || method == "prompts/get" || method == "resources/read") {
        if (name.empty()) name = json::get_string(params, member);
      }
    }
    Json meta = envelope(std::move(capabilities));
    if (params.contains("_meta")) meta.update(params["_meta"]);
    params["_meta"] = std::move(meta);
    RecordingOutlet own;
    return post_text(request(method, std::move(params)).dump(), modern_headers(method, name), outlet ? *outlet : own);
  }
  Answered modern_call(const std::string& tool, Json arguments = Json::object(), Json capabilities = Json::object()) {
    return modern("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}}, std::move(capabilities));
  }
};

}  // namespace patchbay::testing_support
