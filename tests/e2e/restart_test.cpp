#include "e2e/e2e.h"

namespace patchbay::e2e {
namespace {

class Restart : public EndToEnd {};

TEST_F(Restart, EveryStageSurvivesAKilledOwner) {  // design 1, 3
  auto c = client();
  start_worker(*c, "Durable", "[[shell sleep 2]] [[write path=d.txt content=d\\n]] [[say First turn done.]]");
  kill_and_restart();  // while the turn runs
  const Json first = c->wait_for("Durable");
  EXPECT_EQ(json::get_string(first, "state"), "idle") << json::dump(first);
  EXPECT_THAT(json::get_string(first, "report"), HasSubstr("First turn done."));

  kill_and_restart();  // between turns
  c->call("codex_worker_message",
          {{"worker", "Durable"}, {"message", "[[write path=e.txt content=e\\n]] [[say Second.]]"}});
  kill_and_restart();  // right after a message was accepted
  EXPECT_THAT(json::get_string(c->wait_for("Durable"), "report"), HasSubstr("Second."));
  EXPECT_EQ(model_->requests().front().thread_id, model_->requests().back().thread_id);

  const Json preview = c->call("codex_worker_inspect", {{"worker", "Durable"}, {"view", "integration_preview"}});
  kill_and_restart();  // between preview and integration: the token still names what it showed
  const Json applied = c->call("codex_worker_integrate",
                               {{"worker", "Durable"}, {"preview_token", json::get_string(preview, "preview_token")}});
  EXPECT_TRUE(json::get_bool(applied, "applied")) << json::dump(applied);
  kill_and_restart();  // after integration
  EXPECT_EQ(json::get_string(c->wait_for("Durable"), "integration_state"), "applied_to_checkout");
  EXPECT_EQ(repo_.read("d.txt") + repo_.read("e.txt"), "d\ne\n");
  EXPECT_EQ(json::get_int(c->call("codex_worker_list"), "count"), 1);
}

TEST_F(Restart, AnotherConversationAfterARestartMustTakeOverWhileTheFirstMayComeBack) {  // mcp 7.4
  auto first = client();
  start_worker(*first, "Kept", "[[say hi]]");
  first->wait_for("Kept");
  kill_and_restart();
  auto second = client();
  EXPECT_EQ(
      json::get_string(second->call("codex_worker_message", {{"worker", "Kept"}, {"message", "go"}}), "error_code"),
      "takeover_required");
  EXPECT_TRUE(json::get_bool(first->call("codex_worker_inspect", {{"worker", "Kept"}}), "owned_by_current_client"));
}

TEST_F(Restart, TermLeavesTheTurnRunningAndSaysSo) {  // workers 1.9, SEC:S14
  auto c = client();
  start_worker(*c, "Patient", "[[shell sleep 2]] [[say Finished alone.]]");
  EXPECT_EQ(patchbay_.stop().code, 0);
  start_owner();
  c = client();
  EXPECT_THAT(json::get_string(c->wait_for("Patient"), "report"), HasSubstr("Finished alone."));
}

TEST_F(Restart, ALegacySessionGoesOnAfterARestart) {  // G11
  auto c = client();
  kill_and_restart();
  EXPECT_EQ(json::get_string(c->call("codex_self_test"), "name"), "patchbay");
}

}  // namespace
}  // namespace patchbay::e2e
