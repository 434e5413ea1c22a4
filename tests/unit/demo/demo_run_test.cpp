#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <sstream>
#include <thread>

#include "patchbay/base/guarded.h"
#include "patchbay/demo/demo.h"
#include "patchbay/http/server.h"
#include "patchbay/json/json.h"
#include "patchbay/os/file.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::demo {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Plays PatchBay's tools: one worker that finishes on the third look. `program` stands for `patchbay start`:
/// it says where this server is, notes its root, and waits to be ended.
class DemoRunTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server = std::move(http::Server::start({.handler = [this](http::Exchange& e) { serve(e); }})).value();
    ASSERT_TRUE(os::make_private_dirs(dir.path("demo")).ok());
    ASSERT_TRUE(os::make_private_dirs(dir.path("bin")).ok());
    options.folder = dir.path("demo");
    options.program = script("patchbay", "echo log line of the owner\necho \"$3\" > " + dir.path("root") +
                                             "\necho \"$9\" > " + dir.path("codex") + "\nenv > " + dir.path("env") +
                                             "\necho '{\"port\":" + std::to_string(server->port()) +
                                             "}' > \"$7.new\"\nmv \"$7.new\" \"$7\"\nexec sleep 60");
    options.codex = script("codex", "echo codex-cli 9.9.9");
  }

  std::string script(const std::string& name, const std::string& body) {
    const std::string path = dir.path("bin/" + name);
    EXPECT_TRUE(os::write_file_atomic(path, "#!/bin/sh\n" + body + "\n", 0755).ok());
    return path;
  }

  int run() {
    std::ostringstream out;
    const int status = run_demo(options, out);
    output = out.str();
    // Whatever happened: nothing is left behind.
    EXPECT_THAT(*os::list_dir(options.folder), IsEmpty());
    return status;
  }

  void serve(http::Exchange& exchange) {
    const auto message = json::parse(exchange.request().body);
    if (exchange.request().method == "DELETE") return exchange.reply({204, {}, {}});
    if (!message || json::find(*message, "id") == nullptr) return exchange.reply({202, {}, {}});
    const std::string method = json::get_string(*message, "method");
    const Json* params = json::find(*message, "params");
    Json result;
    if (method == "initialize") {
      result = {{"protocolVersion", "2025-11-25"}, {"serverInfo", {{"name", "patchbay"}, {"version", "1"}}}};
    } else if (method == "tools/list") {
      result = {{"tools", Json::array({Json::object(), Json::object()})}};
    } else {
      result = call(json::get_string(*params, "name"), (*params)["arguments"]);
    }
    const Json reply = {{"jsonrpc", "2.0"}, {"id", (*message)["id"]}, {"result", result}};
    // Every other answer as an event stream, as a server may.
    if (++answers % 2 == 0) {
      exchange.open_stream(200, {{"Content-Type", "text/event-stream"}},
                           ": hi\n\nevent: message\ndata: " + json::dump(reply) + "\n\n");
    } else {
      exchange.reply({200, {{"Content-Type", "application/json"}, {"Mcp-Session-Id", "s"}}, json::dump(reply)});
    }
  }

  Json call(const std::string& tool, const Json& arguments) {
    calls.lock()->push_back(tool);
    const auto scripted = answers_of_tools.find(tool);
    if (scripted != answers_of_tools.end()) return scripted->second;
    Json out = {{"worker_id", "w1"},
                {"state", looks < 2 ? "working" : final_state},
                {"report", "All went well."},
                {"status_line", "working"}};
    const std::string view = json::get_string(arguments, "view");
    if (tool == "codex_self_test") {
      out = {{"ready", true},
             {"checks", Json::array({{{"name", "git"}, {"status", "pass"}, {"detail", "fine"}},
                                     {{"name", "cors"}, {"status", "warn"}, {"detail", "is on"}}})}};
    } else if (tool == "codex_open_workspace") {
      out = {{"root", "/somewhere"}, {"git", {{"branch", "main"}}}};
    } else if (tool == "codex_worker_start") {
      out["accepted"] = true;
    } else if (view == "report") {
      ++looks;
      out["latest_checkpoints"] = Json::array({{{"at", 1.0}, {"summary", "First I look."}}});
    } else if (view == "changes") {
      out["changed_files"] = {"greeting.txt"};
    } else if (view == "diff") {
      out["diff"] = "--- /dev/null\n+++ b/greeting.txt\n@@ -0,0 +1 @@\n+Hello\n";
    } else if (view == "integration_preview") {
      out.update({{"can_apply", true}, {"apply_check", "clean"}, {"change_count", 1}, {"preview_token", "t"}});
    } else if (tool == "codex_worker_integrate") {
      EXPECT_EQ(arguments["preview_token"], "t");
      std::string root = *os::read_file(dir.path("root"));
      root.pop_back();
      if (apply) (void)os::write_file_atomic(root + "/greeting.txt", "Hello\n");
      out["applied"] = true;
    } else if (tool == "codex_worker_stop") {
      out["workspace_cleaned"] = true;
    }
    return {{"structuredContent", out}, {"content", Json::array()}};
  }

  testing_support::TempDir dir;
  DemoOptions options;
  std::unique_ptr<http::Server> server;
  std::string output;
  std::atomic<int> answers{0};
  std::atomic<int> looks{0};
  std::string final_state = "idle";
  bool apply = true;
  std::map<std::string, Json> answers_of_tools;
  Guarded<std::vector<std::string>> calls;
};

TEST_F(DemoRunTest, GoesThroughAllSteps) {
  EXPECT_EQ(run(), 0) << output;
  EXPECT_THAT(output, HasSubstr("codex-cli 9.9.9"));
  EXPECT_THAT(output, HasSubstr("scripted model: no network and no login"));
  EXPECT_THAT(output, HasSubstr("note: cors: is on"));
  EXPECT_THAT(output, HasSubstr("First I look."));
  EXPECT_THAT(output, HasSubstr("| All went well."));
  EXPECT_THAT(output, HasSubstr("| +Hello"));
  EXPECT_THAT(output, HasSubstr("| ?? greeting.txt"));
  EXPECT_THAT(output, HasSubstr("All of it took "));
  EXPECT_THAT(output, Not(HasSubstr("\033")));
  const auto made = calls.lock();
  const std::set<std::string> tools(made->begin(), made->end());
  EXPECT_THAT(tools, ::testing::IsSupersetOf({"codex_self_test", "codex_open_workspace", "codex_worker_start",
                                              "codex_worker_wait", "codex_worker_inspect", "codex_worker_integrate",
                                              "codex_worker_stop"}));
  const std::string env = *os::read_file(dir.path("env"));
  EXPECT_THAT(env, HasSubstr("PATCHBAY_HOME=" + options.folder));
  EXPECT_THAT(env, HasSubstr("CODEX_HOME=" + options.folder));
  EXPECT_THAT(env, HasSubstr("PATH=" + dir.path("bin") + ":"));
}

TEST_F(DemoRunTest, ColoursOnlyATerminal) {
  options.terminal = true;
  EXPECT_EQ(run(), 0);
  EXPECT_THAT(output, HasSubstr("\033[32m+Hello\033[0m"));
}

TEST_F(DemoRunTest, ExplainsATurnThatFailed) {
  final_state = "failed";
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("The demo failed: the worker's turn ended as failed\nAll went well."));
  EXPECT_THAT(output, HasSubstr("| log line of the owner"));
}

TEST_F(DemoRunTest, ExplainsARefusal) {
  answers_of_tools["codex_worker_start"] = {
      {"structuredContent", {{"accepted", false}, {"error_code", "repo_busy"}, {"note", "Somebody writes."}}}};
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("the worker was not started (repo_busy): Somebody writes."));
}

TEST_F(DemoRunTest, ExplainsAToolError) {
  answers_of_tools["codex_open_workspace"] = {
      {"isError", true}, {"content", Json::array({{{"type", "text"}, {"text", "No such place.\n{\"error\":{}}"}}})}};
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("codex_open_workspace failed: No such place.\n"));
}

TEST_F(DemoRunTest, SaysWhichCheckIsNotReady) {
  answers_of_tools["codex_self_test"] = {
      {"structuredContent",
       {{"ready", false}, {"checks", Json::array({{{"name", "shell"}, {"status", "fail"}, {"detail", "no sh"}}})}}}};
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("not ready: shell: no sh"));
}

TEST_F(DemoRunTest, DoesNotTakeAClaimForAChange) {
  apply = false;
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("git does not see the change of greeting.txt"));
}

TEST_F(DemoRunTest, ExplainsAPatchBayThatEndsAtOnce) {
  options.program = script("patchbay", "echo the port is taken >&2; exit 69");
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("PatchBay ended before it was ready"));
  EXPECT_THAT(output, HasSubstr("the port is taken"));
}

TEST_F(DemoRunTest, ExplainsAPatchBayThatIsNeverReady) {
  options.program = script("patchbay", "exec sleep 60");
  options.start_limit = std::chrono::seconds(1);
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("did not become ready in 1 s"));
}

TEST_F(DemoRunTest, ExplainsAMissingCodex) {
  options.codex = dir.path("bin/nothing");
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("The demo failed: there is no program " + options.codex + "\nGive --codex"));
}

TEST_F(DemoRunTest, GivesTheNamedCodexToPatchBayWhateverItIsCalled) {
  options.codex = script("codex-of-tomorrow", "echo codex-cli 10.0.0");
  EXPECT_EQ(run(), 0) << output;
  EXPECT_EQ(*os::read_file(dir.path("codex")), options.codex + "\n");
}

TEST_F(DemoRunTest, TheLiveModeNeedsALogin) {
  options.live = true;
  options.codex =
      script("codex", "[ \"$1\" = --version ] && echo codex-cli 1 && exit 0; echo Not logged in >&2; exit 1");
  EXPECT_NE(run(), 0);
  EXPECT_THAT(output, HasSubstr("needs a Codex login"));
  options.codex = script("codex", "echo ok");
  EXPECT_EQ(run(), 0) << output;
  EXPECT_THAT(output, HasSubstr("live: your own Codex login"));
  EXPECT_THAT(*os::read_file(dir.path("env")), Not(HasSubstr("CODEX_HOME=" + options.folder)));
}

TEST_F(DemoRunTest, StopsAndCleansUpWhenInterrupted) {
  final_state = "working";
  std::thread user([&] {
    EXPECT_TRUE(testing_support::eventually([&] { return looks >= 3; }));
    options.interrupted.cancel();
  });
  EXPECT_NE(run(), 0);
  user.join();
  EXPECT_THAT(output, HasSubstr("The demo failed: it was interrupted"));
}

}  // namespace
}  // namespace patchbay::demo
