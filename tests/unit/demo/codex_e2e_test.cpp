#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "patchbay/base/text.h"
#include "patchbay/demo/model_server.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"
#include "support/codex_program.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::demo {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

/// The real Codex CLI against the scripted model, in a temporary repository.
class CodexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    codex = testing_support::find_codex();
    if (codex.empty()) GTEST_SKIP() << testing_support::kNoCodex;
    server = std::move(ModelServer::start({})).value();
    ASSERT_TRUE(write_codex_home(dir.path("codex"), server->port()).ok());
    ASSERT_TRUE(os::make_private_dirs(dir.path("home")).ok());
    ASSERT_TRUE(os::make_private_dirs(dir.path("repo")).ok());
    ASSERT_TRUE(os::write_file_atomic(dir.path("repo/README.md"), "# Hello\n").ok());
    run_git({"init", "-q"});
    run_git({"add", "."});
    run_git({"-c", "user.name=T", "-c", "user.email=t@example.org", "commit", "-qm", "first"});
  }

  std::string run_git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"git", "-C", dir.path("repo")});
    const auto r = os::run({.argv = std::move(arguments)}, {}, testing_support::end_of_patience());
    EXPECT_TRUE(r.ok() && r->status.code == 0) << (r ? r->err : r.error().message);
    return r ? r->out : std::string();
  }

  os::SpawnOptions command(const std::vector<std::string>& options) {
    os::SpawnOptions spawn;
    spawn.argv = {codex, "exec", "--json", "-C", dir.path("repo")};
    if (options.empty() || options[0] != "-s") spawn.argv.insert(spawn.argv.end(), {"-s", "workspace-write"});
    spawn.argv.insert(spawn.argv.end(), options.begin(), options.end());
    spawn.argv.push_back("-");
    spawn.env =
        os::Environment{{"PATH", "/usr/bin:/bin"}, {"HOME", dir.path("home")}, {"CODEX_HOME", dir.path("codex")}};
    return spawn;
  }

  /// Runs one turn to its end; `events` holds what it printed.
  int turn(const std::string& prompt, const std::vector<std::string>& options = {}) {
    const auto r = os::run(command(options), prompt, testing_support::end_of_patience(), 16u << 20);
    EXPECT_TRUE(r.ok() && !r->timed_out);
    events.clear();
    if (!r) return -1;
    for (const std::string_view line : split(r->out, '\n')) {
      if (auto event = json::parse(line)) events.push_back(*event);
    }
    return r->status.code;
  }

  /// The event of this type that came last; null when none did.
  Json last(std::string_view type) const {
    for (auto it = events.rbegin(); it != events.rend(); ++it) {
      if (json::get_string(*it, "type") == type) return *it;
    }
    return nullptr;
  }
  std::string answer() const {
    for (auto it = events.rbegin(); it != events.rend(); ++it) {
      const Json* item = json::find(*it, "item");
      if (item != nullptr && json::get_string(*item, "type") == "agent_message") return json::get_string(*item, "text");
    }
    return {};
  }
  std::string thread() const { return json::get_string(last("thread.started"), "thread_id"); }

  testing_support::TempDir dir;
  std::string codex;
  std::unique_ptr<ModelServer> server;
  std::vector<Json> events;
};

TEST_F(CodexTest, WritesFilesAndAnswers) {
  EXPECT_EQ(turn("[[think hm]] [[say looking]] [[shell cat README.md]] [[write path=a/new.txt content=one\\ntwo]] "
                 "[[patch *** Update File: README.md\n@@\n-# Hello\n+# Hello again]] [[say all done]]"),
            0);
  EXPECT_EQ(answer(), "all done");
  EXPECT_EQ(*os::read_file(dir.path("repo/a/new.txt")), "one\ntwo\n");
  EXPECT_EQ(*os::read_file(dir.path("repo/README.md")), "# Hello again\n");
  EXPECT_EQ(turn("[[delete path=a/new.txt]]"), 0);
  EXPECT_FALSE(os::exists(dir.path("repo/a/new.txt")));
  EXPECT_EQ(server->requests()[0].model, "gpt-5.5");
}

TEST_F(CodexTest, SpeaksToModelsThatActThroughCode) {
  EXPECT_EQ(
      turn("[[shell echo shell > shell.txt]] [[write path=patch.txt content=patch]] [[say ok]]", {"-m", "gpt-5.6-sol"}),
      0);
  EXPECT_EQ(answer(), "ok");
  EXPECT_EQ(*os::read_file(dir.path("repo/shell.txt")), "shell\n");
  EXPECT_EQ(*os::read_file(dir.path("repo/patch.txt")), "patch\n");
  EXPECT_EQ(server->requests()[0].sandbox, "workspace-write");
}

TEST_F(CodexTest, RunsTheBuiltInScriptWithASchema) {
  ASSERT_TRUE(os::write_file_atomic(dir.path("schema.json"),
                                    R"({"type":"object","additionalProperties":false,"required":["summary","risks"],
      "properties":{"summary":{"type":"string"},"risks":{"type":"array","items":{"type":"string"}}}})")
                  .ok());
  EXPECT_EQ(
      turn("Add greeting.txt for visitors and mention it in README.md.", {"--output-schema", dir.path("schema.json")}),
      0);
  const auto report = json::parse(answer());
  ASSERT_TRUE(report.ok()) << answer();
  EXPECT_EQ((*report)["summary"], "Added greeting.txt and mentioned it in README.md.");
  EXPECT_EQ(run_git({"status", "--short"}), " M README.md\n?? greeting.txt\n");
}

TEST_F(CodexTest, LeavesAReadOnlySandboxAlone) {
  EXPECT_EQ(turn("Add greeting.txt.", {"-s", "read-only"}), 0);
  EXPECT_EQ(server->requests()[0].sandbox, "read-only");
  EXPECT_THAT(answer(), HasSubstr("changed nothing"));
  EXPECT_EQ(run_git({"status", "--short"}), "");
}

TEST_F(CodexTest, ResumesTheSameConversation) {
  EXPECT_EQ(turn("[[shell true]] [[say first]]"), 0);
  const std::string id = thread();
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(turn("[[shell echo again > again.txt]] [[say second]]", {"resume", id}), 0);
  EXPECT_EQ(thread(), id);
  EXPECT_EQ(answer(), "second");
  EXPECT_TRUE(os::exists(dir.path("repo/again.txt")));
  const auto requests = server->requests();
  EXPECT_EQ(requests.back().thread_id, id);
  EXPECT_EQ(requests.back().step, 1);
}

TEST_F(CodexTest, CompactsWhenResumedWithAnotherModel) {
  EXPECT_EQ(turn("[[say first]]"), 0);
  EXPECT_EQ(turn("[[say second]]", {"-m", "gpt-5.6-sol", "resume", thread()}), 0);
  EXPECT_EQ(answer(), "second");
  EXPECT_EQ(server->requests()[1].kind, "compaction");
  EXPECT_EQ(server->requests().back().model, "gpt-5.6-sol");
}

TEST_F(CodexTest, ReportsAFailingProvider) {
  EXPECT_EQ(turn("[[fail 500]]"), 1);
  EXPECT_FALSE(last("turn.failed").is_null());
  EXPECT_EQ(turn("[[fail context_length_exceeded]]"), 1);
  EXPECT_THAT(json::dump(last("turn.failed")), HasSubstr("ran out of room"));
  EXPECT_EQ(turn("[[cut]]"), 1);
  EXPECT_THAT(json::dump(last("turn.failed")), HasSubstr("stream disconnected"));
}

TEST_F(CodexTest, PassesOnALargeMessage) {
  EXPECT_EQ(turn("[[big 3000000]]"), 0);
  EXPECT_EQ(answer().size(), 3'000'000u);
}

TEST_F(CodexTest, EndsAStalledTurnOnInterrupt) {
  os::SpawnOptions spawn = command({});
  os::Fd prompt = *os::memory_file("[[say before]] [[stall]]");
  spawn.stdin_fd = prompt.get();
  os::Child child = *os::Child::spawn(spawn);
  EXPECT_TRUE(testing_support::eventually([&] { return !server->requests().empty(); }));
  ASSERT_EQ(server->requests().size(), 1u);
  EXPECT_FALSE(child.wait_until(system_clock().mono() + 300ms).has_value());
  ASSERT_TRUE(child.signal(SIGINT).ok());
  const auto status = child.wait_until(testing_support::end_of_patience());
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->code, 1);
}

}  // namespace
}  // namespace patchbay::demo
