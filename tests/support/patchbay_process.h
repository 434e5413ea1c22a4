#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "patchbay/http/client.h"
#include "patchbay/json/json.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"
#include "support/patience.h"

namespace patchbay::testing_support {

/// The built program under test, with a home of its own.
inline std::string patchbay_binary() { return os::join(os::parent_of(os::self_executable()), "patchbay"); }

/// One `patchbay start`. Killed when destroyed; turns it started are the test's to stop.
class PatchbayProcess {
 public:
  PatchbayProcess(std::string home, os::Environment env) : home_(std::move(home)), env_(std::move(env)) {
    env_["PATCHBAY_HOME"] = home_;
    if (!env_.contains("PATH")) env_["PATH"] = "/usr/local/bin:/usr/bin:/bin";
  }
  ~PatchbayProcess() {
    if (child_.running()) kill9();
  }

  /// Starts on a free port, or the given one, and waits until it serves.
  void start(std::vector<std::string> flags, int port = 0) {
    const std::string ready = os::join(home_, "ready-" + std::to_string(++starts_));
    (void)os::make_private_dirs(home_);
    (void)os::remove_file(ready);
    std::vector<std::string> argv = {patchbay_binary(), "start", "--port", std::to_string(port), "--ready-file", ready};
    argv.insert(argv.end(), flags.begin(), flags.end());
    os::SpawnOptions spawn{.argv = argv};
    spawn.env = env_;
    spawn.stderr_fd = 2;
    auto child = os::Child::spawn(spawn);
    ASSERT_TRUE(child.ok()) << child.error().message;
    child_ = std::move(*child);
    bool ended = false;
    EXPECT_TRUE(eventually([&] { return (ended = child_.try_wait().has_value()) || os::exists(ready); }));
    ASSERT_FALSE(ended) << "patchbay start ended";
    const auto text = os::read_file(ready);
    ASSERT_TRUE(text.ok()) << "not ready in time";
    const Json j = *json::parse(*text);
    url_ = json::get_string(j, "url");
    if (url_.empty()) url_ = json::get_string(j, "http_url");
    const std::size_t colon = url_.rfind(':');
    port_ = std::atoi(url_.c_str() + colon + 1);
    ASSERT_GT(port_, 0) << *text;
  }

  void kill9() {
    (void)child_.signal(SIGKILL);
    child_.wait();
  }
  os::ExitStatus stop(int signo = SIGTERM) {
    (void)child_.signal(signo);
    return child_.wait();
  }

  int port() const { return port_; }
  const std::string& home() const { return home_; }
  const os::Environment& env() const { return env_; }
  pid_t pid() const { return child_.pid(); }

 private:
  std::string home_;
  os::Environment env_;
  os::Child child_;
  std::string url_;
  int port_ = 0;
  int starts_ = 0;
};

/// An MCP client over HTTP with the 2025-11-25 handshake: one conversation.
class McpClient {
 public:
  explicit McpClient(int port, std::string name = "test") : http_({.port = port}), name_(std::move(name)) {
    handshake();
  }

  /// The whole CallToolResult.
  Json call_raw(const std::string& tool, const Json& arguments) {
    const Json reply = request("tools/call", {{"name", tool}, {"arguments", arguments}});
    const Json* result = json::find(reply, "result");
    EXPECT_NE(result, nullptr) << tool << ": " << json::dump(reply);
    return result == nullptr ? Json::object() : *result;
  }
  /// structuredContent; the call must not be an error.
  Json call(const std::string& tool, const Json& arguments = Json::object()) {
    const Json result = call_raw(tool, arguments);
    EXPECT_FALSE(json::get_bool(result, "isError")) << tool << ": " << json::dump(result);
    const Json* structured = json::find(result, "structuredContent");
    return structured == nullptr ? Json::object() : *structured;
  }
  /// Code of an isError result, empty when it is none.
  std::string call_error(const std::string& tool, const Json& arguments) {
    const Json result = call_raw(tool, arguments);
    if (!json::get_bool(result, "isError")) return {};
    const std::string text = json::get_string(result["content"][0], "text");
    const std::size_t line = text.rfind('\n');
    const auto parsed = json::parse(text.substr(line + 1));
    return parsed ? json::get_string((*parsed)["error"], "code") : text;
  }

  /// Waits until the worker has no active turn; gives its inspect reply.
  Json wait_for(const std::string& worker) {
    Json view;
    for (int i = 0; i < 20; ++i) {
      view = call("codex_worker_inspect", {{"worker", worker}, {"wait_seconds", 20}});
      const std::string state = json::get_string(view, "state");
      if (state != "starting" && state != "working") return view;
    }
    ADD_FAILURE() << "the worker did not finish: " << json::dump(view);
    return view;
  }

  Json request(const std::string& method, const Json& params) {
    const Json message = {{"jsonrpc", "2.0"}, {"id", ++id_}, {"method", method}, {"params", params}};
    const auto reply = post(message);
    EXPECT_TRUE(reply.ok()) << (reply.ok() ? "" : reply.error().message);
    if (!reply) return Json::object();
    return last_message(reply->body);
  }

 private:
  static Json last_message(const std::string& body) {
    std::string text = body;
    if (const std::size_t data = body.rfind("data: "); body.find("event: ") != std::string::npos) {
      text = body.substr(data + 6, body.find('\n', data) - data - 6);
    }
    const auto parsed = json::parse(text, {.max_depth = 128, .max_members = 100'000, .max_nodes = 1'000'000});
    EXPECT_TRUE(parsed.ok()) << body;
    return parsed ? *parsed : Json::object();
  }

  Result<http::ClientResponse> post(const Json& message) {
    std::vector<http::Header> headers = {{"Accept", "application/json, text/event-stream"}};
    if (!session_.empty()) headers.emplace_back("Mcp-Session-Id", session_);
    return http_.post("/mcp", json::dump(message), headers);
  }

  void handshake() {
    const Json init = {{"jsonrpc", "2.0"},
                       {"id", 0},
                       {"method", "initialize"},
                       {"params",
                        {{"protocolVersion", "2025-11-25"},
                         {"capabilities", Json::object()},
                         {"clientInfo", {{"name", name_}, {"version", "1"}}}}}};
    const auto reply = post(init);
    ASSERT_TRUE(reply.ok()) << reply.error().message;
    ASSERT_EQ(reply->status, 200) << reply->body;
    session_ = std::string(reply->header("Mcp-Session-Id").value_or(""));
    ASSERT_FALSE(session_.empty());
    (void)post({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
  }

  http::Client http_;
  std::string name_, session_;
  int id_ = 0;
};

/// A git repository with one commit, made with the git program.
class TestRepository {
 public:
  explicit TestRepository(std::string path) : path_(std::move(path)) {
    (void)os::make_private_dirs(path_);
    git("init -q -b main");
    write("README.md", "# Example\n");
    git("add -A");
    git("-c user.name=T -c user.email=t@example.invalid commit -q -m first");
  }

  std::string git(const std::string& command) const { return sh("git " + command); }
  std::string sh(const std::string& command) const {
    os::SpawnOptions spawn{.argv = {"/bin/sh", "-c", command}};
    spawn.cwd = path_;
    const auto r = os::run(spawn, "", testing_support::end_of_patience());
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r->status.code, 0) << command << ": " << r->err;
    return r->out;
  }
  void write(const std::string& name, const std::string& content) const {
    (void)os::make_private_dirs(os::parent_of(os::join(path_, name)));
    ASSERT_TRUE(os::write_file_atomic(os::join(path_, name), content, 0644).ok());
  }
  std::string read(const std::string& name) const {
    const auto text = os::read_file(os::join(path_, name));
    return text ? *text : "<missing>";
  }
  void commit(const std::string& message) const {
    git("add -A");
    git("-c user.name=T -c user.email=t@example.invalid commit -q -m '" + message + "'");
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace patchbay::testing_support
