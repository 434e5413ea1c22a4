// The line rules, without any descriptor: rows S4 to S9, M20, M32.

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <semaphore>
#include <set>

#include "support/patience.h"
#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using namespace std::chrono_literals;
using testing_support::World;

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.start();
    connect();
  }
  void TearDown() override {
    if (connection) connection->cancel_all();
    for (std::thread& thread : threads) thread.join();
    connection.reset();
  }
  void connect(std::string client_id = {}) {
    connection = world.server->connect({.credential = {},
                                        .label = "front",
                                        .client_id = std::move(client_id),
                                        .write =
                                            [this](std::string_view line) {
                                              std::lock_guard lock(mutex);
                                              lines.push_back(Json::parse(line));
                                              changed.notify_all();
                                            },
                                        .run =
                                            [this](std::function<void()> task) {
                                              if (no_threads) return false;
                                              threads.emplace_back(std::move(task));
                                              return true;
                                            }});
  }
  /// Waits for the line that answers `id`.
  Json answer(const Json& id) {
    std::unique_lock lock(mutex);
    Json found;
    changed.wait_for(lock, testing_support::kPatience, [&] {
      for (const Json& line : lines) {
        if (line.contains("id") && line["id"] == id && !line.contains("method")) found = line;
      }
      return !found.is_null();
    });
    return found;
  }
  Json ask(const Json& message) {
    connection->receive(message.dump());
    return answer(message["id"]);
  }
  Json last() {
    std::lock_guard lock(mutex);
    return lines.empty() ? Json() : lines.back();
  }
  Json initialize(const std::string& version = "2025-11-25") {
    return ask(World::request("initialize", {{"protocolVersion", version}, {"capabilities", Json::object()}}, "init"));
  }
  static Json modern(const std::string& method, Json params, Json id) {
    params["_meta"] = World::envelope();
    return World::request(method, std::move(params), std::move(id));
  }

  World world;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Json> lines;
  std::vector<std::thread> threads;
  bool no_threads = false;
  std::shared_ptr<Connection> connection;
};

TEST_F(ConnectionTest, S4ServesBothErasOnOneConnection) {
  EXPECT_EQ(ask(modern("server/discover", Json::object(), 1))["result"]["supportedVersions"][0], "2026-07-28");
  EXPECT_EQ(ask(World::request("tools/list", Json::object(), 2))["error"]["code"], -32600)
      << "discovering pins nothing";
  EXPECT_EQ(initialize()["result"]["protocolVersion"], "2025-11-25");
  EXPECT_FALSE(ask(World::request("tools/list", Json::object(), 3))["result"].contains("resultType"));
  EXPECT_EQ(ask(modern("tools/list", Json::object(), 4))["result"]["resultType"], "complete");
}

TEST_F(ConnectionTest, S5RefusesClaimlessRequestsBeforeInitialize) {
  const Json refused = ask(World::request("tools/list", Json::object(), 1));
  EXPECT_EQ(refused["error"]["code"], -32600);
  EXPECT_EQ(refused["error"]["message"], "Not initialized");
  EXPECT_EQ(ask(World::request("ping", Json::object(), 2))["result"], Json::object());
}

TEST_F(ConnectionTest, S6RefusesUnservedClaimsAndMalformedEnvelopes) {
  Json meta = World::envelope();
  meta["io.modelcontextprotocol/protocolVersion"] = "2030-01-01";
  const Json unserved = ask(World::request("tools/list", {{"_meta", meta}}, 1));
  EXPECT_EQ(unserved["error"]["code"], -32022);
  EXPECT_EQ(unserved["error"]["data"]["supported"], Json::array({"2026-07-28"}));
  meta = World::envelope();
  meta.erase("io.modelcontextprotocol/clientCapabilities");
  EXPECT_EQ(ask(World::request("tools/list", {{"_meta", meta}}, 2))["error"]["code"], -32602);
  EXPECT_EQ(ask(modern("initialize", Json::object(), 3))["error"]["code"], -32601);
}

TEST_F(ConnectionTest, S7AnswersOthersWhileACallRuns) {
  world.add("demo_wait", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [](Call& call, const Json&) -> Result<ToolReply> {
              for (int i = 0; i < 2000 && !call.cancel().cancelled(); ++i) std::this_thread::sleep_for(5ms);
              return ToolReply{{{"ok", call.cancel().cancelled()}}, "", {}};
            });
  connection.reset();
  world.start();
  connect();
  initialize();
  connection->receive(World::request("tools/call", {{"name", "demo_wait"}}, "slow").dump());
  EXPECT_EQ(ask(World::request("ping", Json::object(), 5))["result"], Json::object());
  EXPECT_EQ(connection->running(), 1);
  connection->receive(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"nobody"}})");
  connection->receive(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"slow"}})");
  while (connection->running() > 0) std::this_thread::sleep_for(1ms);
  std::lock_guard lock(mutex);
  EXPECT_TRUE(std::none_of(lines.begin(), lines.end(), [](const Json& line) {
    return line.contains("id") && line["id"] == "slow";
  })) << "M32: what its client gave up gets no answer";
}

TEST_F(ConnectionTest, M32SaysNothingMoreOnceTheClientGaveUp) {
  std::promise<void> begun;
  world.raw_tools.push_back({.descriptor = {{"name", "talk"}, {"inputSchema", {{"type", "object"}}}},
                             .run = [&](RichCall& call, const Json&) -> Result<Json> {
                               begun.set_value();
                               while (!call.cancel().cancelled()) std::this_thread::sleep_for(1ms);
                               call.log("error", "too late", "");
                               call.emit_progress(1, std::nullopt, "too late");
                               return Json{{"content", Json::array()}};
                             }});
  connection.reset();
  world.start();
  connect();
  initialize();
  const std::size_t before = lines.size();
  connection->receive(World::request("tools/call", {{"name", "talk"}, {"_meta", {{"progressToken", 1}}}}, 4).dump());
  begun.get_future().wait();
  connection->receive(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}})");
  while (connection->running() > 0) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(lines.size(), before);
}

TEST_F(ConnectionTest, S7RefusesACallThatNoThreadCanTake) {
  initialize();
  no_threads = true;
  EXPECT_EQ(ask(World::request("tools/call", {{"name", "demo_who"}}, 1))["error"]["code"], -32603);
  EXPECT_EQ(connection->running(), 0);
  EXPECT_EQ(ask(World::request("ping", Json::object(), 2))["result"], Json::object());
}

TEST_F(ConnectionTest, S7RefusesCallsAboveTheCapOnArrival) {
  world.server_options.limits.running_calls_per_credential = 1;
  world.server_options.limits.waiting_calls = 1;
  std::promise<void> go;
  const auto gate = go.get_future().share();
  std::counting_semaphore<2> blocked{0};
  world.add("demo_block", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [&](Call& call, const Json&) -> Result<ToolReply> {
              const auto wait = world.server->begin_wait(call);
              blocked.release();
              gate.wait();
              return ToolReply{{{"ok", true}}, "", {}};
            });
  connection.reset();
  world.start();
  connect();
  initialize();
  for (int id : {1, 2}) {
    connection->receive(World::request("tools/call", {{"name", "demo_block"}}, id).dump());
    EXPECT_TRUE(blocked.try_acquire_for(10s)) << "the second runs only once the first waits and needs no place";
  }
  EXPECT_EQ(ask(World::request("tools/call", {{"name", "demo_block"}}, 3))["error"]["code"], -32603);
  EXPECT_EQ(threads.size(), 2u) << "it waits in no queue";
  go.set_value();
  while (connection->running() > 0) std::this_thread::sleep_for(1ms);
}

TEST_F(ConnectionTest, S8SurvivesWhatIsNoMessage) {
  connection->receive("{");
  EXPECT_EQ(last()["error"]["code"], -32700);
  EXPECT_FALSE(last().contains("id"));
  connection->receive("\"\xff\"");
  EXPECT_EQ(last()["error"]["code"], -32700);
  connection->receive("5");
  EXPECT_EQ(last()["error"]["code"], -32600);
  connection->refuse_oversized();
  EXPECT_EQ(last()["error"]["code"], -32600);
  EXPECT_FALSE(last().contains("id"));
  const std::size_t before = lines.size();
  connection->receive("");
  connection->receive("  \r");
  EXPECT_EQ(lines.size(), before) << "blank lines are nothing";
  EXPECT_EQ(ask(World::request("ping", Json::object(), 1))["result"], Json::object());
}

TEST_F(ConnectionTest, ToleratesCarriageReturns) {
  connection->receive(World::request("ping", Json::object(), 1).dump() + "\r");
  EXPECT_EQ(answer(1)["result"], Json::object());
}

TEST_F(ConnectionTest, ServesBatchesOnlyToVersionsThatHaveThem) {
  const std::string batch = Json::array({World::request("ping", Json::object(), 7)}).dump();
  connection->receive(batch);
  EXPECT_EQ(last()["error"]["code"], -32600);
  initialize("2025-06-18");
  connection->receive(batch);
  EXPECT_EQ(last()["error"]["code"], -32600);
  initialize("2025-03-26");
  connection->receive(batch);
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, testing_support::kPatience, [&] { return lines.back().is_array(); }));
  EXPECT_EQ(lines.back()[0]["id"], 7);
}

TEST_F(ConnectionTest, TakesTheFrontEndForTheCaller) {
  initialize();
  ask(World::request("tools/call", {{"name", "demo_who"}}, 1));
  EXPECT_EQ(world.last_caller.kind, ScopeKind::kProcess);
  const std::string key = world.last_caller.scope_key;
  ask(modern("tools/call", {{"name", "demo_who"}}, 2));
  EXPECT_EQ(world.last_caller.scope_key, key) << "both eras of one connection";
  EXPECT_TRUE(world.server->scope_live(key, 60min));
  connection->close();
  EXPECT_FALSE(world.server->scope_live(key, 60min));
}

TEST_F(ConnectionTest, B7AFrontEndKeepsItsIdentityAcrossConnectionsAndOwners) {
  const std::string client(32, 'a');
  const Json start{{"name", "demo_start"}, {"arguments", {{"request_key", "once"}}}};
  connection.reset();
  connect(client);
  initialize();
  ask(World::request("tools/call", {{"name", "demo_who"}}, 1));
  const std::string key = world.last_caller.scope_key;
  EXPECT_FALSE(ask(World::request("tools/call", start, 2))["result"]["structuredContent"].contains("replayed"));
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  world.server->shutdown();
  connection->close();
  connection.reset();
  world.restart();
  lines.clear();
  connect(client);
  initialize();
  EXPECT_EQ(ask(World::request("tools/call", start, 2))["result"]["structuredContent"]["replayed"], true);
  EXPECT_EQ(world.runs, 1);
  ask(World::request("tools/call", {{"name", "demo_who"}}, 1));
  EXPECT_EQ(world.last_caller.scope_key, key);
  // The old connection of the same front end may end after the new one began.
  const auto old = std::move(connection);
  connect(client);
  old->close();
  EXPECT_TRUE(world.server->scope_live(key, 60min));
  connection->close();
  EXPECT_FALSE(world.server->scope_live(key, 60min));
}

TEST_F(ConnectionTest, M18NothingOvertakesTheAcknowledgement) {
  std::atomic<bool> stop{false};
  std::thread announcer([&] {
    while (!stop) world.server->notify_tools_changed();
  });
  for (int i = 0; i < 50; ++i) {
    const std::string id = "l" + std::to_string(i);
    connection->receive(modern("subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}, id).dump());
    connection->receive(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":")" + id + "\"}}");
  }
  stop = true;
  announcer.join();
  std::set<std::string> acknowledged;
  for (const Json& line : lines) {
    const auto id = line["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].get<std::string>();
    if (line["method"] == "notifications/subscriptions/acknowledged") acknowledged.insert(id);
    EXPECT_TRUE(acknowledged.contains(id));
  }
  EXPECT_EQ(acknowledged.size(), 50u);
}

TEST_F(ConnectionTest, AnnouncesOnTheLine) {
  initialize();
  ask(World::request("tools/call", {{"name", "demo_switch"}, {"arguments", {{"mode", "full"}}}}, 1));
  std::lock_guard lock(mutex);
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [](const Json& line) {
    return line.value("method", "") == "notifications/tools/list_changed";
  }));
}

TEST_F(ConnectionTest, M20ListensAndSaysGoodbyeInOrder) {
  connection->receive(modern("subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}, "l").dump());
  EXPECT_EQ(last()["method"], "notifications/subscriptions/acknowledged");
  world.server->notify_tools_changed();
  EXPECT_EQ(last()["method"], "notifications/tools/list_changed");
  connection->announce_end();
  std::lock_guard lock(mutex);
  ASSERT_GE(lines.size(), 4u);
  EXPECT_EQ(lines[lines.size() - 2]["method"], "notifications/cancelled");
  EXPECT_EQ(lines[lines.size() - 2]["params"]["requestId"], "l");
  EXPECT_EQ(lines.back()["result"]["resultType"], "complete");
}

TEST_F(ConnectionTest, EndsAListenWhenTheClientCancelsIt) {
  connection->receive(modern("subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}, 9).dump());
  connection->receive(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})");
  const std::size_t before = lines.size();
  world.server->notify_tools_changed();
  EXPECT_EQ(lines.size(), before);
}

TEST_F(ConnectionTest, SaysNothingAfterTheInputEnded) {
  initialize();
  connection->close();
  const std::size_t before = lines.size();
  world.server->notify_tools_changed();
  EXPECT_EQ(lines.size(), before);
}

}  // namespace
}  // namespace patchbay::mcp
