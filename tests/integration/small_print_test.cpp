// Settings and flags whose effect nobody else looks at: the access log, names of query tokens, the desktop, the paths a
// job may name, and who hears of its end.

#include "integration/fixture.h"

namespace patchbay::integration {
namespace {

using testing::ElementsAre;

class SmallPrintTest : public Integration {
 protected:
  std::string audit_log() const {
    const auto text = os::read_file(dir_.path("home/runtime/logs/audit.log"));
    return text ? *text : std::string();
  }
  void put_program(const std::string& name, const std::string& script) {
    ASSERT_TRUE(os::make_private_dirs(dir_.path("bin")).ok());
    ASSERT_TRUE(os::write_file_atomic(dir_.path("bin/" + name), "#!/bin/sh\n" + script + "\n", 0700).ok());
    env_["PATH"] = dir_.path("bin") + ":/usr/local/bin:/usr/bin:/bin";
  }
};

TEST_F(SmallPrintTest, AccessLogHasALinePerRequestWithoutItsQuery) {
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  use_config("logging:\n  access_log: true\n  level: info\n");
  const auto owner = start_noting();
  http::Client http({.port = port_});
  EXPECT_EQ(http.get("/status?patchbay_token=canary-token-0123456789abcdef")->status, 200);
  EXPECT_EQ(http.get("/status?patchbay_token=wrong")->status, 401);
  EXPECT_EQ(http.get("/health", {{"User-Agent", "patchbay-watchdog"}})->status, 200);
  EXPECT_TRUE(eventually([&] { return said().find("GET /status from 127.0.0.1: taken up") != std::string::npos; }))
      << said();
  EXPECT_THAT(said(), HasSubstr("GET /status from 127.0.0.1: 401"));
  EXPECT_THAT(said(), Not(HasSubstr("canary")));
  EXPECT_THAT(said(), Not(HasSubstr("patchbay_token")));
  EXPECT_THAT(said(), Not(HasSubstr("/health"))) << "the owner looks after itself all the time";
}

TEST_F(SmallPrintTest, RequestsAreNotLoggedUnasked) {
  const auto owner = start_noting();
  http::Client http({.port = port_});
  EXPECT_EQ(http.get("/status")->status, 200);
  EXPECT_THAT(said(), Not(HasSubstr("GET /status")));
}

TEST_F(SmallPrintTest, ConfiguredNameOfTheQueryTokenOpensAndIsHiddenEverywhere) {
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  use_config("auth:\n  query_token_names: [bay_pass]\n");
  const auto owner = start_noting({"--json"});
  http::Client http({.port = port_});
  EXPECT_EQ(http.get("/status?bay_pass=canary-token-0123456789abcdef")->status, 200);
  EXPECT_EQ(http.get("/status?patchbay_token=canary-token-0123456789abcdef")->status, 401);
  const Json printed = *json::parse(run({"start", "--print-only", "--json"}).out);
  EXPECT_THAT(json::get_string(printed["connection"], "server_url"), HasSubstr("?bay_pass=%3Credacted%3E"));
  // A value under that name is a secret of somebody, wherever it turns up.
  const auto named = http.post("/mcp?bay_pass=canary-token-0123456789abcdef",
                               R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"codex_worker_stop",)"
                               R"("arguments":{"worker":"https://x.example/mcp?bay_pass=zebra-77"},"_meta":{)"
                               R"("io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                               R"("io.modelcontextprotocol/clientCapabilities":{},)"
                               R"("io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}}})",
                               {{"Accept", "application/json, text/event-stream"},
                                {"MCP-Protocol-Version", "2026-07-28"},
                                {"Mcp-Method", "tools/call"},
                                {"Mcp-Name", "codex_worker_stop"}});
  ASSERT_TRUE(named.ok());
  ASSERT_EQ(named->status, 200) << named->body;
  EXPECT_TRUE(eventually([&] { return audit_log().find("codex_worker_stop") != std::string::npos; })) << named->body;
  EXPECT_THAT(audit_log(), Not(HasSubstr("zebra-77")));
  EXPECT_THAT(named->body, Not(HasSubstr("zebra-77")));
}

// A client without a session that lost the first answer has only the handle of the second one.
TEST_F(SmallPrintTest, HandleOfARepeatedStartOwnsTheWorkerLikeThatOfTheFirst) {  // B8, Q5
  const auto owner = start();
  http::Client http({.port = owner->port()});
  const auto call = [&](const std::string& tool, const Json& arguments) {
    const Json body{{"jsonrpc", "2.0"},
                    {"id", 1},
                    {"method", "tools/call"},
                    {"params", {{"name", tool}, {"arguments", arguments}}}};
    const auto reply = http.post("/mcp", json::dump(body), {{"Accept", "application/json"}});
    const auto parsed = reply ? json::parse(reply->body) : Result<Json>(Json::object());
    return parsed ? (*parsed)["result"]["structuredContent"] : Json::object();
  };
  const Json arguments{{"name", "Twice"}, {"brief", "Do it."}, {"workspace_mode", "read_only"}};
  const Json first = call("codex_worker_start", arguments), second = call("codex_worker_start", arguments);
  ASSERT_TRUE(json::get_bool(second, "deduplicated")) << json::dump(second);
  EXPECT_TRUE(json::get_bool(second, "owned_by_current_client"));
  for (const Json& start : {first, second}) {
    const Json seen = call("codex_worker_inspect", {{"worker", "Twice"}, {"handle", start["handle"]}});
    EXPECT_TRUE(json::get_bool(seen, "owned_by_current_client")) << json::dump(seen);
  }
  const Json stranger = call("codex_self_test", Json::object());
  const Json seen = call("codex_worker_inspect", {{"worker", "Twice"}, {"handle", stranger["handle"]}});
  EXPECT_FALSE(json::get_bool(seen, "owned_by_current_client", true)) << json::dump(seen);
}

TEST_F(SmallPrintTest, CopyUrlGivesTheWholeUrlToTheClipboardAndToNobodyElse) {  // cli.md 5.4
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  put_program("wl-copy", "exec cat > '" + dir_.path("clipboard") + "'");
  const auto owner = start_noting({"--copy-url"});
  ASSERT_TRUE(eventually([&] {
    const auto text = os::read_file(dir_.path("clipboard"));
    return text && !text->empty();
  }));
  EXPECT_EQ(*os::read_file(dir_.path("clipboard")),
            "http://127.0.0.1:" + std::to_string(port_) + "/mcp?patchbay_token=canary-token-0123456789abcdef");
  EXPECT_THAT(said(), Not(HasSubstr("canary")));
}

TEST_F(SmallPrintTest, ClipboardThatDoesNotWorkIsToldAndTheOwnerServes) {
  put_program("wl-copy", "exit 1");
  const auto owner = start_noting({"--copy-url"});
  EXPECT_TRUE(
      eventually([&] { return said().find("--copy-url: wl-copy did not take the text") != std::string::npos; }));
  http::Client http({.port = port_});
  EXPECT_EQ(http.get("/health")->status, 200);
}

TEST_F(SmallPrintTest, OpenChatgptOpensTheConnectorSettings) {
  put_program("xdg-open", "printf %s \"$1\" > '" + dir_.path("opened") + "'");
  const auto owner = start_noting({"--open-chatgpt"});
  EXPECT_TRUE(eventually([&] {
    const auto text = os::read_file(dir_.path("opened"));
    return text && text->starts_with("https://chatgpt.com/") && text->find("onnectors") != std::string::npos;
  }));
}

TEST_F(SmallPrintTest, DesktopWithoutAnyHelperIsToldAndTheOwnerServes) {
  ASSERT_TRUE(os::make_private_dirs(dir_.path("bin")).ok());
  env_["PATH"] = dir_.path("bin");
  const auto owner = start_noting({"--copy-url", "--open-chatgpt"});
  EXPECT_TRUE(eventually([&] { return said().find("--open-chatgpt: ") != std::string::npos; })) << said();
  EXPECT_THAT(said(), HasSubstr("--copy-url: no clipboard helper is installed"));
}

/// Images and folders that a job names.
class NamedPathsTest : public SmallPrintTest {
 protected:
  void SetUp() override {
    repo_.write("picture.png", "not really\n");
    repo_.write("a,b.png", "not really\n");
    repo_.write("sub/file.txt", "text\n");
    ASSERT_EQ(::symlink("/etc/passwd", (repo_.path() + "/link.png").c_str()), 0);
    ASSERT_EQ(::mkfifo((repo_.path() + "/pipe.png").c_str(), 0600), 0);
    const std::string config = dir_.path("config.yaml");
    ASSERT_TRUE(os::write_file_atomic(config, "app:\n  tool_mode: full\nrepositories:\n  default: " + repo_.path() +
                                                  "\n  allowed: [" + repo_.path() + ", " + dir_.path("home") +
                                                  "]\ncodex:\n  executable: " + support::FakeCodex::program() + "\n")
                    .ok());
    ASSERT_TRUE(os::make_private_dirs(dir_.path("home")).ok());
    env_["PATCHBAY_CONFIG"] = config;
    owner_ = std::make_unique<PatchbayProcess>(dir_.path("home"), env_);
    owner_->start({});
  }
  std::string refused(McpClient& client, const Json& more) {
    Json arguments{{"spec", "Look."}};
    arguments.update(more);
    return client.call_error("codex_plan_job", arguments);
  }
  static Json images(const std::string& path) { return {{"images", Json::array({path})}}; }
  static Json folders(const std::string& path) { return {{"add_dirs", Json::array({path})}}; }

  std::unique_ptr<PatchbayProcess> owner_;
};

TEST_F(NamedPathsTest, ImagesAreRegularFilesInsideTheRootsAndNoneOfOurs) {  // SEC:C3
  McpClient client(owner_->port());
  EXPECT_EQ(refused(client, images("/etc/shadow")), "root_not_allowed");
  EXPECT_EQ(refused(client, images("../config.yaml")), "root_not_allowed");
  EXPECT_EQ(refused(client, images("link.png")), "root_not_allowed");
  EXPECT_EQ(refused(client, images(dir_.path("home/ref_salt"))), "path_blocked");
  EXPECT_EQ(refused(client, images("gone.png")), "not_found");
  EXPECT_EQ(refused(client, images("sub")), "invalid_argument");
  EXPECT_EQ(refused(client, images("pipe.png")), "invalid_argument");
  EXPECT_EQ(refused(client, images("a,b.png")), "invalid_argument");
  EXPECT_EQ(refused(client, {{"images", "picture.png"}}), "invalid_argument");
  EXPECT_TRUE(codex_.calls().empty()) << "a refused job was started";
}

TEST_F(NamedPathsTest, FurtherFoldersAreFoldersInsideTheRootsAndNoneOfOurs) {  // SEC:C3
  McpClient client(owner_->port());
  EXPECT_EQ(refused(client, folders("/")), "root_not_allowed");
  EXPECT_EQ(refused(client, folders("..")), "root_not_allowed");
  EXPECT_EQ(refused(client, folders(dir_.path("home/run"))), "path_blocked");
  EXPECT_EQ(refused(client, folders("gone")), "not_found");
  EXPECT_EQ(refused(client, folders("picture.png")), "invalid_argument");
  EXPECT_TRUE(codex_.calls().empty()) << "a refused job was started";
}

TEST_F(NamedPathsTest, WhatIsAllowedReachesCodexWithItsWholePath) {
  McpClient client(owner_->port());
  EXPECT_EQ(refused(client, {{"images", {"picture.png"}}, {"add_dirs", {"sub"}}}), "");
  ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
  std::vector<std::string> argv;
  const Json called = codex_.calls().back();
  for (const Json& word : called["argv"]) argv.push_back(word.get<std::string>());
  EXPECT_THAT(argv, testing::Contains(repo_.path() + "/picture.png"));
  EXPECT_THAT(argv, testing::Contains(repo_.path() + "/sub"));
}

TEST_F(NamedPathsTest, HostThatReadsAJobHearsOfItsEnd) {  // B6
  codex_.script("thread\nturn\nwait-file " + dir_.path("go-on") + "\nreport Done.\ndone\n");
  const auto one = host();
  one->handshake();
  const std::string id = json::get_string(one->call("codex_plan_job", {{"spec", "Look."}}), "job_id");
  ASSERT_FALSE(id.empty());
  const std::string uri = "patchbay://job/" + id;
  ASSERT_NE(json::find(one->request("resources/subscribe", {{"uri", uri}}), "result"), nullptr);
  ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
  const auto state = [&] {
    const Json read = one->request("resources/read", {{"uri", uri}});
    return json::get_string(*json::parse(json::get_string(read["result"]["contents"][0], "text")), "state");
  };
  ASSERT_EQ(state(), "running");
  ASSERT_TRUE(os::write_file_atomic(dir_.path("go-on"), "").ok());
  for (std::string seen = "running"; seen == "running"; seen = state()) {
    const Json told = one->notification();
    ASSERT_FALSE(told.is_null()) << "nobody told of the end";
    EXPECT_EQ(json::get_string(told, "method"), "notifications/resources/updated");
    EXPECT_EQ(json::get_string(told["params"], "uri"), uri);
  }
  EXPECT_EQ(state(), "completed");
}

}  // namespace
}  // namespace patchbay::integration
