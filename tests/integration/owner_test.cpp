// One owner per home: start, handover, end (design.md 3, SEC:S14, F8, F9).

#include "integration/fixture.h"
#include "support/patience.h"

namespace patchbay::integration {
namespace {

using OwnerTest = Integration;

constexpr char kLongTurn[] = "thread\nturn\nmessage still at it\nsleep 120\n";

Json start_arguments(const std::string& name) {
  return {{"name", name}, {"brief", "Wait."}, {"workspace_mode", "read_only"}};
}

TEST_F(OwnerTest, StartServesToolsAndPages) {
  const auto owner = start();
  McpClient client(owner->port());
  const Json listed = client.request("tools/list", Json::object());
  EXPECT_EQ(json::get_string(listed["result"]["tools"][0], "name"), "codex_self_test");
  EXPECT_GE(listed["result"]["tools"].size(), 8u);

  http::Client http({.port = owner->port()});
  const Json root = *json::parse(http.get("/")->body);
  EXPECT_EQ(json::get_string(root, "name"), "patchbay");
  EXPECT_EQ(json::get_string(root, "transport"), "streamable-http");
  EXPECT_EQ(json::get_string(root, "status"), "running");
  EXPECT_EQ(json::get_int(root, "active_sessions"), 1);
  EXPECT_NE(json::get_string(root, "instance"), "");
  const Json status = *json::parse(http.get("/status")->body);
  EXPECT_EQ(json::get_string(status, "server"), "healthy");
  EXPECT_EQ(json::get_int(status["jobs"], "total", -1), 0);
  EXPECT_EQ(json::get_int(status["jobs"], "cancelled", -1), 0);
  EXPECT_EQ(http.get("/health")->body, R"({"status":"ok"})");
}

TEST_F(OwnerTest, ForeignHostAndOriginAreRefused) {  // X2, X3
  const auto owner = start();
  http::Client http({.port = owner->port()});
  EXPECT_EQ(http.get("/", {{"Host", "evil.example"}})->status, 403);
  EXPECT_EQ(http.post("/mcp", "{}", {{"Origin", "https://evil.example"}})->status, 403);
}

TEST_F(OwnerTest, TokenIsDemandedOnEveryRouteButHealth) {  // SEC:A8
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  const auto owner = start();
  http::Client http({.port = owner->port()});
  EXPECT_EQ(http.get("/")->status, 401);
  EXPECT_EQ(http.get("/status")->status, 401);
  EXPECT_EQ(http.post("/mcp", "{}")->status, 401);
  EXPECT_EQ(http.get("/health")->status, 200);
  EXPECT_EQ(http.get("/", {{"Authorization", "Bearer canary-token-0123456789abcdef"}})->status, 200);
  EXPECT_EQ(http.get("/?patchbay_token=canary-token-0123456789abcdef")->status, 200);
}

TEST_F(OwnerTest, HostOfThePublicAddressIsServedWithAToken) {  // SEC:H1, X2, X3
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  const auto owner = start({"--public-base-url", "https://bay.example.org/path/"});
  http::Client http({.port = owner->port()});
  const http::Header token{"Authorization", "Bearer canary-token-0123456789abcdef"};
  EXPECT_EQ(http.get("/", {{"Host", "bay.example.org"}})->status, 401);
  EXPECT_EQ(http.get("/", {{"Host", "bay.example.org"}, token})->status, 200);
  EXPECT_EQ(http.get("/", {{"Host", "other.example.org"}, token})->status, 403);
  EXPECT_NE(http.get("/", {{"Origin", "https://chatgpt.com"}, token})->status, 403);
  EXPECT_EQ(http.get("/", {{"Origin", "https://evil.example"}, token})->status, 403);
}

TEST_F(OwnerTest, ChildrenDoNotHoldTheTokens) {
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  env_["MY_OWN_TOKEN"] = "canary-other-0123456789abcdef";
  use_config("auth:\n  token_env: MY_OWN_TOKEN\nsecurity:\n  allowed_env_keys: ['*']\n");
  const auto owner = start();
  http::Client http({.port = owner->port()});
  EXPECT_EQ(http.get("/", {{"Authorization", "Bearer canary-other-0123456789abcdef"}})->status, 200);
  StdioHost host({testing_support::patchbay_binary(), "stdio"}, env_, repo_.path());
  host.handshake();
  host.call("codex_git_status");
  const auto started = os::descendants(owner->pid());
  ASSERT_FALSE(started.empty());
  for (const pid_t child : started) {
    const auto environment = os::read_file("/proc/" + std::to_string(child) + "/environ");
    EXPECT_THAT(environment ? *environment : "", Not(HasSubstr("canary-")));
  }
}

TEST_F(OwnerTest, ConnectionTestOffersNothingThatWorks) {
  const auto owner = start({"--connection-test"});
  McpClient client(owner->port());
  std::vector<std::string> names;
  const Json listed = client.request("tools/list", Json::object());
  for (const Json& tool : listed["result"]["tools"]) names.push_back(json::get_string(tool, "name"));
  EXPECT_THAT(names, testing::Contains("codex_self_test"));
  EXPECT_THAT(names, testing::Contains("codex_open_workspace"));
  EXPECT_LE(names.size(), 4u);
}

TEST_F(OwnerTest, RuntimeStatusFileSaysWhatRunsAndThatItEnded) {
  const auto status = [&] {
    for (const std::string& name : names_in(dir_.path("home/runtime"))) {
      if (name.ends_with(".json")) return *json::parse(*os::read_file(dir_.path("home/runtime/" + name)));
    }
    return Json::object();
  };
  const auto owner = start();
  EXPECT_EQ(json::get_string(status(), "state"), "ready");
  EXPECT_EQ(json::get_int(status(), "pid"), owner->pid());
  EXPECT_EQ(json::get_int(status(), "port"), owner->port());
  EXPECT_EQ(json::get_string(status(), "root"), repo_.path());
  owner->stop();
  EXPECT_EQ(json::get_string(status(), "state"), "stopped");
}

TEST_F(OwnerTest, HangupReadsTheTokenAgain) {  // SEC:A6
  const std::string token_file = dir_.path("token");
  ASSERT_TRUE(os::write_file_atomic(token_file, "first-token-0123456789abcdef").ok());
  use_config("auth:\n  enabled: true\n  token_file: " + token_file + "\n");
  PatchbayProcess owner(dir_.path("home"), env_);
  owner.start({});
  http::Client http({.port = owner.port()});
  EXPECT_EQ(http.get("/", {{"Authorization", "Bearer first-token-0123456789abcdef"}})->status, 200);
  ASSERT_TRUE(os::write_file_atomic(token_file, "second-token-0123456789abcdef").ok());
  ::kill(owner.pid(), SIGHUP);
  EXPECT_TRUE(eventually([&] {
    return http.get("/", {{"Authorization", "Bearer second-token-0123456789abcdef"}})->status == 200;
  }));
  EXPECT_EQ(http.get("/", {{"Authorization", "Bearer first-token-0123456789abcdef"}})->status, 401);
}

TEST_F(OwnerTest, PortInUseIsRefused) {  // SEC:F8
  const auto owner = start();
  env_["PATCHBAY_HOME"] = dir_.path("home2");
  const Finished done = run({"start", "--root", repo_.path(), "--port", std::to_string(owner->port())});
  EXPECT_EQ(done.code, 69);
  EXPECT_THAT(done.err, HasSubstr(std::to_string(owner->port())));
  env_["PATCHBAY_HOME"] = dir_.path("home");
}

TEST_F(OwnerTest, SecondOwnerOfAHomeIsRefusedWithPidAndPort) {  // SEC:F9
  const auto owner = start();
  const Finished done = run({"start", "--root", repo_.path(), "--port", "0"});
  EXPECT_EQ(done.code, 75);
  EXPECT_THAT(done.err, HasSubstr("pid " + std::to_string(owner->pid())));
  EXPECT_THAT(done.err, HasSubstr(":" + std::to_string(owner->port())));
  http::Client http({.port = owner->port()});
  EXPECT_EQ(http.get("/health")->status, 200);
}

TEST_F(OwnerTest, EndSignalLeavesTurnsRunningAndSaysSo) {  // SEC:S14
  codex_.script(kLongTurn);
  std::string said;
  Json worker;
  {
    const auto pipe = os::make_pipe();
    const std::string ready = dir_.path("ready");
    os::SpawnOptions spawn{.argv = {testing_support::patchbay_binary(), "start", "--port", "0", "--root", repo_.path(),
                                    "--codex", support::FakeCodex::program(), "--ready-file", ready},
                           .env = env_};
    spawn.stderr_fd = pipe->write.get();
    os::Child owner = std::move(*os::Child::spawn(spawn));
    ASSERT_TRUE(eventually([&] { return os::exists(ready); }));
    McpClient client(static_cast<int>(json::get_int(*json::parse(*os::read_file(ready)), "port")));
    worker = client.call("codex_worker_start", start_arguments("Sleeper"));
    ASSERT_TRUE(json::get_bool(worker, "accepted"));
    ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
    ASSERT_TRUE(owner.signal(SIGTERM).ok());
    const auto status = owner.wait_until(testing_support::end_of_patience());
    ASSERT_TRUE(status.has_value());
    EXPECT_FALSE(status->signalled);
    EXPECT_EQ(status->code, 0);
    said = *os::read_some(pipe->read.get(), 1u << 20);
  }
  EXPECT_THAT(said, HasSubstr("1 turn goes on"));
  const Json call = codex_.calls().back();
  EXPECT_EQ(::kill(static_cast<pid_t>(json::get_int(call, "pid")), 0), 0) << "the turn ended with its owner";

  const auto next = start();
  McpClient client(next->port());
  const Json seen =
      client.call("codex_worker_inspect", {{"worker", json::get_string(worker, "worker_id")}, {"view", "status"}});
  EXPECT_EQ(json::get_string(seen, "state"), "working");
}

// A service manager or a script may close them all; the next file that is opened would take their place.
TEST_F(OwnerTest, ClosedStandardStreamsAreNotTakenForFiles) {
  const std::string ready = dir_.path("ready"), lock = dir_.path("home/run/owner.lock");
  os::SpawnOptions spawn{
      .argv = {"/bin/sh", "-c", "exec \"$0\" \"$@\" <&- >&- 2>&-", testing_support::patchbay_binary(), "start",
               "--port", "0", "--root", repo_.path(), "--codex", support::FakeCodex::program(), "--ready-file", ready},
      .env = env_};
  os::Child owner = std::move(*os::Child::spawn(spawn));
  ASSERT_TRUE(eventually([&] { return os::exists(ready); }));
  for (const char* fd : {"0", "1", "2"}) {
    const auto file = os::real_path("/proc/" + std::to_string(owner.pid()) + "/fd/" + fd);
    EXPECT_EQ(file ? *file : "?", "/dev/null") << fd;
  }
  const std::string before = *os::read_file(lock);
  ASSERT_TRUE(owner.signal(SIGTERM).ok());
  ASSERT_TRUE(owner.wait_until(testing_support::end_of_patience()).has_value());
  EXPECT_EQ(*os::read_file(lock), before) << "the last words of the log went into the lock";
}

TEST_F(OwnerTest, StopCountsTheTurnsThatGoOnAndStopsThemWhenAsked) {
  codex_.script(kLongTurn);
  auto owner = start();
  {
    McpClient client(owner->port());
    ASSERT_TRUE(json::get_bool(client.call("codex_worker_start", start_arguments("Sleeper")), "accepted"));
    ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
  }
  const Finished left = run({"stop"});
  EXPECT_EQ(left.code, 0) << left.err;
  EXPECT_THAT(left.out, HasSubstr("1 turn goes on"));
  EXPECT_EQ(owner_pid(), 0);

  owner = start();
  const Finished ended = run({"stop", "--turns"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("1 turn was stopped"));
  const pid_t turn = static_cast<pid_t>(json::get_int(codex_.calls().back(), "pid"));
  EXPECT_TRUE(eventually([&] { return ::kill(turn, 0) != 0; })) << "the turn still runs";
}

TEST_F(OwnerTest, EveryFileOfTheHomeIsPrivate) {  // SEC:A12
  const auto owner = start();
  McpClient client(owner->port());
  ASSERT_TRUE(json::get_bool(client.call("codex_worker_start", start_arguments("Quick")), "accepted"));
  client.wait_for("Quick");
  const std::string open = repo_.sh("find " + dir_.path("home") + " -perm /077 ! -type l");
  EXPECT_EQ(open, "");
}

TEST_F(OwnerTest, CallsLeaveLinesInTheAuditLog) {  // SEC:R3
  const auto owner = start();
  McpClient client(owner->port());
  ASSERT_TRUE(json::get_bool(client.call("codex_worker_start", start_arguments("Quick")), "accepted"));
  client.wait_for("Quick");
  const std::string log = *os::read_file(dir_.path("home/runtime/logs/audit.log"));
  EXPECT_THAT(log, HasSubstr(R"("event":"begin")"));
  EXPECT_THAT(log, HasSubstr(R"("event":"end")"));
  EXPECT_THAT(log, HasSubstr(R"("tool":"codex_worker_start")"));
  EXPECT_THAT(log, HasSubstr(R"("tool":"codex_worker_inspect")"));
  EXPECT_THAT(log, HasSubstr(R"("workspace_id":"ws_)"));
  ASSERT_EQ(run({"stop"}).code, 0);
  EXPECT_THAT(*os::read_file(dir_.path("home/runtime/logs/audit.log")), HasSubstr(R"("control":"stop")"));
}

}  // namespace
}  // namespace patchbay::integration
