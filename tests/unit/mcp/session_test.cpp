// The legacy era: handshake, sessions, streams, per-session settings (rows G1 to G25).

#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using namespace std::chrono_literals;
using testing_support::Answered;
using testing_support::RecordingOutlet;
using testing_support::World;

class SessionRulesTest : public ::testing::Test {
 protected:
  void SetUp() override { world.start(); }

  std::variant<Server::EventStream, RpcError> open_stream(const std::string& session,
                                                          std::optional<std::string_view> last = {}) {
    return world.server->get({world.credential, {}, &world.headers}, session, last);
  }
  std::optional<RpcError> end(const std::string& session) {
    return world.server->end_session({world.credential, {}, &world.headers}, session);
  }
  World world;
};

TEST_F(SessionRulesTest, G1EchoesAServedVersionAndElseOffersTheNewest) {
  for (const char* version : {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}) {
    EXPECT_EQ(world.initialize(version).result()["protocolVersion"], version);
  }
  for (const char* version : {"1999-01-01", "2026-07-28", ""}) {
    EXPECT_EQ(world.initialize(version).result()["protocolVersion"], "2025-11-25") << version;
  }
}

TEST_F(SessionRulesTest, G2TellsCapabilitiesServerAndInstructions) {
  const Json result = world.initialize().result();
  EXPECT_EQ(result["serverInfo"], (Json{{"name", "demo"}, {"version", "1.2.3"}, {"title", "Demo"}}));
  EXPECT_EQ(result["instructions"], "Read this first.");
  EXPECT_TRUE(result["capabilities"].contains("logging"));
  EXPECT_EQ(result["capabilities"]["tools"]["listChanged"], true);
  EXPECT_FALSE(result["capabilities"].contains("tasks")) << "G25";
  EXPECT_FALSE(result.contains("resultType")) << "4.5: modern members stay out";
}

TEST_F(SessionRulesTest, G3GivesVisibleUnguessableIds) {
  const std::string a = world.initialize().session_id, b = world.initialize().session_id;
  EXPECT_NE(a, b);
  EXPECT_LE(a.size(), 128u);
  EXPECT_TRUE(std::ranges::all_of(a, [](char c) { return c > 0x20 && c < 0x7f; }));
}

TEST_F(SessionRulesTest, G5ServesWithoutASessionAndMakesNone) {
  const Answered a = world.call("demo_who");
  EXPECT_EQ(a.status, 200);
  EXPECT_TRUE(a.session_id.empty());
  EXPECT_FALSE(world.last_caller.has_session);
  EXPECT_EQ(world.last_caller.kind, ScopeKind::kCredential);
  EXPECT_EQ(world.server->session_count(), 0) << "SEC:H15";
}

TEST_F(SessionRulesTest, MalformedPostsMakeNoSessions) {
  for (int i = 0; i < 200; ++i) world.post_text(i % 2 == 0 ? "{" : "[1]", {});
  EXPECT_EQ(world.server->session_count(), 0);
}

TEST_F(SessionRulesTest, G8AndG9EndASessionForGood) {
  const std::string id = world.open_session();
  auto stream = open_stream(id);
  ASSERT_TRUE(std::holds_alternative<Server::EventStream>(stream));
  EXPECT_FALSE(end(id)) << "the first end works";
  auto& source = std::get<Server::EventStream>(stream);
  EXPECT_EQ(source.log->wait(source.reader, 0ms).state, EventLog::State::kFinished);
  EXPECT_EQ(end(id)->http_status, 404);
  EXPECT_EQ(world.legacy("ping").status, 404);
  EXPECT_EQ(std::get<RpcError>(open_stream(id)).http_status, 404);
  world.restart();
  EXPECT_EQ(world.legacy("ping").status, 404) << "a tombstone outlives the process";
}

TEST_F(SessionRulesTest, G10ExpiresIdleSessions) {
  world.open_session();
  world.clock.advance(59min);
  EXPECT_EQ(world.legacy("ping").status, 200);
  world.clock.advance(59min);
  EXPECT_EQ(world.legacy("ping").status, 200) << "use keeps it alive";
  world.clock.advance(61min);
  EXPECT_EQ(world.legacy("ping").status, 404);
}

TEST_F(SessionRulesTest, G10LetsTheLeastRecentlyUsedIdleSessionGo) {
  world.server_options.limits.sessions = 3;
  world.restart();
  const std::string busy = world.initialize().session_id;
  auto stream = open_stream(busy);  // keeps the oldest one busy
  world.clock.advance(1s);
  world.initialize();
  world.clock.advance(1s);
  world.initialize();
  world.clock.advance(1s);
  EXPECT_EQ(world.initialize().status, 200);
  EXPECT_EQ(world.server->session_count(), 3);
  auto& source = std::get<Server::EventStream>(stream);
  EXPECT_EQ(source.log->wait(source.reader, 0ms).state, EventLog::State::kOpen) << "the busy one stayed";
}

TEST_F(SessionRulesTest, G10RefusesAHandshakeWhenEverySessionIsBusy) {
  world.server_options.limits.sessions = 1;
  world.restart();
  auto stream = open_stream(world.initialize().session_id);
  ASSERT_TRUE(std::holds_alternative<Server::EventStream>(stream));
  const Answered a = world.initialize();
  EXPECT_EQ(a.status, 503);
  EXPECT_EQ(a.retry_after, 5);
}

TEST_F(SessionRulesTest, G11GoesOnAfterARestart) {
  world.open_session("2025-06-18", {{"elicitation", Json::object()}});
  world.call("demo_who");
  const std::string key = world.last_caller.scope_key;
  world.restart();
  EXPECT_EQ(world.legacy("tools/list").status, 200);
  world.call("demo_who");
  EXPECT_EQ(world.last_caller.scope_key, key);
  world.clock.advance(61min);
  world.restart();
  EXPECT_EQ(world.legacy("ping").status, 404) << "expired while nobody was there";
}

TEST_F(SessionRulesTest, G11RefusesIdsOfAnotherServerKey) {
  world.open_session();
  world.server_options.key = std::string(32, 'x');
  world.restart();
  EXPECT_EQ(world.legacy("ping").status, 404);
}

TEST_F(SessionRulesTest, G12BelongsToItsCredential) {
  world.credential = {"alice", Scope::kPower};
  const std::string id = world.open_session();
  world.credential = {"bob", Scope::kPower};
  EXPECT_EQ(world.legacy("ping").status, 404);
  EXPECT_EQ(end(id)->http_status, 404);
  world.credential = {"alice", Scope::kPower};
  EXPECT_EQ(world.legacy("ping").status, 200);
}

TEST_F(SessionRulesTest, G13QueuesForTheGetStreamWhatBelongsToNoRequest) {
  const std::string id = world.open_session();
  world.server->notify_tools_changed();
  auto stream = open_stream(id);
  auto& source = std::get<Server::EventStream>(stream);
  const auto batch = source.log->wait(source.reader, 0ms);
  ASSERT_EQ(batch.events.size(), 1u);
  EXPECT_EQ(Json::parse(batch.events[0].data)["method"], "notifications/tools/list_changed");
  EXPECT_TRUE(source.log->wait(source.reader, 0ms).events.empty()) << "each message goes out once";
}

TEST_F(SessionRulesTest, G14LetsASecondGetReplaceTheFirst) {
  const std::string id = world.open_session();
  auto first = open_stream(id);
  auto second = open_stream(id);
  auto& old = std::get<Server::EventStream>(first);
  EXPECT_EQ(old.log->wait(old.reader, 10s).state, EventLog::State::kReplaced);
  auto& now = std::get<Server::EventStream>(second);
  EXPECT_EQ(now.log->wait(now.reader, 0ms).state, EventLog::State::kOpen);
}

TEST_F(SessionRulesTest, G15PrimesOnlyTheNewestLegacyVersion) {
  auto newest = open_stream(world.open_session("2025-11-25"));
  EXPECT_EQ(std::get<Server::EventStream>(newest).priming_id, "0-0");
  auto older = open_stream(world.open_session("2025-06-18"));
  EXPECT_TRUE(std::get<Server::EventStream>(older).priming_id.empty());
}

TEST_F(SessionRulesTest, G16ReplaysBehindTheLastEventAndRefusesUnknownOnes) {
  const std::string id = world.open_session();
  for (int i = 0; i < 3; ++i) {
    const std::string uri = "test://" + std::to_string(i);
    world.legacy("resources/subscribe", {{"uri", uri}});
    world.server->notify_resource_updated(uri);
  }
  auto stream = open_stream(id, "0-1");
  auto& source = std::get<Server::EventStream>(stream);
  const auto batch = source.log->wait(source.reader, 0ms);
  ASSERT_EQ(batch.events.size(), 2u);
  EXPECT_EQ(batch.events[0].id, "0-2");
  for (const char* bad : {"0-99", "7-1", "x", "0", "", "-", "0-1x"}) {
    EXPECT_EQ(std::get<RpcError>(open_stream(id, bad)).http_status, 400) << bad;
  }
}

TEST_F(SessionRulesTest, G19AnswersABatchOfNotificationsWithNothing) {
  const Json note{{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}};
  EXPECT_EQ(world.post(Json::array({note, note})).status, 202);
  Json many = Json::array();
  for (int i = 0; i < 33; ++i) many.push_back(World::request("ping"));
  EXPECT_EQ(world.post(many).status, 400);
  const Answered mixed = world.post(Json::array({note, World::request("ping"), 5}));
  ASSERT_EQ(mixed.body.size(), 2u);
  EXPECT_EQ(mixed.body[1]["error"]["code"], -32600);
  EXPECT_FALSE(mixed.body[1].contains("id"));
}

TEST_F(SessionRulesTest, G20AsksTheClientOnTheStreamOfTheCall) {
  Json asked;
  world.raw_tools.push_back({.descriptor = {{"name", "ask"}, {"inputSchema", {{"type", "object"}}}},
                             .run = [&](RichCall& call, const Json&) -> Result<Json> {
                               asked = PB_TRY(call.ask_client("elicitation/create", {{"message", "?"}}));
                               return Json{{"content", Json::array()}};
                             }});
  world.start();
  world.open_session("2025-11-25", {{"elicitation", Json::object()}});
  RecordingOutlet outlet;
  auto call = std::async(std::launch::async, [&] {
    return world.post_text(World::request("tools/call", {{"name", "ask"}}).dump(), world.headers, outlet);
  });
  ASSERT_TRUE(outlet.wait_sent(1));
  const Json question = outlet.sent()[0];
  EXPECT_EQ(question["method"], "elicitation/create");
  const Json answer{{"jsonrpc", "2.0"}, {"id", question["id"]}, {"result", {{"action", "decline"}}}};
  EXPECT_EQ(world.post(answer).status, 202);
  EXPECT_FALSE(call.get().is_tool_error());
  EXPECT_EQ(asked["action"], "decline");
}

TEST_F(SessionRulesTest, G20AsksNobodyWhoDeclaredNothing) {
  world.raw_tools.push_back({.descriptor = {{"name", "ask"}, {"inputSchema", {{"type", "object"}}}},
                             .run = [](RichCall& call, const Json&) -> Result<Json> {
                               return PB_TRY(call.ask_client("elicitation/create", Json::object()));
                             }});
  world.start();
  world.open_session();
  EXPECT_TRUE(world.call("ask").is_tool_error());
  world.headers.clear();
  EXPECT_TRUE(world.call("ask").is_tool_error()) << "no session, no questions (G5)";
}

TEST_F(SessionRulesTest, G21KeepsTheLogLevelOfTheSession) {
  world.raw_tools.push_back({.descriptor = {{"name", "log"}, {"inputSchema", {{"type", "object"}}}},
                             .run = [](RichCall& call, const Json&) -> Result<Json> {
                               call.log("info", "small", "");
                               call.log("error", "large", "");
                               return Json{{"content", Json::array()}};
                             }});
  world.start();
  world.open_session();
  EXPECT_EQ(world.call("log").sent.size(), 2u);
  EXPECT_EQ(world.legacy("logging/setLevel", {{"level", "error"}}).result(), Json::object());
  const Answered a = world.call("log");
  ASSERT_EQ(a.sent.size(), 1u);
  EXPECT_EQ(a.sent[0]["params"]["data"], "large");
  EXPECT_EQ(world.legacy("logging/setLevel", {{"level", "loud"}}).code(), -32602);
}

TEST_F(SessionRulesTest, G22TellsSubscribersOfTheirResource) {
  const std::string id = world.open_session();
  EXPECT_EQ(world.legacy("resources/subscribe", {{"uri", "test://a"}}).result(), Json::object());
  EXPECT_EQ(world.legacy("resources/unsubscribe", {{"uri", "test://never"}}).result(), Json::object());
  world.server->notify_resource_updated("test://b");
  world.server->notify_resource_updated("test://a");
  auto stream = open_stream(id);
  auto& source = std::get<Server::EventStream>(stream);
  const auto batch = source.log->wait(source.reader, 0ms);
  ASSERT_EQ(batch.events.size(), 1u);
  EXPECT_EQ(Json::parse(batch.events[0].data)["params"]["uri"], "test://a");
  for (const Json& bad : {Json(5), Json("no uri"), Json("a b:c")}) {
    EXPECT_EQ(world.legacy("resources/subscribe", {{"uri", bad}}).code(), -32602);
  }
  for (int i = 1; i < 64; ++i) world.legacy("resources/subscribe", {{"uri", "test://" + std::to_string(i)}});
  EXPECT_EQ(world.legacy("resources/subscribe", {{"uri", "test://more"}}).code(), -32602) << "at most 64";
}

TEST_F(SessionRulesTest, G23AnnouncesAModeSwitchToTheSessionThatMadeIt) {
  const std::string other = world.open_session();
  const std::string id = world.open_session();
  ASSERT_FALSE(world.call("demo_switch", {{"mode", "full"}}).is_tool_error());
  auto mine = open_stream(id);
  auto& source = std::get<Server::EventStream>(mine);
  EXPECT_EQ(source.log->wait(source.reader, 0ms).events.size(), 1u);
  auto theirs = open_stream(other);
  auto& quiet = std::get<Server::EventStream>(theirs);
  EXPECT_TRUE(quiet.log->wait(quiet.reader, 0ms).events.empty());
}

TEST_F(SessionRulesTest, G24AnswersPingBeforeAnythingElse) {
  world.open_session();
  EXPECT_EQ(world.legacy("ping").result(), Json::object());
}

TEST_F(SessionRulesTest, G25IgnoresATaskParameter) {
  world.open_session();
  const Answered a = world.legacy("tools/call", {{"name", "demo_who"}, {"task", {{"ttl", 1000}}}});
  EXPECT_FALSE(a.result().contains("task"));
  EXPECT_EQ(a.result()["structuredContent"]["ok"], true);
}

TEST_F(SessionRulesTest, CancelsARunningCallByItsId) {
  world.raw_tools.push_back({.descriptor = {{"name", "wait"}, {"inputSchema", {{"type", "object"}}}},
                             .run = [](RichCall& call, const Json&) -> Result<Json> {
                               call.log("info", "begun", "");
                               for (int i = 0; i < 1000 && !call.cancel().cancelled(); ++i)
                                 std::this_thread::sleep_for(5ms);
                               return Json{{"content", Json::array()}, {"seen", call.cancel().cancelled()}};
                             }});
  world.start();
  world.open_session();
  RecordingOutlet outlet;
  auto call = std::async(std::launch::async, [&] {
    return world.post_text(World::request("tools/call", {{"name", "wait"}}, "job").dump(), world.headers, outlet);
  });
  ASSERT_TRUE(outlet.wait_sent(1));
  outlet.gone_token.cancel();  // G17: a lost connection is no cancellation in this era
  world.post({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "other"}}}});
  EXPECT_EQ(call.wait_for(50ms), std::future_status::timeout);
  world.post({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "job"}}}});
  EXPECT_EQ(call.get().result()["seen"], true);
}

TEST_F(SessionRulesTest, AdaptsResultsToWhatAVersionKnows) {
  world.raw_tools.push_back({.descriptor = {{"name", "media"}, {"inputSchema", {{"type", "object"}}}},
                             .run = [](RichCall&, const Json&) -> Result<Json> {
                               return Json{{"content",
                                            {{{"type", "audio"}, {"data", "AAAA"}, {"mimeType", "audio/wav"}},
                                             {{"type", "resource_link"}, {"uri", "test://x"}, {"name", "x"}}}}};
                             }});
  world.start();
  const auto types = [&](const char* version) {
    world.open_session(version);
    std::string out;
    const Json result = world.call("media").result();
    for (const Json& block : result["content"]) out += block["type"].get<std::string>() + " ";
    return out;
  };
  EXPECT_EQ(types("2024-11-05"), "text text ");
  EXPECT_EQ(types("2025-03-26"), "audio text ");
  EXPECT_EQ(types("2025-06-18"), "audio resource_link ");
  EXPECT_EQ(types("2025-11-25"), "audio resource_link ");
}

TEST_F(SessionRulesTest, GivesOldClientsTheStructuredContentAsText) {
  world.open_session("2025-03-26");
  const Json result = world.call("demo_text", {{"raw", "hello"}}).result();
  EXPECT_EQ(result["content"][0]["text"], "hello");
  EXPECT_EQ(Json::parse(result["content"][1]["text"].get<std::string>()), result["structuredContent"]);
  world.open_session("2025-06-18");
  EXPECT_EQ(world.call("demo_text", {{"raw", "hello"}}).result()["content"].size(), 1u);
}

}  // namespace
}  // namespace patchbay::mcp
