// What comes out: JSON or events, streams, routes (rows H14 to H18, 2.2, G13 to G17, M31).

#include <gtest/gtest.h>

#include <future>

#include "patchbay/transport/http_endpoint.h"
#include "support/patience.h"
#include "support/protocol_world.h"
#include "unit/transport/fake_exchange.h"

namespace patchbay::transport {
namespace {

using namespace std::chrono_literals;
using testing_support::FakeExchange;
using testing_support::header_of;
using testing_support::http_request;
using testing_support::World;

constexpr const char* kBoth = "application/json, text/event-stream";

class EndpointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    raw("notify", [](mcp::RichCall& call, const Json&) -> Result<Json> {
      call.log("error", "first", "");
      return Json{{"content", Json::array()}, {"done", true}};
    });
    raw("wait", [this](mcp::RichCall& call, const Json&) -> Result<Json> {
      token = call.cancel();
      entered.set_value();
      for (int i = 0; i < 2000 && !call.cancel().cancelled() && !go; ++i) std::this_thread::sleep_for(5ms);
      return Json{{"content", Json::array()}, {"done", true}};
    });
    raw("drop", [](mcp::RichCall& call, const Json&) -> Result<Json> {
      call.close_stream();
      return Json{{"content", Json::array()}, {"done", true}};
    });
    world.start();
    options.stream_after = 100ms;
    options.comment_every = 50ms;
    options.status_page = [] { return Json{{"server", "healthy"}}; };
    make();
  }
  void make() { endpoint = std::make_unique<HttpEndpoint>(*world.server, options, nullptr); }
  void raw(const char* name, std::function<Result<Json>(mcp::RichCall&, const Json&)> run) {
    world.raw_tools.push_back(
        {.descriptor = {{"name", name}, {"inputSchema", {{"type", "object"}}}}, .run = std::move(run)});
  }
  http::Request request(const Json& body, const char* accept = kBoth, std::vector<http::Header> more = {}) {
    http::Request r = http_request("POST", "/mcp", {{"Host", "localhost"}, {"Content-Type", "application/json"}});
    if (accept != nullptr) r.headers.emplace_back("Accept", accept);
    r.headers.insert(r.headers.end(), more.begin(), more.end());
    r.body = body.dump();
    return r;
  }
  static Json call(const char* tool) { return World::request("tools/call", {{"name", tool}}); }
  std::string open_session(const char* version = "2025-11-25") {
    FakeExchange exchange(request(World::request("initialize", {{"protocolVersion", version}})));
    endpoint->handle(exchange);
    return *header_of(*exchange.replied, "Mcp-Session-Id");
  }

  World world;
  HttpOptions options;
  std::unique_ptr<HttpEndpoint> endpoint;
  std::promise<void> entered;
  std::atomic<bool> go{false};
  CancelToken token;
};

TEST_F(EndpointTest, H14AcceptsNotificationsWithoutBodyAndType) {
  FakeExchange exchange(request({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}));
  endpoint->handle(exchange);
  ASSERT_TRUE(exchange.replied);
  EXPECT_EQ(exchange.replied->status, 202);
  EXPECT_TRUE(exchange.replied->body.empty());
  EXPECT_FALSE(header_of(*exchange.replied, "Content-Type"));
}

TEST_F(EndpointTest, H16AnswersShortRequestsAsJson) {
  for (const char* accept : {kBoth, "*/*", "application/json", static_cast<const char*>(nullptr)}) {
    for (const Json& body : {World::request("tools/list"), call("demo_who")}) {
      FakeExchange exchange(request(body, accept));
      endpoint->handle(exchange);
      ASSERT_TRUE(exchange.replied);
      EXPECT_EQ(exchange.replied->status, 200);
      EXPECT_EQ(header_of(*exchange.replied, "Content-Type"), "application/json");
      EXPECT_EQ(header_of(*exchange.replied, "Cache-Control"), "no-store");
    }
  }
}

TEST_F(EndpointTest, AnswersAsEventsToWhoReadsOnlyThose) {
  FakeExchange exchange(request(World::request("ping"), "text/event-stream"));
  endpoint->handle(exchange);
  ASSERT_TRUE(exchange.stream_head);
  EXPECT_EQ(exchange.text(), ": open\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n");
  FakeExchange refused(request(5, "text/event-stream"));
  endpoint->handle(refused);
  EXPECT_EQ(refused.replied->status, 400) << "a refusal stays what HTTP says it is";
}

TEST_F(EndpointTest, H17AndH18StreamFromTheFirstNotificationOn) {
  FakeExchange exchange(request(call("notify")));
  endpoint->handle(exchange);
  ASSERT_TRUE(exchange.stream_head);
  EXPECT_EQ(exchange.stream_head->status, 200);
  EXPECT_EQ(header_of(*exchange.stream_head, "Content-Type"), "text/event-stream");
  EXPECT_EQ(header_of(*exchange.stream_head, "Cache-Control"), "no-cache, no-transform");
  EXPECT_EQ(header_of(*exchange.stream_head, "X-Accel-Buffering"), "no");
  EXPECT_FALSE(exchange.first_piece.empty()) << "the head never leaves alone";
  const std::string text = exchange.text();
  EXPECT_NE(text.find("event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\""),
            std::string::npos);
  EXPECT_TRUE(text.ends_with("\n\n"));
  EXPECT_LT(text.find("\"first\""), text.find("\"done\":true"));
  EXPECT_EQ(text.find("\nid: "), std::string::npos) << "no session, no event ids";
}

TEST_F(EndpointTest, SendsNothingAheadToWhoReadsOnlyJson) {
  FakeExchange exchange(request(call("notify"), "application/json"));
  endpoint->handle(exchange);
  ASSERT_TRUE(exchange.replied);
  EXPECT_EQ(Json::parse(exchange.replied->body)["result"]["done"], true);
}

TEST_F(EndpointTest, TurnsALongCallIntoAStreamAndKeepsItAlive) {
  FakeExchange exchange(request(call("wait")));
  auto handling = std::async(std::launch::async, [&] { endpoint->handle(exchange); });
  EXPECT_TRUE(exchange.wait_for(": open\n\n"));
  EXPECT_TRUE(exchange.wait_for(": keep-alive\n\n"));
  go = true;
  handling.get();
  EXPECT_FALSE(exchange.replied);
  EXPECT_NE(exchange.text().find("\"done\":true"), std::string::npos);
}

TEST_F(EndpointTest, M31CancelsAModernCallWhoseClientLeft) {
  Json body = call("wait");
  body["params"]["_meta"] = World::envelope();
  auto r = request(body, kBoth, World::modern_headers("tools/call", "wait"));
  FakeExchange exchange(std::move(r));
  auto handling = std::async(std::launch::async, [&] { endpoint->handle(exchange); });
  entered.get_future().wait();
  exchange.gone = true;
  handling.get();
  EXPECT_TRUE(token.cancelled());
}

TEST_F(EndpointTest, G17LetsALegacyCallGoOnAndItsClientResume) {
  const std::string id = open_session();
  FakeExchange exchange(request(call("wait"), kBoth, {{"Mcp-Session-Id", id}}));
  auto handling = std::async(std::launch::async, [&] { endpoint->handle(exchange); });
  ASSERT_TRUE(exchange.wait_for("id: 1-0\nretry: 3000\ndata: \n\n")) << "G15";
  exchange.gone = true;
  FakeExchange resumed(http_request(
      "GET", "/mcp",
      {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}, {"Last-Event-ID", "1-0"}}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(resumed); });
  ASSERT_TRUE(resumed.wait_for(": open"));
  entered.get_future().wait();
  EXPECT_FALSE(token.cancelled());
  go = true;
  EXPECT_TRUE(resumed.wait_for("id: 1-1\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\""));
  reading.get();
  handling.get();
  EXPECT_EQ(exchange.text().find("\"done\""), std::string::npos);
}

TEST_F(EndpointTest, LeavesTheAnswerInTheLogWhenACallClosesItsStream) {
  const std::string id = open_session();
  FakeExchange exchange(request(call("drop"), kBoth, {{"Mcp-Session-Id", id}}));
  endpoint->handle(exchange);
  EXPECT_EQ(exchange.text(), ": open\n\nid: 1-0\nretry: 3000\ndata: \n\n");
  FakeExchange resumed(http_request(
      "GET", "/mcp",
      {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}, {"Last-Event-ID", "1-0"}}));
  endpoint->handle(resumed);
  EXPECT_NE(resumed.text().find("\"done\":true"), std::string::npos);
}

TEST_F(EndpointTest, G13StreamsAnnouncementsToTheGetStreamUntilTheSessionEnds) {
  const std::string id = open_session();
  FakeExchange get(
      http_request("GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(get); });
  ASSERT_TRUE(get.wait_for("id: 0-0\nretry: 3000\ndata: \n\n"));
  world.server->notify_tools_changed();
  EXPECT_TRUE(get.wait_for("id: 0-1\nevent: message\ndata: "));
  EXPECT_TRUE(get.wait_for(": keep-alive"));
  FakeExchange end(http_request("DELETE", "/mcp", {{"Host", "localhost"}, {"Mcp-Session-Id", id}}));
  endpoint->handle(end);
  EXPECT_EQ(end.replied->status, 204);
  reading.get();
  FakeExchange again(http_request("DELETE", "/mcp", {{"Host", "localhost"}, {"Mcp-Session-Id", id}}));
  endpoint->handle(again);
  EXPECT_EQ(again.replied->status, 404);
}

TEST_F(EndpointTest, EndsEveryStreamWhenTheServerStops) {
  const std::string id = open_session();
  FakeExchange get(
      http_request("GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(get); });
  Json body = World::request("subscriptions/listen",
                             {{"notifications", {{"toolsListChanged", true}}}, {"_meta", World::envelope()}});
  FakeExchange listen(request(body, kBoth, World::modern_headers("subscriptions/listen")));
  auto listening = std::async(std::launch::async, [&] { endpoint->handle(listen); });
  ASSERT_TRUE(get.wait_for(": open"));
  ASSERT_TRUE(listen.wait_for("acknowledged"));
  world.server->shutdown();
  reading.get();
  listening.get();
  EXPECT_NE(listen.text().find("\"result\":{\"resultType\":\"complete\""), std::string::npos) << "M20";
}

TEST_F(EndpointTest, KeepsASessionAtEightStreams) {
  world.server_options.limits.streams_per_session = 1;
  world.restart();
  make();
  const std::string id = open_session();
  FakeExchange get(
      http_request("GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(get); });
  ASSERT_TRUE(get.wait_for(": open"));
  FakeExchange exchange(request(call("notify"), kBoth, {{"Mcp-Session-Id", id}}));
  endpoint->handle(exchange);
  EXPECT_TRUE(exchange.replied) << "above the cap the answer is plain JSON";
  get.gone = true;
  reading.get();
}

TEST_F(EndpointTest, RefusesStreamsAboveTheServersCap) {
  world.server_options.limits.streams = 0;
  world.restart();
  make();
  const std::string id = open_session();
  FakeExchange get(
      http_request("GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}));
  endpoint->handle(get);
  EXPECT_EQ(get.replied->status, 429);
  EXPECT_TRUE(header_of(*get.replied, "Retry-After"));
}

TEST_F(EndpointTest, M23AListenTakesOneOfTheServersStreams) {
  world.server_options.limits.streams = 1;
  world.restart();
  make();
  const Json body = World::request("subscriptions/listen",
                                   {{"notifications", {{"toolsListChanged", true}}}, {"_meta", World::envelope()}});
  FakeExchange first(request(body, kBoth, World::modern_headers("subscriptions/listen")));
  auto listening = std::async(std::launch::async, [&] { endpoint->handle(first); });
  ASSERT_TRUE(first.wait_for("acknowledged"));
  FakeExchange second(request(body, kBoth, World::modern_headers("subscriptions/listen")));
  endpoint->handle(second);
  ASSERT_TRUE(second.replied);
  EXPECT_EQ(second.replied->status, 429);
  EXPECT_EQ(Json::parse(second.replied->body)["error"]["code"], -32603);
  EXPECT_TRUE(header_of(*second.replied, "Retry-After"));
  first.gone = true;
  listening.get();
}

TEST_F(EndpointTest, TellsWhoReadsOnlyEventsWhenThereIsNoStreamLeft) {
  world.server_options.limits.streams_per_session = 1;
  world.restart();
  make();
  const std::string id = open_session();
  FakeExchange get(
      http_request("GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(get); });
  ASSERT_TRUE(get.wait_for(": open"));
  FakeExchange exchange(request(call("demo_who"), "text/event-stream", {{"Mcp-Session-Id", id}}));
  endpoint->handle(exchange);
  ASSERT_TRUE(exchange.replied);
  EXPECT_EQ(exchange.replied->status, 429);
  get.gone = true;
  reading.get();
  FakeExchange again(request(call("demo_who"), "text/event-stream", {{"Mcp-Session-Id", id}}));
  endpoint->handle(again);
  EXPECT_TRUE(again.stream_head);
  world.server_options.limits.streams = 0;
  world.restart();
  make();
  FakeExchange none(request(World::request("ping"), "text/event-stream"));
  endpoint->handle(none);
  EXPECT_EQ(none.replied->status, 429);
}

TEST_F(EndpointTest, G10AListenerKeepsItsSession) {
  const std::string id = open_session();
  FakeExchange get(
      http_request("GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(get); });
  ASSERT_TRUE(get.wait_for(": open"));
  world.clock.advance(3h);
  get.gone = true;
  reading.get();
  FakeExchange ping(request(World::request("ping"), kBoth, {{"Mcp-Session-Id", id}}));
  endpoint->handle(ping);
  EXPECT_EQ(ping.replied->status, 200);
}

TEST_F(EndpointTest, ClosesAGetStreamWhoseClientMissedEvents) {
  world.server_options.limits.listen_uris = 1000;
  world.restart();
  make();
  const std::string id = open_session();
  for (int i = 0; i < 300; ++i) {
    const Json subscription = World::request("resources/subscribe", {{"uri", "test://" + std::to_string(i)}});
    FakeExchange subscribe(request(subscription, kBoth, {{"Mcp-Session-Id", id}}));
    endpoint->handle(subscribe);
  }
  FakeExchange get(
      http_request("GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(get); });
  ASSERT_TRUE(get.wait_for(": open"));
  get.block(true);
  world.server->notify_tools_changed();
  ASSERT_TRUE(get.wait_blocked());
  for (int i = 0; i < 300; ++i) world.server->notify_resource_updated("test://" + std::to_string(i));
  get.block(false);
  EXPECT_EQ(reading.wait_for(testing_support::kPatience), std::future_status::ready);
  EXPECT_EQ(get.text().find("test://299"), std::string::npos) << "no event is passed over in silence";
}

TEST_F(EndpointTest, AClientThatDoesNotReadHoldsUpNobodyElsesStream) {
  FakeExchange slow(request(call("notify")));
  slow.block(true);
  auto stuck = std::async(std::launch::async, [&] { endpoint->handle(slow); });
  ASSERT_TRUE(slow.wait_blocked());
  std::this_thread::sleep_for(2 * options.stream_after);  // its own timer has fired
  FakeExchange other(request(call("wait")));
  auto handling = std::async(std::launch::async, [&] { endpoint->handle(other); });
  EXPECT_TRUE(other.wait_for(": keep-alive"));
  go = true;
  handling.get();
  slow.block(false);
  stuck.get();
}

TEST_F(EndpointTest, SendsNothingAheadOfWhatIsAlwaysJson) {
  class Talkative final : public mcp::ResourceProvider {
   public:
    Json list(const mcp::Caller&) override { return Json::array(); }
    Json templates(const mcp::Caller&) override { return Json::array(); }
    std::optional<Result<mcp::ResourceReply>> read(mcp::RichCall& call, const std::string&) override {
      call.log("error", "first", "");
      return mcp::ResourceReply{};
    }
  } talkative;
  world.server_options.resources = {&talkative};
  world.restart();
  make();
  FakeExchange exchange(request(World::request("resources/read", {{"uri", "test://x"}})));
  endpoint->handle(exchange);
  ASSERT_TRUE(exchange.replied);
  EXPECT_EQ(header_of(*exchange.replied, "Content-Type"), "application/json");
  endpoint.reset();
  world.server.reset();
}

/// One token that can be taken away.
class Revocable final : public Credentials {
 public:
  std::optional<mcp::Credential> check(std::string_view token) const override {
    if (token != "secret" || revoked) return std::nullopt;
    return mcp::Credential{"ci", mcp::Scope::kPower, "1"};
  }
  bool valid(const mcp::Credential& credential) const override { return credential.name == "ci" && !revoked; }
  std::atomic<bool> revoked{false};
};

TEST_F(EndpointTest, A6StreamsEndWithTheirToken) {
  Revocable tokens;
  options.auth_required = true;
  endpoint = std::make_unique<HttpEndpoint>(*world.server, options, &tokens);
  const http::Header bearer{"Authorization", "Bearer secret"};
  FakeExchange handshake(request(World::request("initialize"), kBoth, {bearer}));
  endpoint->handle(handshake);
  const std::string id = *header_of(*handshake.replied, "Mcp-Session-Id");
  FakeExchange get(http_request(
      "GET", "/mcp", {{"Host", "localhost"}, {"Accept", "text/event-stream"}, {"Mcp-Session-Id", id}, bearer}));
  auto reading = std::async(std::launch::async, [&] { endpoint->handle(get); });
  auto headers = World::modern_headers("subscriptions/listen");
  headers.push_back(bearer);
  FakeExchange listen(request(World::request("subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}},
                                                                      {"_meta", World::envelope()}}),
                              kBoth, headers));
  auto listening = std::async(std::launch::async, [&] { endpoint->handle(listen); });
  ASSERT_TRUE(get.wait_for(": open"));
  ASSERT_TRUE(listen.wait_for("acknowledged"));
  tokens.revoked = true;
  EXPECT_EQ(reading.wait_for(testing_support::kPatience), std::future_status::ready);
  EXPECT_EQ(listening.wait_for(testing_support::kPatience), std::future_status::ready);
}

TEST_F(EndpointTest, TakesTheModeFromTheUrl) {
  http::Request narrow = request(World::request("tools/list"));
  http::Request wide = narrow;
  wide.query = "mode=Full&x=1";
  FakeExchange first(std::move(narrow)), second(std::move(wide));
  endpoint->handle(first);
  endpoint->handle(second);
  EXPECT_LT(first.replied->body.size(), second.replied->body.size());
}

TEST_F(EndpointTest, ServesItsSmallRoutes) {
  const auto get = [&](const char* path) {
    FakeExchange exchange(http_request("GET", path, {{"Host", "localhost"}}));
    endpoint->handle(exchange);
    return *exchange.replied;
  };
  EXPECT_EQ(get("/health").body, R"({"status":"ok"})");
  EXPECT_EQ(get("/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(get("/status").body, R"({"server":"healthy"})");
  EXPECT_EQ(get("/sse").status, 410);
  EXPECT_EQ(Json::parse(get("/sse").body)["endpoint"], "/mcp");
  EXPECT_EQ(get("/").status, 404) << "no page was given";
  EXPECT_EQ(get("/readyz").status, 200);
  options.ready = [] { return false; };
  make();
  EXPECT_EQ(get("/readyz").status, 503);
}

TEST_F(EndpointTest, AddsCorsHeadersToEveryAnswerForAnAllowedOrigin) {
  options.cors = true;
  make();
  FakeExchange exchange(request(World::request("ping"), kBoth, {{"Origin", "http://localhost:3000"}}));
  endpoint->handle(exchange);
  EXPECT_EQ(header_of(*exchange.replied, "Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(header_of(*exchange.replied, "Vary"), "Origin");
  EXPECT_NE(header_of(*exchange.replied, "Access-Control-Expose-Headers")->find("mcp-session-id"), std::string::npos);
  FakeExchange plain(request(World::request("ping")));
  endpoint->handle(plain);
  EXPECT_FALSE(header_of(*plain.replied, "Access-Control-Allow-Origin"));
}

}  // namespace
}  // namespace patchbay::transport
