// The modern era: results, lists, listening, round trips, progress (rows M1 to M33).

#include <gtest/gtest.h>

#include <future>

#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using namespace std::chrono_literals;
using testing_support::Answered;
using testing_support::RecordingOutlet;
using testing_support::World;

constexpr const char* kServerInfo = "io.modelcontextprotocol/serverInfo";
constexpr const char* kSubscription = "io.modelcontextprotocol/subscriptionId";

class Notes final : public ResourceProvider, public PromptProvider, public CompletionProvider {
 public:
  Json list(const Caller&) override { return Json::array({Json{{"uri", "test://note"}, {"name", "note"}}}); }
  Json templates(const Caller&) override { return Json::array(); }
  std::optional<Result<ResourceReply>> read(RichCall&, const std::string& uri) override {
    if (uri == "test://denied") return Error{ErrorCode::kNotFound, "Not here.", {}, {}};
    if (uri != "test://note") return std::nullopt;
    ResourceReply reply;
    reply.contents.push_back({{"uri", uri}, {"text", "hello"}});
    reply.ttl_ms = 5;
    reply.shared_cache = true;
    return reply;
  }
  std::optional<Result<Json>> get(RichCall&, const std::string& name, const Json& arguments) override {
    if (name != "greet") return std::nullopt;
    return Json{{"messages", Json::array({Json{{"role", "user"}, {"content", arguments}}})}};
  }
  std::vector<std::string> complete(const Caller&, const CompletionQuery& query) override {
    if (query.name != "greet") return {};
    return std::vector<std::string>(150, query.value + "x");
  }
};

/// ResourceProvider and PromptProvider both have list(caller): the server sees them through their interfaces.
class ModernTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.server_options.resources = {&notes};
    world.server_options.prompts = {&notes};
    world.server_options.completions = {&notes};
    world.server_options.extensions = {{"io.modelcontextprotocol/ui", Json::object()}};
    world.start();
  }
  void add_raw(const char* name, std::function<Result<Json>(RichCall&, const Json&)> run, Json needs = Json::object()) {
    world.raw_tools.push_back({.descriptor = {{"name", name}, {"inputSchema", {{"type", "object"}}}},
                               .run = std::move(run),
                               .needs_capabilities = std::move(needs)});
    world.start();
  }
  Notes notes;
  World world;
};

TEST_F(ModernTest, M2AndM3MarkEveryResult) {
  for (const char* method :
       {"server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list"}) {
    const Json result = world.modern(method).result();
    EXPECT_EQ(result["resultType"], "complete") << method;
    EXPECT_EQ(result["_meta"][kServerInfo]["name"], "demo") << method;
    EXPECT_TRUE(result["ttlMs"].is_number_integer()) << method;
    EXPECT_EQ(result["cacheScope"], "private") << method;
  }
  const Json call = world.modern_call("demo_who").result();
  EXPECT_EQ(call["resultType"], "complete");
  EXPECT_EQ(call["_meta"][kServerInfo]["version"], "1.2.3");
  EXPECT_EQ(call["_meta"]["demo/tool_name"], "demo_who");
  EXPECT_EQ(call["_meta"]["demo/tool_id"], "who");
  EXPECT_FALSE(call.contains("ttlMs")) << "M8 names the results that carry it";
}

TEST_F(ModernTest, M4AcceptsUnknownMeta) {
  const Answered a =
      world.modern("tools/list", {{"_meta", {{"threadId", "t"}, {"openai/locale", "de"}, {"x", Json::array()}}}});
  EXPECT_EQ(a.status, 200);
}

TEST_F(ModernTest, M5AndM6DescribeTheServerWithoutAnythingBefore) {
  const Json result = world.modern("server/discover").result();
  EXPECT_EQ(result["supportedVersions"], Json::array({"2026-07-28"}));
  EXPECT_EQ(result["instructions"], "Read this first.");
  EXPECT_EQ(result["ttlMs"], 300'000);
  EXPECT_EQ(result["capabilities"]["extensions"]["io.modelcontextprotocol/ui"], Json::object());
  EXPECT_FALSE(result["capabilities"].contains("logging")) << "M33";
}

TEST_F(ModernTest, M8TakesTheCachingOfAResourceFromItsProvider) {
  const Json result = world.modern("resources/read", {{"uri", "test://note"}}).result();
  EXPECT_EQ(result["ttlMs"], 5);
  EXPECT_EQ(result["cacheScope"], "public");
  EXPECT_EQ(result["contents"][0]["text"], "hello");
  EXPECT_EQ(world.modern("resources/list").result()["ttlMs"], 0);
  EXPECT_EQ(world.modern("tools/list").result()["ttlMs"], 60'000);
  EXPECT_EQ(world.modern("resources/read", {{"uri", "test://denied"}}).code(), -32602);
}

TEST_F(ModernTest, M14ListsTheModeOfTheUrlWhateverACallChose) {
  const Json before = world.modern("tools/list").result()["tools"];
  ASSERT_FALSE(world.modern_call("demo_switch", {{"mode", "full"}}).is_tool_error());
  EXPECT_EQ(world.modern("tools/list").result()["tools"], before);
  world.url_mode = Mode::kFull;
  EXPECT_GT(world.modern("tools/list").result()["tools"].size(), before.size());
}

TEST_F(ModernTest, M15ListsInDeclaredOrder) {
  const Json tools = world.modern("tools/list").result()["tools"];
  EXPECT_EQ(tools[0]["name"], "demo_self_test");
  EXPECT_EQ(world.modern("tools/list").text, world.modern("tools/list").text);
}

TEST_F(ModernTest, M16AndM17PageOnlyWhenToldToAndRefuseForgedCursors) {
  EXPECT_FALSE(world.modern("tools/list").result().contains("nextCursor"));
  const std::size_t all = world.modern("tools/list").result()["tools"].size();
  world.server_options.limits.page_size = 2;
  world.restart();
  std::size_t seen = 0;
  Json params = Json::object();
  for (int page = 0; page < 20; ++page) {
    const Json result = world.modern("tools/list", params).result();
    EXPECT_EQ(result["cacheScope"], "private");
    seen += result["tools"].size();
    if (!result.contains("nextCursor")) break;
    params = {{"cursor", result["nextCursor"]}};
  }
  EXPECT_EQ(seen, all);
  const std::string good = world.modern("tools/list").result()["nextCursor"].get<std::string>();
  std::string forged = good;
  forged[3] = forged[3] == 'A' ? 'B' : 'A';
  for (const Json& bad : {Json(forged), Json("x"), Json(5), Json("")}) {
    EXPECT_EQ(world.modern("tools/list", {{"cursor", bad}}).code(), -32602) << bad;
  }
  EXPECT_EQ(world.modern("resources/list", {{"cursor", good}}).code(), -32602) << "bound to its list";
  world.url_mode = Mode::kFull;
  EXPECT_EQ(world.modern("tools/list", {{"cursor", good}}).code(), -32602) << "bound to its mode";
}

class ListenTest : public ModernTest {
 protected:
  /// Opens a listen on a thread of its own.
  std::future<Answered> listen(RecordingOutlet& outlet, Json filter, Json capabilities = Json::object()) {
    return std::async(std::launch::async, [this, &outlet, filter, capabilities] {
      return world.modern("subscriptions/listen", {{"notifications", filter}}, capabilities, &outlet);
    });
  }
};

TEST_F(ListenTest, M18AndM19AcknowledgeFirstAndTagEveryMessage) {
  RecordingOutlet outlet;
  auto listening = listen(outlet, {{"toolsListChanged", true}, {"resourceSubscriptions", {"test://note"}}});
  ASSERT_TRUE(outlet.wait_sent(1));
  world.server->notify_prompts_changed();
  world.server->notify_resource_updated("test://other");
  world.server->notify_resource_updated("test://note");
  world.server->notify_tools_changed();
  ASSERT_TRUE(outlet.wait_sent(3));
  outlet.gone_token.cancel();
  listening.get();
  const auto sent = outlet.sent();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0]["method"], "notifications/subscriptions/acknowledged");
  EXPECT_EQ(sent[0]["params"]["notifications"],
            (Json{{"toolsListChanged", true}, {"resourceSubscriptions", {"test://note"}}}));
  EXPECT_EQ(sent[1]["params"]["uri"], "test://note");
  EXPECT_EQ(sent[2]["method"], "notifications/tools/list_changed");
  for (const Json& message : sent) EXPECT_EQ(message["params"]["_meta"][kSubscription], 1);
}

TEST_F(ListenTest, M20EndsWithItsResultOnShutdown) {
  RecordingOutlet outlet;
  auto listening = listen(outlet, {{"toolsListChanged", true}});
  ASSERT_TRUE(outlet.wait_sent(1));
  world.server->shutdown();
  const Answered a = listening.get();
  EXPECT_EQ(a.result()["resultType"], "complete");
  EXPECT_EQ(a.result()["_meta"][kSubscription], 1);
}

TEST_F(ListenTest, M22NeedsTheTasksExtensionForTaskIds) {
  const Answered a = world.modern("subscriptions/listen", {{"notifications", {{"taskIds", {"t"}}}}});
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32021);
  EXPECT_TRUE(a.data()["requiredCapabilities"]["extensions"].contains("io.modelcontextprotocol/tasks"));
}

TEST_F(ListenTest, M23CapsStreamsAndUris) {
  Json many = Json::array();
  for (int i = 0; i < 65; ++i) many.push_back("test://" + std::to_string(i));
  EXPECT_EQ(world.modern("subscriptions/listen", {{"notifications", {{"resourceSubscriptions", many}}}}).status, 429);
  world.server_options.limits.listens_per_credential = 1;
  world.restart();
  RecordingOutlet outlet;
  auto listening = listen(outlet, {{"toolsListChanged", true}});
  ASSERT_TRUE(outlet.wait_sent(1));
  const Answered second = world.modern("subscriptions/listen", {{"notifications", Json::object()}});
  EXPECT_EQ(second.status, 429);
  EXPECT_EQ(second.code(), -32603);
  outlet.gone_token.cancel();
  listening.get();
  RecordingOutlet again;
  auto third = listen(again, {{"toolsListChanged", true}});
  EXPECT_TRUE(again.wait_sent(1)) << "the place is free again";
  again.gone_token.cancel();
  third.get();
}

TEST_F(ListenTest, RefusesMalformedFiltersAndClientsWithoutStreams) {
  EXPECT_EQ(world.modern("subscriptions/listen").code(), -32602);
  EXPECT_EQ(world.modern("subscriptions/listen", {{"notifications", {{"toolsListChanged", "yes"}}}}).code(), -32602);
  EXPECT_EQ(world.modern("subscriptions/listen", {{"notifications", {{"resourceSubscriptions", {1}}}}}).code(), -32602);
  RecordingOutlet deaf;
  deaf.streams = false;
  EXPECT_EQ(world.modern("subscriptions/listen", {{"notifications", Json::object()}}, Json::object(), &deaf).status,
            406);
}

// ---- round trips --------------------------------------------------------------------------------------

class RoundTripTest : public ModernTest {
 protected:
  void SetUp() override {
    ModernTest::SetUp();
    add_raw("round", [this](RichCall& call, const Json&) -> Result<Json> {
      ++runs;
      if (call.round_state().is_null()) {
        return call.need_input({{"form", {{"method", "elicitation/create"}, {"params", Json::object()}}},
                                {"model", {{"method", "sampling/createMessage"}, {"params", Json::object()}}}},
                               {{"step", 1}});
      }
      const bool first = PB_TRY(call.use_round_state());
      return Json{{"content", Json::array()},
                  {"first", first},
                  {"state", call.round_state()},
                  {"answers", call.input_responses()}};
    });
  }
  Answered call(Json extra, Json capabilities = {{"elicitation", Json::object()}}) {
    Json params{{"name", "round"}, {"arguments", {{"a", 1}}}};
    params.update(extra);
    return world.modern("tools/call", params, std::move(capabilities));
  }
  int runs = 0;
};

TEST_F(RoundTripTest, M24AndM25AskOnlyForWhatWasDeclared) {
  const Json result = call(Json::object()).result();
  EXPECT_EQ(result["resultType"], "input_required");
  EXPECT_TRUE(result["inputRequests"].contains("form"));
  EXPECT_FALSE(result["inputRequests"].contains("model"));
  EXPECT_FALSE(result.contains("ttlMs"));
  const Answered none = call(Json::object(), Json::object());
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(none.code(), -32021);
  EXPECT_TRUE(none.data()["requiredCapabilities"].contains("elicitation"));
}

TEST_F(RoundTripTest, M26TakesStateOnlyFromTheSameCallInTime) {
  const std::string state = call(Json::object()).result()["requestState"].get<std::string>();
  const Json answers{{"form", {{"action", "accept"}}}, {"unknown", Json::object()}};
  const Answered good = call({{"requestState", state}, {"inputResponses", answers}});
  EXPECT_EQ(good.result()["state"]["step"], 1);
  EXPECT_EQ(good.result()["answers"], answers) << "extra keys do no harm (M28)";
  const int before = runs;
  std::string forged = state;
  forged[5] = forged[5] == 'A' ? 'B' : 'A';
  EXPECT_EQ(call({{"requestState", forged}}).code(), -32602);
  EXPECT_EQ(call({{"requestState", 7}}).code(), -32602);
  EXPECT_EQ(call({{"requestState", state}, {"arguments", {{"a", 2}}}}).code(), -32602) << "other arguments";
  world.credential.name = "somebody else";
  EXPECT_EQ(call({{"requestState", state}}).code(), -32602) << "other principal";
  world.credential.name = "local";
  world.clock.advance(11min);
  EXPECT_EQ(call({{"requestState", state}}).code(), -32602) << "expired";
  EXPECT_EQ(runs, before) << "nothing ran";
}

TEST_F(RoundTripTest, M27UsesAStateOnce) {
  const std::string state = call(Json::object()).result()["requestState"].get<std::string>();
  EXPECT_EQ(call({{"requestState", state}}).result()["first"], true);
  EXPECT_EQ(call({{"requestState", state}}).result()["first"], false);
}

TEST_F(RoundTripTest, M28RefusesMalformedAnswers) {
  EXPECT_EQ(call({{"inputResponses", "yes"}}).code(), -32602);
  EXPECT_EQ(call({{"inputResponses", {{"form", 5}}}}).code(), -32602);
}

TEST_F(ModernTest, N7RefusesWithoutTheCapabilityATooNeeds) {
  add_raw("samples",
          [](RichCall&, const Json&) -> Result<Json> {
            return Json{{"content", Json::array()}};
          },
          {{"sampling", Json::object()}});
  const Answered a = world.modern_call("samples");
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32021);
  EXPECT_EQ(a.data()["requiredCapabilities"], (Json{{"sampling", Json::object()}}));
  EXPECT_EQ(world.modern_call("samples", Json::object(), {{"sampling", Json::object()}}).status, 200);
}

TEST_F(ModernTest, N9ComparesMarkedArgumentsWithTheirHeaders) {
  world.raw_tools.push_back(
      {.descriptor = {{"name", "marked"},
                      {"inputSchema",
                       testing_support::schema({{"region", {{"type", "string"}, {"x-mcp-header", "Region"}}},
                                                {"count", {{"type", "integer"}, {"x-mcp-header", "Count"}}},
                                                {"dry", {{"type", "boolean"}, {"x-mcp-header", "Dry"}}}})}},
       .run = [](RichCall&, const Json&) -> Result<Json> {
         return Json{{"content", Json::array()}};
       }});
  world.start();
  const auto code = [&](Json arguments, HeaderList params) {
    HeaderList headers = World::modern_headers("tools/call", "marked");
    headers.insert(headers.end(), params.begin(), params.end());
    const Json body =
        World::request("tools/call", {{"name", "marked"}, {"arguments", arguments}, {"_meta", World::envelope()}});
    return world.post_text(body.dump(), headers).code();
  };
  EXPECT_EQ(code({{"region", "eu"}}, {{"Mcp-Param-Region", "eu"}}), 0);
  EXPECT_EQ(code({{"region", "\xc3\xa9"}}, {{"Mcp-Param-Region", "=?base64?w6k=?="}}), 0);
  EXPECT_EQ(code({{"count", 7}, {"dry", true}}, {{"Mcp-Param-Count", "7"}, {"Mcp-Param-Dry", "true"}}), 0);
  EXPECT_EQ(code({{"count", 7}}, {{"Mcp-Param-Count", "7.0"}}), 0) << "numbers compare as numbers";
  EXPECT_EQ(code({{"region", nullptr}}, {}), 0);
  EXPECT_EQ(code({{"region", "eu"}}, {}), -32020);
  EXPECT_EQ(code({{"region", "eu"}}, {{"Mcp-Param-Region", "us"}}), -32020);
  EXPECT_EQ(code({{"region", "eu"}}, {{"Mcp-Param-Region", "eu"}, {"Mcp-Param-Region", "us"}}), -32020) << "M12";
  EXPECT_EQ(code(Json::object(), {{"Mcp-Param-Region", "eu"}}), -32020);
  EXPECT_EQ(code({{"dry", true}}, {{"Mcp-Param-Dry", "TRUE"}}), -32020);
  EXPECT_EQ(code({{"count", 7}}, {{"Mcp-Param-Count", "8"}}), -32020);
}

// ---- progress, cancellation, logging ------------------------------------------------------------------

TEST_F(ModernTest, M30SendsGrowingProgressOnlyForTheClientsToken) {
  add_raw("steps", [](RichCall& call, const Json&) -> Result<Json> {
    for (double step : {0.0, 50.0, 50.0, 20.0, 100.0}) call.emit_progress(step, 100, "");
    return Json{{"content", Json::array()}};
  });
  const Answered a = world.modern("tools/call", {{"name", "steps"}, {"_meta", {{"progressToken", 0}}}});
  ASSERT_EQ(a.sent.size(), 3u);
  EXPECT_EQ(a.sent[0]["params"], (Json{{"progressToken", 0}, {"progress", 0}, {"total", 100}}));
  EXPECT_EQ(a.sent[2]["params"]["progress"], 100);
  EXPECT_TRUE(world.modern_call("steps").sent.empty());
}

TEST_F(ModernTest, B4ThinsOutTheProgressOfOrdinaryTools) {
  world.add("demo_chatty", kAllModes, Scope::kRead, Gate::kNone, Json::object(),
            [this](Call& call, const Json&) -> Result<ToolReply> {
              for (int i = 0; i < 10; ++i) call.progress("step");
              world.clock.advance(1500ms);
              call.progress("later");
              return ToolReply{{{"ok", true}}, "", {}};
            });
  world.start();
  const Answered a = world.modern("tools/call", {{"name", "demo_chatty"}, {"_meta", {{"progressToken", "t"}}}});
  ASSERT_EQ(a.sent.size(), 2u);
  EXPECT_EQ(a.sent[0]["params"]["progress"], 1);
  EXPECT_EQ(a.sent[1]["params"], (Json{{"progressToken", "t"}, {"progress", 2}, {"message", "later"}}));
}

TEST_F(ModernTest, M31TakesALostConnectionForACancellation) {
  CancelToken seen;
  add_raw("wait", [&](RichCall& call, const Json&) -> Result<Json> {
    seen = call.cancel();
    call.emit_progress(1, {}, "");
    for (int i = 0; i < 2000 && !call.cancel().cancelled(); ++i) std::this_thread::sleep_for(5ms);
    return Json{{"content", Json::array()}};
  });
  RecordingOutlet outlet;
  auto call = std::async(std::launch::async, [&] {
    return world.modern("tools/call", {{"name", "wait"}, {"_meta", {{"progressToken", 1}}}}, Json::object(), &outlet);
  });
  ASSERT_TRUE(outlet.wait_sent(1));
  outlet.gone_token.cancel();
  call.get();
  EXPECT_TRUE(seen.cancelled());
}

TEST_F(ModernTest, M33LogsOnlyAtTheLevelTheRequestAskedFor) {
  add_raw("log", [](RichCall& call, const Json&) -> Result<Json> {
    call.log("info", "small", "");
    call.log("error", "large", "core");
    return Json{{"content", Json::array()}};
  });
  EXPECT_TRUE(world.modern_call("log").sent.empty());
  const Answered a =
      world.modern("tools/call", {{"name", "log"}, {"_meta", {{"io.modelcontextprotocol/logLevel", "warning"}}}});
  ASSERT_EQ(a.sent.size(), 1u);
  EXPECT_EQ(a.sent[0]["params"], (Json{{"level", "error"}, {"data", "large"}, {"logger", "core"}}));
}

// ---- prompts, completion ------------------------------------------------------------------------------

TEST_F(ModernTest, GetsPromptsAndRefusesUnknownOnes) {
  EXPECT_EQ(world.modern("prompts/get", {{"name", "greet"}, {"arguments", {{"who", "me"}}}})
                .result()["messages"][0]["content"]["who"],
            "me");
  EXPECT_EQ(world.modern("prompts/get", {{"name", "other"}}).code(), -32602);
  EXPECT_EQ(world.modern("prompts/get", {{"name", "greet"}, {"arguments", {{"who", 5}}}}).code(), -32602);
}

TEST_F(ModernTest, CompletesAtMostAHundredValuesAndNothingForUnknownNames) {
  const auto complete = [&](Json ref, Json argument) {
    return world.modern("completion/complete", {{"ref", std::move(ref)}, {"argument", std::move(argument)}});
  };
  const Json argument{{"name", "who"}, {"value", "a"}};
  const Json many = complete({{"type", "ref/prompt"}, {"name", "greet"}}, argument).result()["completion"];
  EXPECT_EQ(many["values"].size(), 100u);
  EXPECT_EQ(many["total"], 150);
  EXPECT_EQ(many["hasMore"], true);
  EXPECT_TRUE(
      complete({{"type", "ref/prompt"}, {"name", "nobody"}}, argument).result()["completion"]["values"].empty());
  EXPECT_EQ(complete({{"type", "ref/other"}, {"name", "x"}}, argument).code(), -32602);
  EXPECT_EQ(complete("x", argument).code(), -32602);
  EXPECT_EQ(complete({{"type", "ref/prompt"}, {"name", "greet"}}, {{"name", "who"}}).code(), -32602);
}

}  // namespace
}  // namespace patchbay::mcp
