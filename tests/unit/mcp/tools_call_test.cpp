// tools/call: arguments, errors, results, identity, modes, request keys (rows T, Q, B7 and section 7).

#include <gtest/gtest.h>

#include <future>
#include <latch>

#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using namespace std::chrono_literals;
using testing_support::Answered;
using testing_support::World;

class ToolsCallTest : public ::testing::Test {
 protected:
  void SetUp() override { world.start(); }
  World world;
};

// ---- arguments and errors -----------------------------------------------------------------------------

TEST_F(ToolsCallTest, T7RefusesWhatIsNoCallAsAProtocolError) {
  EXPECT_EQ(world.legacy("tools/call").code(), -32602);
  EXPECT_EQ(world.legacy("tools/call", {{"name", "demo_who"}, {"arguments", Json::array()}}).code(), -32602);
  const Answered a = world.legacy("tools/call", {{"name", "demo_who"}, {"arguments", "x"}});
  EXPECT_EQ(a.data()["code"], "invalid_arguments_object");
  const Answered unknown = world.call("demo_wroker");
  EXPECT_EQ(unknown.code(), -32602);
  EXPECT_NE(unknown.message().find("refresh"), std::string::npos);
}

TEST_F(ToolsCallTest, T8TakesMissingAndNullArgumentsForNone) {
  EXPECT_EQ(world.legacy("tools/call", {{"name", "demo_who"}}).status, 200);
  EXPECT_FALSE(world.legacy("tools/call", {{"name", "demo_who"}, {"arguments", nullptr}}).is_tool_error());
  EXPECT_FALSE(world.call("demo_self_test", {{"handle", nullptr}}).is_tool_error());
}

TEST_F(ToolsCallTest, T5GivesErrorsAsTextWithOneJsonLineAndNoStructuredContent) {
  const Answered a = world.call("demo_fail");
  EXPECT_TRUE(a.is_tool_error());
  EXPECT_FALSE(a.result().contains("structuredContent"));
  EXPECT_EQ(a.result()["content"].size(), 1u);
  EXPECT_TRUE(a.content().starts_with("There is no such file. List the folder first.\n"));
  const Json error = a.tool_error();
  EXPECT_EQ(error["code"], "not_found");
  EXPECT_EQ(error["retryable"], false);
  EXPECT_EQ(error["hint"], "List the folder first.");
  EXPECT_EQ(error["side_effects"], "none");
  EXPECT_TRUE(error.contains("ref"));
  EXPECT_EQ(a.text.find("/secret/path"), std::string::npos);
}

TEST_F(ToolsCallTest, GivesOurOwnDefectsAsAGenericProtocolError) {
  const Answered a = world.call("demo_fail", {{"how", "internal"}});
  EXPECT_EQ(a.code(), -32603);
  EXPECT_EQ(a.text.find("/secret"), std::string::npos);
}

TEST_F(ToolsCallTest, T13RefusesHiddenToolsInWordsThatHelp) {
  const Json mode = world.call("demo_echo", {{"text", "x"}}).tool_error();
  EXPECT_EQ(mode["code"], "tool_unavailable");
  EXPECT_NE(mode["message"].get<std::string>().find("'worker'"), std::string::npos);
  EXPECT_NE(mode["hint"].get<std::string>().find("demo_switch with mode 'standard'"), std::string::npos);
  const Json gate = world.call("demo_write").tool_error();
  EXPECT_EQ(gate["code"], "tool_unavailable");
  EXPECT_NE(gate["hint"].get<std::string>().find("tools.write"), std::string::npos);
  world.credential = {"reader", Scope::kRead};
  const Json scope = world.call("demo_start").tool_error();
  EXPECT_EQ(scope["code"], "scope_denied");
  EXPECT_NE(scope["message"].get<std::string>().find("'worker'"), std::string::npos);
  EXPECT_EQ(world.runs, 0);
  const Json listed = world.modern("tools/list").result();
  for (const Json& tool : listed["tools"]) EXPECT_NE(tool["name"], "demo_start");
}

TEST_F(ToolsCallTest, T4RefusesRepliesOutsideTheirSchemaInDebugBuilds) {
#ifdef NDEBUG
  GTEST_SKIP() << "only logged in a release build";
#endif
  EXPECT_EQ(world.call("demo_fail", {{"how", "schema"}}).code(), -32603);
}

TEST_F(ToolsCallTest, T6AlwaysHasATextBlock) {
  const Json result = world.call("demo_who").result();
  EXPECT_EQ(Json::parse(result["content"][0]["text"].get<std::string>()), result["structuredContent"]);
}

TEST_F(ToolsCallTest, T12MakesStringsValidUtf8) {
  world.add("demo_bytes", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [](Call&, const Json&) -> Result<ToolReply> {
              return ToolReply{{{"ok", true}, {"list", {"a\xff"}}}, "b\xfe", {}};
            });
  world.start();
  const Json result = world.call("demo_bytes").result();
  EXPECT_EQ(result["structuredContent"]["list"][0], "a\xef\xbf\xbd");
  EXPECT_EQ(result["content"][0]["text"], "b\xef\xbf\xbd");
}

TEST_F(ToolsCallTest, CutsLongTextAtALineWithMarkerTotalAndContinuation) {
  const Answered a = world.call("demo_text", {{"bytes", 100'000}});
  const std::string text = a.content();
  EXPECT_LE(text.size(), 64u << 10);
  EXPECT_NE(text.find("of 100000 bytes"), std::string::npos);
  EXPECT_NE(text.find("next_offset=100000"), std::string::npos);
  const std::size_t marker = text.rfind("\n[text cut");
  ASSERT_NE(marker, std::string::npos);
  EXPECT_EQ((marker + 1) % 16, 0u) << "the cut is at a line end";
  EXPECT_EQ(a.result()["structuredContent"]["text"].get<std::string>().size(), 100'000u) << "nothing is lost";
}

TEST_F(ToolsCallTest, RefusesAResponseAboveTheHardCap) {
  const Answered a = world.call("demo_text", {{"bytes", 5 << 20}});
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.code(), -32603);
}

TEST_F(ToolsCallTest, RedactsEveryStringOfAResult) {
  const std::string secret = "ghp_" + std::string(36, 'A');
  const Answered a = world.call("demo_text", {{"raw", "token " + secret}});
  EXPECT_NE(a.text.find("REDACTED"), std::string::npos);
  EXPECT_EQ(a.text.find(secret), std::string::npos);
}

// ---- identity -----------------------------------------------------------------------------------------

TEST_F(ToolsCallTest, TakesTheIdentityFromTheStrongestSource) {
  const auto kind = [&] { return std::string(name_of(world.last_caller.kind)); };
  world.call("demo_who");
  EXPECT_EQ(kind(), "credential");
  const std::string shared = world.last_caller.scope_key;
  EXPECT_EQ(shared.size(), 64u);
  EXPECT_EQ(world.last_caller.client_ref, "client_" + shared.substr(0, 12));
  world.open_session();
  world.call("demo_who");
  EXPECT_EQ(kind(), "session");
  EXPECT_EQ(world.last_caller.label, "tester 9");
  world.call("demo_who", Json::object(), {{"openai/session", "conv-1"}});
  EXPECT_EQ(kind(), "conversation");
  const std::string conversation = world.last_caller.scope_key;
  const std::string handle = world.call("demo_self_test", Json::object(), {{"openai/session", "conv-2"}}).handle();
  const std::string other = world.last_caller.scope_key;
  EXPECT_NE(other, conversation);
  world.call("demo_who", {{"handle", handle}}, {{"openai/session", "conv-1"}});
  EXPECT_EQ(kind(), "handle");
  EXPECT_EQ(world.last_caller.scope_key, other) << "the handle stands for the conversation that asked for it";
}

TEST_F(ToolsCallTest, HashesTheConversationTogetherWithTheCredential) {
  world.call("demo_who", Json::object(), {{"openai/session", "c"}});
  const std::string first = world.last_caller.scope_key;
  world.credential.name = "other";
  world.call("demo_who", Json::object(), {{"openai/session", "c"}});
  EXPECT_NE(world.last_caller.scope_key, first);
}

TEST_F(ToolsCallTest, Q1GivesHandlesAnIdentityOfTheirOwnToSharedUrls) {
  const Answered a = world.call("demo_self_test");
  const std::string handle = a.handle();
  EXPECT_EQ(handle.size(), 30u);
  EXPECT_TRUE(handle.starts_with("pbh_"));
  EXPECT_EQ(handle.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567_"), std::string::npos);
  const std::string key = world.last_caller.scope_key;
  EXPECT_EQ(world.last_caller.kind, ScopeKind::kHandle) << "the caller becomes the handle it asked for";
  world.call("demo_who", {{"handle", handle}});
  EXPECT_EQ(world.last_caller.scope_key, key);
  world.call("demo_who");
  EXPECT_NE(world.last_caller.scope_key, key);
}

TEST_F(ToolsCallTest, Q2AndQ4TreatForeignAndUnknownHandlesAlike) {
  const std::string handle = world.call("demo_self_test").handle();
  const Answered unknown = world.call("demo_who", {{"handle", "pbh_" + std::string(26, 'a')}});
  world.credential.name = "other";
  const Answered foreign = world.call("demo_who", {{"handle", handle}});
  EXPECT_EQ(unknown.tool_error()["code"], "handle_unknown");
  EXPECT_NE(unknown.tool_error()["hint"].get<std::string>().find("demo_self_test"), std::string::npos);
  EXPECT_EQ(unknown.text, foreign.text);
  EXPECT_EQ(world.call("demo_who", {{"handle", 5}}).tool_error()["code"], "invalid_argument");
}

TEST_F(ToolsCallTest, Q3KeepsHandlesOverARestartAndEndsThemByAge) {
  const std::string handle = world.call("demo_self_test").handle();
  world.restart();
  EXPECT_FALSE(world.call("demo_who", {{"handle", handle}}).is_tool_error());
  for (int day = 0; day < 6; ++day) {
    world.clock.advance(23h);
    EXPECT_FALSE(world.call("demo_who", {{"handle", handle}}).is_tool_error()) << day;
  }
  world.clock.advance(23h);
  world.call("demo_who", {{"handle", handle}});
  world.clock.advance(23h);
  EXPECT_TRUE(world.call("demo_who", {{"handle", handle}}).is_tool_error()) << "older than seven days";
  const std::string idle = world.call("demo_self_test").handle();
  world.clock.advance(25h);
  EXPECT_TRUE(world.call("demo_who", {{"handle", idle}}).is_tool_error()) << "idle for a day";
}

TEST_F(ToolsCallTest, Q3KeepsAtMostAThousandHandles) {
  const std::string oldest = world.call("demo_self_test").handle();
  world.clock.advance(1s);
  for (int i = 0; i < 1000; ++i) world.call("demo_self_test");
  EXPECT_TRUE(world.call("demo_who", {{"handle", oldest}}).is_tool_error());
}

TEST_F(ToolsCallTest, KnowsWhichConversationsLive) {
  world.open_session();
  world.call("demo_who");
  const std::string key = world.last_caller.scope_key;
  EXPECT_TRUE(world.server->scope_live(key, 60min));
  world.clock.advance(61min);
  EXPECT_FALSE(world.server->scope_live(key, 60min));
  const std::string id = world.open_session();
  world.call("demo_who");
  const std::string ended = world.last_caller.scope_key;
  world.server->end_session({world.credential, {}, &world.headers}, id);
  EXPECT_FALSE(world.server->scope_live(ended, 60min));
  EXPECT_FALSE(world.server->scope_live(std::string(64, '0'), 60min));
}

// ---- modes --------------------------------------------------------------------------------------------

std::vector<std::string> tool_names(const Answered& list) {
  std::vector<std::string> out;
  const Json result = list.result();
  for (const Json& tool : result["tools"]) out.push_back(tool["name"].get<std::string>());
  return out;
}

TEST_F(ToolsCallTest, SwitchingChangesASessionAndSurvivesARestart) {
  world.open_session();
  EXPECT_TRUE(world.call("demo_echo").is_tool_error());
  const Json result = world.call("demo_switch", {{"mode", "full"}}).result()["structuredContent"];
  EXPECT_EQ(result["previous_mode"], "worker");
  EXPECT_EQ(result["current_mode"], "full");
  EXPECT_EQ(result["changed"], true);
  EXPECT_EQ(result["persisted_to_config"], false);
  EXPECT_TRUE(result["handle"].is_string());
  EXPECT_FALSE(world.call("demo_echo").is_tool_error());
  const auto names = tool_names(world.legacy("tools/list"));
  EXPECT_NE(std::find(names.begin(), names.end(), "demo_echo"), names.end());
  world.restart();
  EXPECT_FALSE(world.call("demo_echo").is_tool_error());
}

TEST_F(ToolsCallTest, SwitchingElsewhereGivesAHandleAndLeavesOthersAlone) {
  const Json result = world.modern_call("demo_switch", {{"mode", "standard"}}).result()["structuredContent"];
  const std::string handle = result["handle"].get<std::string>();
  EXPECT_EQ(result["switch_scope"], "handle");
  EXPECT_TRUE(world.modern_call("demo_echo").is_tool_error()) << "without the handle nothing changed";
  world.modern_call("demo_who", {{"handle", handle}});
  EXPECT_EQ(world.last_caller.mode, Mode::kStandard);
  EXPECT_EQ(world.last_caller.base_mode, Mode::kWorker);
  world.clock.advance(25h);
  world.modern_call("demo_who");
  EXPECT_EQ(world.last_caller.mode, Mode::kWorker);
}

TEST_F(ToolsCallTest, NoModeIsWiderThanTheCap) {
  world.catalog_options.max_mode = Mode::kStandard;
  world.start();
  EXPECT_EQ(world.call("demo_switch", {{"mode", "full"}}).tool_error()["code"], "mode_not_permitted");
  EXPECT_FALSE(world.call("demo_switch", {{"mode", "minimal"}}).is_tool_error());
  world.url_mode = Mode::kFull;
  world.call("demo_who");
  EXPECT_EQ(world.last_caller.mode, Mode::kWorker) << "?mode= obeys the same cap";
  world.url_mode = Mode::kStandard;
  world.call("demo_who");
  EXPECT_EQ(world.last_caller.mode, Mode::kStandard);
}

TEST_F(ToolsCallTest, AnOperatorCanForbidSwitching) {
  world.catalog_options.allow_switch = false;
  world.start();
  EXPECT_EQ(world.call("demo_switch", {{"mode", "standard"}}).tool_error()["code"], "mode_not_permitted");
}

TEST_F(ToolsCallTest, SwitchingTheUrlNeedsPermissionAndEnds) {
  EXPECT_EQ(world.call("demo_switch", {{"mode", "full"}, {"scope", "url"}}).tool_error()["code"], "mode_not_permitted");
  world.catalog_options.allow_url_switch = true;
  world.start();
  const std::size_t before = tool_names(world.modern("tools/list")).size();
  EXPECT_FALSE(world.call("demo_switch", {{"mode", "full"}, {"scope", "url"}}).is_tool_error());
  EXPECT_GT(tool_names(world.modern("tools/list")).size(), before);
  world.credential.name = "other";
  EXPECT_EQ(tool_names(world.modern("tools/list")).size(), before);
  world.credential.name = "local";
  world.clock.advance(61min);
  EXPECT_EQ(tool_names(world.modern("tools/list")).size(), before);
}

TEST_F(ToolsCallTest, ModeNeverOpensAGate) {
  world.url_mode = Mode::kFull;
  EXPECT_TRUE(world.call("demo_write").is_tool_error());
  world.catalog_options.open_gates = {Gate::kDirectWrite};
  world.start();
  EXPECT_FALSE(world.call("demo_write").is_tool_error());
}

// ---- request keys -------------------------------------------------------------------------------------

TEST_F(ToolsCallTest, B7RunsAKeyedCallOnce) {
  const Json first = world.call("demo_start", {{"name", "a"}, {"request_key", "k1"}}).result();
  EXPECT_FALSE(world.last_args.contains("request_key")) << "the handler never sees it";
  const Json again = world.call("demo_start", {{"request_key", "k1"}, {"name", "a"}, {"refuse", nullptr}}).result();
  EXPECT_EQ(world.runs, 1);
  EXPECT_EQ(again["structuredContent"]["run"], first["structuredContent"]["run"]);
  EXPECT_EQ(again["structuredContent"]["replayed"], true);
  EXPECT_EQ(world.call("demo_start", {{"name", "b"}, {"request_key", "k1"}}).tool_error()["code"],
            "request_key_conflict");
  world.restart();
  EXPECT_EQ(
      world.modern_call("demo_start", {{"name", "a"}, {"request_key", "k1"}}).result()["structuredContent"]["replayed"],
      true)
      << "also after a restart and in the other era";
  EXPECT_EQ(world.runs, 1);
}

TEST_F(ToolsCallTest, B7BindsAKeyToItsScopeAndDay) {
  world.call("demo_start", {{"name", "a"}, {"request_key", "k"}});
  world.call("demo_start", {{"name", "a"}, {"request_key", "k"}}, {{"openai/session", "other"}});
  EXPECT_EQ(world.runs, 2);
  world.clock.advance(25h);
  world.call("demo_start", {{"name", "a"}, {"request_key", "k"}});
  EXPECT_EQ(world.runs, 3);
}

TEST_F(ToolsCallTest, B7LetsARefusedCallBeTriedAgain) {
  const Json arguments{{"refuse", true}, {"request_key", "k"}};
  EXPECT_EQ(world.call("demo_start", arguments).result()["structuredContent"]["error_code"], "repo_busy");
  world.call("demo_start", arguments);
  EXPECT_EQ(world.runs, 2);
}

TEST_F(ToolsCallTest, B7RefusesUnusableKeys) {
  for (const Json& key : {Json(""), Json(std::string(65, 'k')), Json(5)}) {
    EXPECT_EQ(world.call("demo_start", {{"request_key", key}}).tool_error()["code"], "invalid_argument");
  }
  EXPECT_EQ(world.runs, 0);
}

TEST_F(ToolsCallTest, B7CountsTheCharactersOfAKey) {
  std::string key;
  for (int i = 0; i < 64; ++i) key += "\u00e9";
  EXPECT_FALSE(world.call("demo_start", {{"name", "a"}, {"request_key", key}}).is_tool_error());
  EXPECT_TRUE(world.call("demo_start", {{"name", "a"}, {"request_key", key + "k"}}).is_tool_error());
}

TEST_F(ToolsCallTest, B7LetsARepeatWaitForTheFirst) {
  std::promise<void> entered, go;
  auto gate = go.get_future().share();
  world.add(
      "demo_slow", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
      [&](Call&, const Json&) -> Result<ToolReply> {
        ++world.runs;
        entered.set_value();
        gate.wait();
        return ToolReply{{{"ok", true}}, "", {}};
      },
      false, true);
  world.start();
  const auto call = [&] { return world.call("demo_slow", {{"request_key", "k"}}); };
  auto first = std::async(std::launch::async, call);
  entered.get_future().wait();
  auto second = std::async(std::launch::async, call);
  EXPECT_EQ(second.wait_for(100ms), std::future_status::timeout);
  go.set_value();
  EXPECT_FALSE(first.get().result()["structuredContent"].contains("replayed"));
  EXPECT_EQ(second.get().result()["structuredContent"]["replayed"], true);
  EXPECT_EQ(world.runs, 1);
}

// ---- limits -------------------------------------------------------------------------------------------

TEST_F(ToolsCallTest, RefusesCallsAboveTheCaps) {
  world.server_options.limits.running_calls_per_credential = 0;
  world.restart();
  const Answered a = world.call("demo_who");
  EXPECT_EQ(a.status, 429);
  EXPECT_EQ(a.code(), -32603);
  EXPECT_GT(a.retry_after, 0);
  EXPECT_EQ(world.legacy("ping").status, 200);
  EXPECT_EQ(world.server->running_calls(), 0);
}

TEST_F(ToolsCallTest, CancelsWhatOverstaysItsDeadline) {
  world.server_options.limits.max_call = 50ms;
  world.add("demo_long", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [](Call& call, const Json&) -> Result<ToolReply> {
              for (int i = 0; i < 2000 && !call.cancel().cancelled(); ++i) std::this_thread::sleep_for(5ms);
              return ToolReply{{{"ok", call.cancel().cancelled()}}, "", {}};
            });
  world.start();
  EXPECT_EQ(world.call("demo_long").result()["structuredContent"]["ok"], true);
}

TEST_F(ToolsCallTest, HandsOutOnlySoManyPlacesToWait) {
  world.server_options.limits.waiting_calls = 1;
  std::vector<bool> got;
  world.add("demo_twice", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [&](Call& call, const Json&) -> Result<ToolReply> {
              auto first = world.server->begin_wait(call);
              got.push_back(first.has_value());
              got.push_back(world.server->begin_wait(call).has_value());
              first.reset();
              got.push_back(world.server->begin_wait(call).has_value());
              return ToolReply{{{"ok", true}}, "", {}};
            });
  world.start();
  world.call("demo_twice");
  EXPECT_EQ(got, (std::vector<bool>{true, false, true}));
}

TEST_F(ToolsCallTest, H17CallsThatWaitKeepNobodyElseOut) {
  constexpr int kWaiters = 64;
  std::latch waiting(kWaiters);
  std::promise<void> go;
  const auto gate = go.get_future().share();
  world.add("demo_wait", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [&](Call& call, const Json&) -> Result<ToolReply> {
              bool got = false;
              {
                const auto wait = world.server->begin_wait(call);
                got = wait.has_value();
                waiting.count_down();
                gate.wait();
              }
              return ToolReply{{{"ok", got}}, "", {}};
            });
  world.start();
  std::vector<std::future<Answered>> waiters;
  for (int i = 0; i < kWaiters; ++i)
    waiters.push_back(std::async(std::launch::async, [&] { return world.call("demo_wait"); }));
  waiting.wait();
  EXPECT_EQ(world.server->running_calls(), 0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(world.call("demo_self_test").status, 200);
  go.set_value();
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get().result()["structuredContent"]["ok"], true);
  EXPECT_EQ(world.server->running_calls(), 0);
}

TEST_F(ToolsCallTest, ACallCountsAgainOnceItHasWaited) {
  std::vector<int> counts;
  world.add("demo_count", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [&](Call& call, const Json&) -> Result<ToolReply> {
              counts.push_back(world.server->running_calls());
              {
                const auto outer = world.server->begin_wait(call);
                const auto inner = world.server->begin_wait(call);
                counts.push_back(world.server->running_calls());
              }
              counts.push_back(world.server->running_calls());
              return ToolReply{{{"ok", true}}, "", {}};
            });
  world.start();
  world.call("demo_count");
  EXPECT_EQ(counts, (std::vector<int>{1, 0, 1}));
  EXPECT_EQ(world.server->running_calls(), 0);
}

}  // namespace
}  // namespace patchbay::mcp
