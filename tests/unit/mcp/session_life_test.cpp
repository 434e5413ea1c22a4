// How long sessions, their streams and what they chose last (rows G8 to G16, G19, G23, 7.4, SEC:A6).

#include <gtest/gtest.h>

#include <future>

#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using namespace std::chrono_literals;
using testing_support::Answered;
using testing_support::RecordingOutlet;
using testing_support::World;

class SessionLifeTest : public ::testing::Test {
 protected:
  void SetUp() override { world.start(); }

  std::variant<Server::EventStream, RpcError> open_stream(const std::string& session,
                                                          std::optional<std::string_view> last = {}) {
    return world.server->get({world.credential, {}, &world.headers}, session, last);
  }
  std::optional<RpcError> end(const std::string& session) {
    return world.server->end_session({world.credential, {}, &world.headers}, session);
  }
  /// Events that wait on the session's general stream.
  std::vector<Event> waiting(const std::string& session) {
    auto stream = open_stream(session);
    auto& source = std::get<Server::EventStream>(stream);
    auto batch = source.log->wait(source.reader, 0ms);
    source.log->detach(source.reader);
    return batch.events;
  }
  void subscribe(int first, int count) {
    for (int i = first; i < first + count; ++i)
      world.legacy("resources/subscribe", {{"uri", "test://" + std::to_string(i)}});
  }
  World world;
};

TEST_F(SessionLifeTest, G10AndG11AListenerIsInUse) {
  const std::string id = world.open_session();
  {
    auto stream = open_stream(id);
    auto& source = std::get<Server::EventStream>(stream);
    for (int minute = 0; minute < 180; ++minute) {
      world.clock.advance(1min);
      world.server->keep_session(source.session);
    }
    source.log->detach(source.reader);
  }
  EXPECT_EQ(world.legacy("ping").status, 200) << "the line broke for a moment";
  {
    auto stream = open_stream(id);
    auto& source = std::get<Server::EventStream>(stream);
    for (int minute = 0; minute < 180; ++minute) {
      world.clock.advance(1min);
      world.server->keep_session(source.session);
    }
    source.log->detach(source.reader);
  }
  world.restart();
  EXPECT_EQ(world.legacy("ping").status, 200);
}

TEST_F(SessionLifeTest, G11AnIdThatFindsNoRoomAfterARestartIsToldToWait) {
  const std::string early = world.open_session();
  const mcp::HeaderList mine = world.headers;
  world.server_options.limits.sessions = 1;
  world.restart();
  world.headers.clear();
  auto busy = open_stream(world.initialize().session_id);
  ASSERT_TRUE(std::holds_alternative<Server::EventStream>(busy));
  world.headers = mine;
  const Answered a = world.legacy("ping");
  EXPECT_EQ(a.status, 503);
  EXPECT_GT(a.retry_after, 0);
  EXPECT_EQ(std::get<RpcError>(open_stream(early)).http_status, 503);
}

/// Keeps everything but the ends of sessions.
class NoTombstones final : public StateStore {
 public:
  explicit NoTombstones(StateStore& inner) : in_(inner) {}
  Status put_handle(const std::string& h, const HandleRecord& r) override { return in_.put_handle(h, r); }
  Result<std::optional<HandleRecord>> find_handle(const std::string& h) override { return in_.find_handle(h); }
  void touch_handle(const std::string& h, WallTime now) override { in_.touch_handle(h, now); }
  void drop_handle(const std::string& h) override { in_.drop_handle(h); }
  Status put_scope(const std::string& k, const ScopeRecord& r) override { return in_.put_scope(k, r); }
  std::optional<ScopeRecord> find_scope(const std::string& k) override { return in_.find_scope(k); }
  Status put_result(const std::string& k, const KeyedResult& r) override { return in_.put_result(k, r); }
  Result<std::optional<KeyedResult>> find_result(const std::string& k) override { return in_.find_result(k); }
  Status add_tombstone(const std::string&, WallTime) override {
    return Error{ErrorCode::kDiskFull, "the disk is full", {}, {}};
  }
  bool has_tombstone(const std::string& s) override { return in_.has_tombstone(s); }
  Result<bool> use_nonce(const std::string& n, WallTime until) override { return in_.use_nonce(n, until); }
  void sweep(const Ages& ages) override { in_.sweep(ages); }

 private:
  StateStore& in_;
};

TEST_F(SessionLifeTest, G9AnEndThatCannotBeWrittenDownIsNone) {
  NoTombstones store(world.store);
  world.server_options.store = &store;
  world.server = std::make_unique<Server>(world.server_options);
  const std::string id = world.open_session();
  EXPECT_EQ(end(id)->http_status, 503);
  EXPECT_EQ(world.legacy("ping").status, 200) << "it goes on";
  world.server.reset();
}

TEST_F(SessionLifeTest, G15NoEventIdIsGivenTwiceAcrossARestart) {
  const std::string id = world.open_session();
  world.server->notify_tools_changed();
  EXPECT_EQ(waiting(id).at(0).id, "0-1");
  world.clock.advance(1s);
  world.restart();
  ASSERT_EQ(world.legacy("ping").status, 200);
  world.server->notify_tools_changed();
  const std::string again = waiting(id).at(0).id;
  EXPECT_NE(again, "0-1");
  EXPECT_EQ(std::get<RpcError>(open_stream(id, "0-1")).http_status, 400)
      << "an id of before must not be taken for one of now";
  EXPECT_TRUE(std::holds_alternative<Server::EventStream>(open_stream(id, again)));
  EXPECT_EQ(std::get<RpcError>(open_stream(id, "1-1")).http_status, 400);
}

TEST_F(SessionLifeTest, G13EqualNewsThatNobodyHasReadIsToldOnce) {
  const std::string id = world.open_session();
  subscribe(0, 1);
  for (int i = 0; i < 300; ++i) {
    world.server->notify_tools_changed();
    world.server->notify_resource_updated("test://0");
  }
  EXPECT_EQ(waiting(id).size(), 2u);
  world.server->notify_tools_changed();
  EXPECT_EQ(waiting(id).size(), 1u) << "what was read is no reason to keep silent";
}

TEST_F(SessionLifeTest, AReaderThatMissedSomethingIsLost) {
  world.server_options.limits.listen_uris = 1000;
  world.restart();
  const std::string id = world.open_session();
  subscribe(0, 300);
  auto stream = open_stream(id);
  auto& source = std::get<Server::EventStream>(stream);
  for (int i = 0; i < 300; ++i) world.server->notify_resource_updated("test://" + std::to_string(i));
  const auto batch = source.log->wait(source.reader, 0ms);
  EXPECT_EQ(batch.state, EventLog::State::kLost);
  EXPECT_TRUE(batch.events.empty());
  source.log->detach(source.reader);
  EXPECT_EQ(waiting(id).size(), world.server->limits().queued_without_reader) << "a new one starts behind the gap";
}

TEST_F(SessionLifeTest, G16FinishedStreamsAreForgottenOnceNobodyCanResumeThem) {
  const Limits limits;
  Session::Identity identity;
  identity.version = &newest(Era::kLegacy);
  Session session(identity, limits, world.clock);
  const auto done = session.open_stream();
  const auto running = session.open_stream();
  done->append("x");
  done->finish();
  world.clock.advance(9min);
  session.sweep();
  EXPECT_TRUE(session.find_stream(done->stream()));
  world.clock.advance(2min);
  const auto reader = done->attach();
  session.sweep();
  EXPECT_TRUE(session.find_stream(done->stream())) << "somebody reads it";
  done->detach(reader);
  session.sweep();
  EXPECT_FALSE(session.find_stream(done->stream()));
  EXPECT_TRUE(session.find_stream(running->stream()));
}

TEST_F(SessionLifeTest, AGetCountsAmongTheStreamsOfItsSession) {
  world.server_options.limits.streams_per_session = 1;
  world.restart();
  const std::string id = world.open_session();
  auto first = open_stream(id);
  auto& source = std::get<Server::EventStream>(first);
  EXPECT_TRUE(std::holds_alternative<Server::EventStream>(open_stream(id))) << "G14: it replaces the first";
  const auto other = source.session->open_stream();
  EXPECT_FALSE(other);
  auto third = open_stream(id);
  std::get<Server::EventStream>(third).log->detach(std::get<Server::EventStream>(third).reader);
  ASSERT_TRUE(source.session->open_stream());
  EXPECT_EQ(std::get<RpcError>(open_stream(id)).http_status, 429);
}

TEST_F(SessionLifeTest, A6EndsWithTheTokenThatMadeIt) {
  world.credential = {"token/ci", Scope::kPower, "first"};
  const std::string id = world.open_session();
  EXPECT_EQ(world.legacy("ping").status, 200);
  world.credential.generation = "second";
  EXPECT_EQ(world.legacy("ping").status, 404);
  EXPECT_EQ(end(id)->http_status, 404);
  world.restart();
  EXPECT_EQ(world.legacy("ping").status, 404);
  world.credential.generation = "first";
  EXPECT_EQ(world.legacy("ping").status, 200);
}

TEST_F(SessionLifeTest, OwnershipRemembersAnEndAcrossARestart) {
  const std::string id = world.open_session();
  world.call("demo_who");
  const std::string key = world.last_caller.scope_key;
  world.restart();
  EXPECT_TRUE(world.server->scope_live(key, 60min)) << "heard of a moment ago";
  EXPECT_FALSE(end(id));
  EXPECT_FALSE(world.server->scope_live(key, 60min));
  world.restart();
  EXPECT_FALSE(world.server->scope_live(key, 60min));
}

TEST_F(SessionLifeTest, ASessionThatExpiresEndsItsOwnership) {
  world.server_options.limits.session_idle = 10min;
  world.restart();
  world.open_session();
  world.call("demo_who");
  const std::string key = world.last_caller.scope_key;
  world.clock.advance(11min);
  EXPECT_TRUE(world.server->scope_live(key, 60min));
  world.open_session();  // looks through all of them
  EXPECT_FALSE(world.server->scope_live(key, 60min));
}

TEST_F(SessionLifeTest, ManyConversationsDoNotMakeTheNewestForgotten) {
  const auto conversation = [](int i) { return Json{{"openai/session", "conversation " + std::to_string(i)}}; };
  const auto heard_of = [&](int i) {
    world.legacy("resources/read", {{"uri", "test://x"}, {"_meta", conversation(i)}});
  };
  for (int i = 0; i < 8191; ++i) {
    heard_of(i);
    if (i % 1000 == 0) world.clock.advance(1s);
  }
  world.call("demo_who", Json::object(), conversation(8191));
  const std::string newest = world.last_caller.scope_key;
  StateStore::Ages everything{};
  everything.scopes_before = world.clock.wall() + 1h;
  world.store.sweep(everything);  // now only memory knows
  heard_of(9000);
  EXPECT_TRUE(world.server->scope_live(newest, 60min));
}

TEST_F(SessionLifeTest, G23ComparesWhatTheSessionListedAndNotWhatTheCallerCouldUse) {
  const std::string id = world.open_session();
  const std::string handle = world.call("demo_switch", {{"mode", "full"}}).handle();
  waiting(id);
  // Another session, still narrow, is told although the handle's own mode does not change.
  const std::string other = world.open_session();
  world.call("demo_switch", {{"mode", "full"}, {"handle", handle}});
  EXPECT_EQ(waiting(other).size(), 1u);
  world.call("demo_switch", {{"mode", "full"}});
  EXPECT_TRUE(waiting(other).empty()) << "nothing changed";
}

TEST_F(SessionLifeTest, G23AUrlSwitchIsAnnouncedToItsOwnCredential) {
  world.catalog_options.allow_url_switch = true;
  world.start();
  world.credential = {"bob", Scope::kPower};
  const std::string bobs = world.open_session();
  world.credential = {"alice", Scope::kPower};
  const std::string chosen = world.open_session();
  world.call("demo_switch", {{"mode", "minimal"}});
  waiting(chosen);
  const std::string plain = world.open_session();
  world.call("demo_switch", {{"mode", "full"}, {"scope", "url"}});
  EXPECT_EQ(waiting(plain).size(), 1u);
  EXPECT_TRUE(waiting(chosen).empty()) << "it has a mode of its own";
  world.credential = {"bob", Scope::kPower};
  EXPECT_TRUE(waiting(bobs).empty());
}

// ---- batches ------------------------------------------------------------------------------------------

class BatchTest : public SessionLifeTest {
 protected:
  static Json call(const char* tool, Json id, Json arguments = Json::object()) {
    return World::request("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}}, std::move(id));
  }
  static Json cancel(Json id) {
    return {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", std::move(id)}}}};
  }
};

TEST_F(BatchTest, G19KeepsTheWholeAnswerWithinTheCap) {
  world.server_options.limits.response_bytes = 20'000;
  world.restart();
  world.open_session("2025-03-26");
  Json batch = Json::array();
  for (int i = 0; i < 10; ++i) batch.push_back(call("demo_text", i, {{"bytes", 4000}}));
  const Answered a = world.post(batch);
  ASSERT_EQ(a.body.size(), 10u);
  EXPECT_LT(a.text.size(), 25'000u);
  EXPECT_TRUE(a.body[0].contains("result"));
  EXPECT_EQ(a.body[9]["error"]["code"], -32603);
  EXPECT_EQ(a.body[9]["id"], 9);
}

TEST_F(BatchTest, G19LeavesOutWhatWasCancelledBeforeItsTurn) {
  world.open_session("2025-03-26");
  const Answered a = world.post(Json::array({cancel("late"), call("demo_start", "late"), call("demo_who", 1)}));
  ASSERT_EQ(a.body.size(), 1u);
  EXPECT_EQ(a.body[0]["id"], 1);
  EXPECT_EQ(world.runs, 0);
}

TEST_F(BatchTest, G19HasOneDeadlineForAll) {
  world.add("demo_later", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [&](Call&, const Json&) -> Result<ToolReply> {
              world.clock.advance(30s);
              return ToolReply{{{"ok", true}}, "", {}};
            });
  world.start();
  world.open_session("2025-03-26");
  const Answered a = world.post(Json::array({call("demo_later", 1), call("demo_later", 2), call("demo_later", 3)}));
  ASSERT_EQ(a.body.size(), 3u);
  EXPECT_TRUE(a.body[1].contains("result"));
  EXPECT_EQ(a.body[2]["error"]["code"], -32603);
}

// ---- sizes --------------------------------------------------------------------------------------------

TEST_F(SessionLifeTest, OldClientsGetNoMoreTextThanOthers) {
  world.open_session("2025-03-26");
  const Json result = world.call("demo_text", {{"bytes", 50'000}}).result();
  std::size_t bytes = 0;
  for (const Json& block : result["content"]) bytes += block["text"].get_ref<const std::string&>().size();
  EXPECT_LE(bytes, 64u << 10);
  ASSERT_EQ(result["content"].size(), 2u);
  EXPECT_NE(result["content"][1]["text"].get<std::string>().find("left out"), std::string::npos);
}

TEST_F(SessionLifeTest, ErrorsStayWithinTheTextLimit) {
  world.add("demo_chatty", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [](Call&, const Json&) -> Result<ToolReply> {
              return Error{ErrorCode::kNotFound, std::string(1u << 20, '\x01'), std::string(1u << 20, '"'), {}};
            });
  world.start();
  world.open_session();
  const Answered a = world.call("demo_chatty");
  EXPECT_LE(a.content().size(), 64u << 10);
  EXPECT_EQ(a.tool_error()["code"], "not_found");
}

}  // namespace
}  // namespace patchbay::mcp
