#include "e2e/e2e.h"
#include "support/patience.h"

namespace patchbay::e2e {
namespace {

class WorkerFlow : public EndToEnd {};

TEST_F(WorkerFlow, BriefReviewIntegrateContinueIntegrateTheDeltaStop) {
  auto c = client();
  const Json started = start_worker(*c, "Small Implementer",
                                    "Add a greeting. [[write path=hello.txt content=one\\n]] [[say Added hello.txt.]]");
  EXPECT_EQ(json::get_string(started, "workspace_mode"), "isolated_write");
  EXPECT_EQ(json::get_string(started["next"], "tool"), "codex_worker_inspect");

  const Json done = c->wait_for("small implementer");  // names are compared without case
  EXPECT_EQ(json::get_string(done, "state"), "idle");
  EXPECT_THAT(json::get_string(done, "report"), HasSubstr("Added hello.txt."));
  EXPECT_TRUE(json::get_bool(done, "has_session"));
  EXPECT_EQ(repo_.git("status --porcelain"), "") << "the base must not change before integration";

  const Json changes = c->call("codex_worker_inspect", {{"worker", "Small Implementer"}, {"view", "changes"}});
  EXPECT_EQ(json::dump(changes["changed_files"]), R"(["hello.txt"])");
  const Json diff =
      c->call("codex_worker_inspect", {{"worker", "Small Implementer"}, {"view", "diff"}, {"file_path", "hello.txt"}});
  EXPECT_THAT(json::get_string(diff, "diff"), HasSubstr("+one"));
  const Json file =
      c->call("codex_worker_inspect", {{"worker", "Small Implementer"}, {"view", "file"}, {"file_path", "hello.txt"}});
  EXPECT_THAT(json::get_string(file, "text"), HasSubstr("1 | one"));

  const Json preview =
      c->call("codex_worker_inspect", {{"worker", "Small Implementer"}, {"view", "integration_preview"}});
  EXPECT_TRUE(json::get_bool(preview, "can_apply")) << json::dump(preview);
  EXPECT_FALSE(json::get_bool(preview, "applied"));
  const Json applied =
      c->call("codex_worker_integrate",
              {{"worker", "Small Implementer"}, {"preview_token", json::get_string(preview, "preview_token")}});
  EXPECT_TRUE(json::get_bool(applied, "applied")) << json::dump(applied);
  EXPECT_EQ(repo_.read("hello.txt"), "one\n");
  EXPECT_EQ(repo_.git("rev-list --count HEAD"), "1\n") << "nothing may be committed";
  EXPECT_EQ(repo_.git("status --porcelain"), "?? hello.txt\n") << "the index must be untouched";

  // The same token again is a replay, not a second application.
  const Json again = c->call("codex_worker_integrate", {{"worker", "Small Implementer"},
                                                        {"preview_token", json::get_string(preview, "preview_token")}});
  EXPECT_TRUE(json::get_bool(again, "replayed_integration"));

  const Json messaged = c->call("codex_worker_message",
                                {{"worker", "Small Implementer"},
                                 {"message",
                                  "[[write path=hello.txt content=one\\ntwo\\n]] [[write path=new.txt content=n\\n]]"
                                  " [[say Second turn.]]"}});
  EXPECT_TRUE(json::get_bool(messaged, "accepted")) << json::dump(messaged);
  EXPECT_THAT(json::get_string(c->wait_for("Small Implementer"), "report"), HasSubstr("Second turn."));
  const auto requests = model_->requests();
  EXPECT_EQ(requests.front().thread_id, requests.back().thread_id) << "the conversation must go on";

  const Json second = c->call("codex_worker_integrate", {{"worker", "Small Implementer"}, {"allow_dirty_base", true}});
  EXPECT_TRUE(json::get_bool(second, "applied")) << json::dump(second);
  EXPECT_EQ(repo_.read("hello.txt"), "one\ntwo\n");
  EXPECT_EQ(repo_.read("new.txt"), "n\n");

  const Json stopped = c->call("codex_worker_stop", {{"worker", "Small Implementer"}, {"cleanup_workspace", true}});
  EXPECT_TRUE(json::get_bool(stopped, "workspace_cleaned")) << json::dump(stopped);
  EXPECT_TRUE(json::get_bool(stopped, "recoverable"));
  EXPECT_EQ(repo_.git("branch --list 'codex/*'"), "");
}

TEST_F(WorkerFlow, PublicRepliesNameNoPrivatePathsOrIds) {
  auto c = client();
  start_worker(*c, "Quiet", "[[write path=a.txt content=a\\n]] [[say Worked in the tree.]]");
  c->wait_for("Quiet");
  std::string all;
  for (const char* view : {"report", "status", "changes", "integration_preview"}) {
    all += json::dump(c->call_raw("codex_worker_inspect", {{"worker", "Quiet"}, {"view", view}}));
  }
  all += json::dump(c->call_raw("codex_worker_list", Json::object()));
  all += json::dump(c->call_raw("codex_worker_status", Json::object()));
  EXPECT_THAT(all, Not(HasSubstr(dir_.root())));
  EXPECT_THAT(all, Not(HasSubstr("codex/worker-")));
  EXPECT_THAT(all, Not(HasSubstr(model_->requests().front().thread_id)));
}

TEST_F(WorkerFlow, AWorkerReadsAnothersReportAndDiff) {  // workers 5.7
  auto c = client();
  start_worker(*c, "Implementer", "[[write path=feature.txt content=marker-in-diff\\n]] [[say The feature is done.]]");
  c->wait_for("Implementer");
  start_worker(
      *c, "Reviewer", "Review it. [[say Reviewed, looks right.]]",
      {{"workspace_mode", "read_only"}, {"context_from_workers", {"Implementer"}}, {"context_detail", "diff"}});
  EXPECT_THAT(json::get_string(c->wait_for("Reviewer"), "report"), HasSubstr("Reviewed"));
  const std::string prompt = model_->requests().back().prompt;
  EXPECT_THAT(prompt, HasSubstr("The feature is done."));
  EXPECT_THAT(prompt, HasSubstr("+marker-in-diff"));
  EXPECT_THAT(prompt, Not(HasSubstr(dir_.root())));

  c->call("codex_worker_message", {{"worker", "Implementer"},
                                   {"message", "Take the review in. [[say Thanks.]]"},
                                   {"context_from_workers", {"Reviewer"}}});
  c->wait_for("Implementer");
  EXPECT_THAT(model_->requests().back().prompt, HasSubstr("Reviewed, looks right."));
  const Json list = c->call("codex_worker_list");
  EXPECT_EQ(json::get_int(list, "count"), 2);
  EXPECT_THAT(json::get_string(list, "team_report"), HasSubstr("Implementer"));
}

TEST_F(WorkerFlow, StoppingALongTurnLeavesNoProcess) {
  auto c = client();
  start_worker(*c, "Slow", "[[shell sleep 300]] [[say never]]");
  ASSERT_TRUE(testing_support::eventually([&] { return !model_->requests().empty(); }));
  ::usleep(500'000);
  const Json stopped = c->call("codex_worker_stop", {{"worker", "Slow"}, {"reason", "enough"}});
  EXPECT_TRUE(json::get_bool(stopped, "stopped")) << json::dump(stopped);
  EXPECT_EQ(json::get_string(stopped, "state"), "stopped");
  const auto left = os::run({.argv = {"/bin/sh", "-c",
                                      "grep -alz 'PB_JOB_MARKER=' /proc/[0-9]*/environ 2>/dev/null | "
                                      "while read f; do grep -z '^CODEX_HOME=" +
                                          dir_.path("codex") + "$' \"$f\"; done"}},
                            "", testing_support::end_of_patience());
  EXPECT_EQ(left->out, "") << "a process of the turn is left";
  EXPECT_TRUE(json::get_bool(c->wait_for("Slow"), "can_message"));
}

TEST_F(WorkerFlow, TheSameStartTwiceIsOneWorkerAndATakenNameIsRefused) {  // B8
  auto c = client();
  const Json first = start_worker(*c, "Twin", "[[say hi]]");
  const Json second = start_worker(*c, "Twin", "[[say hi]]");
  EXPECT_TRUE(json::get_bool(second, "deduplicated"));
  EXPECT_EQ(json::get_string(first, "worker_id"), json::get_string(second, "worker_id"));
  const Json other = c->call("codex_worker_start", {{"name", "twin"}, {"brief", "[[say other]]"}});
  EXPECT_FALSE(json::get_bool(other, "accepted"));
  EXPECT_EQ(json::get_string(other, "error_code"), "worker_name_conflict");
  EXPECT_EQ(json::get_string(other, "worker_id"), json::get_string(first, "worker_id"));
  c->wait_for("Twin");
}

TEST_F(WorkerFlow, AProviderThatRefusesIsAClassifiedFailureThatCanBeContinued) {  // workers 9.2
  auto c = client();
  start_worker(*c, "Limited", "[[fail insufficient_quota]]");
  const Json failed = c->wait_for("Limited");
  EXPECT_EQ(json::get_string(failed, "state"), "failed");
  EXPECT_TRUE(json::get_bool(failed, "can_message")) << json::dump(failed);
  EXPECT_EQ(json::get_string(failed["liveness"], "phase"), "codex_usage_limit");
  EXPECT_EQ(json::get_string(failed["latest_turn"], "error_code"), "job_limit");
  EXPECT_THAT(json::get_string(failed, "report"), HasSubstr("Next: Wait until the limit resets"));
  c->call("codex_worker_message", {{"worker", "Limited"}, {"message", "Again. [[say Works now.]]"}});
  EXPECT_THAT(json::get_string(c->wait_for("Limited"), "report"), HasSubstr("Works now."));
}

TEST_F(WorkerFlow, ADiscardedWorkspaceCanBeRestored) {  // SEC:W2
  auto c = client();
  start_worker(*c, "Lost", "[[write path=precious.txt content=gold\\n]] [[say done]]");
  c->wait_for("Lost");
  const Json stopped = c->call("codex_worker_stop", {{"worker", "Lost"}, {"cleanup_workspace", true}});
  EXPECT_EQ(json::dump(stopped["discarded_changed_files"]), R"(["precious.txt"])");
  EXPECT_EQ(json::get_string(c->call("codex_worker_message", {{"worker", "Lost"}, {"message", "go"}}), "error_code"),
            "workspace_unavailable");
  os::SpawnOptions restore{.argv = {testing_support::patchbay_binary(), "worker", "restore", "Lost"}};
  restore.env = patchbay_.env();
  const auto r = os::run(restore, "", testing_support::end_of_patience());
  ASSERT_EQ(r->status.code, 0) << r->err;
  EXPECT_EQ(*os::read_file(worktree() + "/precious.txt"), "gold\n");
}

}  // namespace
}  // namespace patchbay::e2e
