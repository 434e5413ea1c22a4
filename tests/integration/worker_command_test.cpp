// `patchbay worker ...`: the operator's view of the same workers (cli.md 2).

#include "integration/fixture.h"
#include "support/patience.h"

namespace patchbay::integration {
namespace {

class WorkerCommandTest : public Integration {
 protected:
  WorkerCommandTest() { use_config(); }

  Json start_worker(const std::string& name, const std::string& mode = "read_only") {
    McpClient client(owner_->port());
    const Json reply =
        client.call("codex_worker_start", {{"name", name}, {"brief", "Do it."}, {"workspace_mode", mode}});
    EXPECT_TRUE(json::get_bool(reply, "accepted")) << json::dump(reply);
    return reply;
  }
  void SetUp() override {
    owner_ = std::make_unique<PatchbayProcess>(dir_.path("home"), env_);
    owner_->start({});
  }

  std::unique_ptr<PatchbayProcess> owner_;
};

TEST_F(WorkerCommandTest, ListShowsEveryWorkerAsTableAndAsJson) {
  EXPECT_THAT(run({"worker", "list"}).out, HasSubstr("No workers."));
  start_worker("Reader");
  const Finished table = run({"worker", "list"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("Reader"));
  const Finished text = run({"worker", "list", "--json"});
  ASSERT_EQ(text.code, 0);
  EXPECT_EQ(json::get_string((*json::parse(text.out))["workers"][0], "name"), "Reader");
}

TEST_F(WorkerCommandTest, WaitReturnsWhenTheTurnIsOverAndShowHasTheReport) {
  start_worker("Reader");
  const Finished waited = run({"worker", "wait", "Reader", "--timeout", "30"});
  EXPECT_EQ(waited.code, 0) << waited.err;
  EXPECT_THAT(waited.out, HasSubstr("idle"));
  const Finished shown = run({"worker", "show", "Reader"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("The fake turn went well."));
}

TEST_F(WorkerCommandTest, WaitThatRunsOutIsExitCodeOne) {
  codex_.script("thread\nturn\nsleep 120\n");
  start_worker("Sleeper");
  EXPECT_EQ(run({"worker", "wait", "Sleeper", "--timeout", "1"}).code, 1);
  EXPECT_EQ(run({"worker", "wait", "Sleeper", "--timeout", "0"}).code, 1) << "no time is not any time";
  EXPECT_EQ(run({"worker", "wait", "Sleeper", "--timeout", "-1"}).code, 2);
}

TEST_F(WorkerCommandTest, UnknownWorkerIsAnError) {
  const Finished done = run({"worker", "show", "Nobody"});
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("patchbay worker: Unknown worker: Nobody\n"));
  EXPECT_THAT(done.err, HasSubstr("`patchbay worker list`"));
  EXPECT_THAT(done.err, Not(HasSubstr("codex_worker_list"))) << "there are no tools at a terminal";
  EXPECT_EQ(run({"worker", "show"}).code, 2);
  EXPECT_THAT(run({"worker", "list", "--repo", "/nowhere"}).err, HasSubstr("--repo: there is no folder /nowhere\n"));
}

TEST_F(WorkerCommandTest, StopOfAnothersWorkerNeedsTakeover) {
  codex_.script("thread\nturn\nsleep 120\n");
  McpClient owner(owner_->port());
  ASSERT_TRUE(json::get_bool(
      owner.call("codex_worker_start", {{"name", "Sleeper"}, {"brief", "Do it."}, {"workspace_mode", "read_only"}}),
      "accepted"));
  const Finished refused = run({"worker", "stop", "Sleeper"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("takeover_required"));
  EXPECT_THAT(refused.err, HasSubstr("--takeover"));
  const std::string note = "Another conversation";
  EXPECT_EQ(refused.out.find(note), refused.out.rfind(note)) << "said twice: " << refused.out;
  EXPECT_THAT(refused.out + refused.err, Not(HasSubstr("takeover=true"))) << "an argument of a chat client";
  EXPECT_THAT(refused.err, HasSubstr("--takeover-reason"));
  const Finished stopped = run({"worker", "stop", "Sleeper", "--takeover"});
  EXPECT_EQ(stopped.code, 0) << stopped.err << stopped.out;
  EXPECT_THAT(stopped.out, HasSubstr("stopped"));
}

TEST_F(WorkerCommandTest, IntegratesAndRestores) {
  codex_.script("thread\nturn\nwrite NEW.md new\nreport Wrote a file.\ndone\n");
  start_worker("Writer", "isolated_write");
  ASSERT_EQ(run({"worker", "wait", "Writer", "--timeout", "30"}).code, 0);
  const Finished preview = run({"worker", "inspect", "Writer", "--view", "integration_preview", "--json"});
  ASSERT_EQ(preview.code, 0) << preview.err;
  EXPECT_TRUE(json::get_bool(*json::parse(preview.out), "can_apply")) << preview.out;

  const Finished cleaned = run({"worker", "stop", "Writer", "--takeover", "--cleanup-workspace", "--json"});
  ASSERT_EQ(cleaned.code, 0) << cleaned.err << cleaned.out;
  EXPECT_TRUE(json::get_bool(*json::parse(cleaned.out), "workspace_cleaned")) << cleaned.out;
  const Finished restored = run({"worker", "restore", "Writer"});
  EXPECT_EQ(restored.code, 0) << restored.err << restored.out;

  const Finished applied = run({"worker", "integrate", "Writer", "--takeover"});
  EXPECT_EQ(applied.code, 0) << applied.err << applied.out;
  EXPECT_EQ(repo_.read("NEW.md").substr(0, 3), "new");
}

TEST_F(WorkerCommandTest, WaitWithoutANameWaitsForAll) {
  EXPECT_THAT(run({"worker", "wait"}).out, HasSubstr("No worker is busy."));
  codex_.script("thread\nturn\nsleep 1\nreport Done.\ndone\n");
  start_worker("One");
  start_worker("Two");
  const Finished waited = run({"worker", "wait", "--timeout", "30"});
  EXPECT_EQ(waited.code, 0) << waited.err;
  const Json listed = *json::parse(run({"worker", "list", "--json"}).out);
  for (const Json& worker : listed["workers"]) EXPECT_EQ(json::get_string(worker, "state"), "idle");
  codex_.script("thread\nturn\nsleep 120\n");
  start_worker("Three");
  EXPECT_EQ(run({"worker", "wait", "--timeout", "1"}).code, 1);
}

TEST_F(WorkerCommandTest, OwnerThatIsStartedForACommandServesWhatTheLastOneServed) {
  owner_->stop();
  env_.erase("PATCHBAY_CONFIG");
  owner_ = start({"--allow-root", dir_.path("user")});
  start_worker("Reader");
  ASSERT_EQ(run({"worker", "wait"}).code, 0);
  owner_->stop();
  for (const std::string& folder : {dir_.path("user"), std::string("/")}) {
    os::SpawnOptions spawn{.argv = {testing_support::patchbay_binary(), "worker", "list"}, .env = env_, .cwd = folder};
    const auto done = os::run(spawn, "", testing_support::end_of_patience(), 4u << 20);
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done->status.code, 0) << done->err;
    EXPECT_THAT(done->out, HasSubstr("Reader"));
  }
  const Finished seen = run({"worker", "show", "Reader", "--repo", repo_.path()});
  EXPECT_EQ(seen.code, 0) << seen.err;
}

TEST_F(WorkerCommandTest, HomeWithoutAnOwnerAndWithoutSettingsSaysHowToBegin) {
  env_.erase("PATCHBAY_CONFIG");
  env_["PATCHBAY_HOME"] = dir_.path("fresh");
  const Finished done = run({"worker", "list"});
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("no PatchBay owner runs"));
  EXPECT_THAT(done.err, HasSubstr("patchbay start --root"));
  env_["PATCHBAY_HOME"] = dir_.path("home");
}

TEST_F(WorkerCommandTest, WithoutAnOwnerOneIsStartedInTheBackground) {
  ASSERT_EQ(run({"stop"}).code, 0);
  const Finished done = run({"worker", "list"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_GT(owner_pid(), 0);
}

}  // namespace
}  // namespace patchbay::integration
