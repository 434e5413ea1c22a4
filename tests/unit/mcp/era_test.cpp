// Which era a POST belongs to: rows E1 to E13 of the protocol rules, and both ladders after it.

#include <gtest/gtest.h>

#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using testing_support::Answered;
using testing_support::World;

constexpr const char* kModern = "2026-07-28";

class EraTest : public ::testing::Test {
 protected:
  void SetUp() override { world.start(); }
  static Json ping(Json params = Json::object()) { return World::request("ping", std::move(params)); }
  World world;
};

TEST_F(EraTest, E1RefusesAnEmptyBatch) {
  const Answered a = world.post(Json::array());
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32600);
  EXPECT_FALSE(a.has_id());
}

TEST_F(EraTest, E2RefusesABatchWithAClaimOrAModernHeader) {
  const Json claimed = Json::array({World::request("tools/list", {{"_meta", World::envelope()}})});
  EXPECT_EQ(world.post(claimed).code(), -32600);
  const Answered a = world.post(Json::array({ping()}), {{"MCP-Protocol-Version", kModern}});
  EXPECT_EQ(a.status, 400);
  EXPECT_NE(a.message().find("2026-07-28"), std::string::npos);
}

TEST_F(EraTest, E3RefusesABatchForNewerLegacyVersionsAndWithAHandshake) {
  for (const char* version : {"2025-06-18", "2025-11-25"}) {
    EXPECT_EQ(world.post(Json::array({ping()}), {{"MCP-Protocol-Version", version}}).status, 400) << version;
  }
  const std::string id = world.open_session("2025-11-25");
  EXPECT_EQ(world.post(Json::array({ping()})).code(), -32600) << "the session's version decides";
  world.headers.clear();
  const Answered a = world.post(Json::array({World::request("initialize", {{"protocolVersion", "2025-03-26"}})}));
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(world.server->session_count(), 1) << id;
}

TEST_F(EraTest, E4ServesALegacyBatch) {
  const Answered a = world.post(Json::array({ping(), World::request("nothing", Json::object(), "b")}));
  EXPECT_EQ(a.status, 200);
  ASSERT_TRUE(a.body.is_array());
  ASSERT_EQ(a.body.size(), 2u);
  EXPECT_EQ(a.body[0]["result"], Json::object());
  EXPECT_EQ(a.body[1]["error"]["code"], -32601);
  EXPECT_EQ(a.body[1]["id"], "b");
}

TEST_F(EraTest, E5AcceptsAResponseAndRefusesItInTheModernEra) {
  const Json response{{"jsonrpc", "2.0"}, {"id", "ask-1"}, {"result", Json::object()}};
  const Answered ok = world.post(response);
  EXPECT_EQ(ok.status, 202);
  EXPECT_TRUE(ok.text.empty());
  EXPECT_EQ(world.post(response, {{"MCP-Protocol-Version", kModern}}).status, 400);
  EXPECT_EQ(world.post(response, {{"Mcp-Session-Id", "v1.unknown"}}).status, 404);
}

TEST_F(EraTest, E6AndE7AcceptNotificationsWithoutABody) {
  const Json cancelled{{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}};
  for (const HeaderList& headers : {HeaderList{}, HeaderList{{"MCP-Protocol-Version", kModern}}}) {
    const Answered a = world.post(cancelled, headers);
    EXPECT_EQ(a.status, 202);
    EXPECT_TRUE(a.text.empty());
  }
}

TEST_F(EraTest, E8RefusesAHandshakeUnderAModernHeader) {
  const Answered a = world.post(World::request("initialize", {{"protocolVersion", "2025-11-25"}}),
                                {{"MCP-Protocol-Version", kModern}});
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32020);
  EXPECT_EQ(a.body["id"], 1);
}

TEST_F(EraTest, E9MakesANewSessionWhateverTheSessionHeaderSays) {
  const std::string first = world.open_session();
  const Answered again = world.initialize();
  EXPECT_EQ(again.status, 200);
  EXPECT_NE(again.session_id, first);
  EXPECT_FALSE(again.session_id.empty());
  world.headers = {{"Mcp-Session-Id", "v1.stale"}};
  EXPECT_EQ(world.initialize().status, 200);
}

TEST_F(EraTest, E10MakesAClaimModernAndHandshakeMethodsUnknownThere) {
  for (const char* method : {"ping", "initialize", "logging/setLevel", "resources/subscribe"}) {
    const Answered a = world.modern(method);
    EXPECT_EQ(a.status, 404) << method;
    EXPECT_EQ(a.code(), -32601) << method;
    EXPECT_EQ(a.body["id"], 1);
  }
  world.headers = {{"Mcp-Session-Id", "v1.nonsense"}};
  const Answered ok = world.modern("tools/list");
  EXPECT_EQ(ok.status, 200) << "a session header means nothing there";
  EXPECT_TRUE(ok.session_id.empty());
}

TEST_F(EraTest, E11NamesTheMissingEnvelopeUnderAModernHeader) {
  const Answered a = world.post(World::request("tools/list"), World::modern_headers("tools/list"));
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32602);
  EXPECT_EQ(a.data()["missing"],
            Json::array({"io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"}));
}

TEST_F(EraTest, E12RefusesAnUnknownVersionHeaderWithoutTheModernCode) {
  const Answered a = world.post(World::request("tools/list"), {{"MCP-Protocol-Version", "2027-01-01"}});
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32600);
  for (const Version& version : versions()) EXPECT_NE(a.message().find(version.name), std::string::npos);
}

TEST_F(EraTest, E13ServesAnythingElseAsLegacy) {
  EXPECT_EQ(world.post(World::request("tools/list")).status, 200);
  EXPECT_EQ(world.post(World::request("server/discover")).code(), -32601) << "without a claim it is a legacy method";
  EXPECT_EQ(world.post(World::request("tools/list"), {{"MCP-Protocol-Version", "2024-11-05"}}).status, 200);
}

// ---- modern ladder ------------------------------------------------------------------------------------

TEST_F(EraTest, N1ListsWhatIsMissingAndWhatIsInvalid) {
  Json meta = World::envelope();
  meta.erase("io.modelcontextprotocol/clientCapabilities");
  meta["io.modelcontextprotocol/logLevel"] = "loud";
  meta["io.modelcontextprotocol/clientInfo"] = {{"name", "x"}};
  const Answered a = world.post(World::request("tools/list", {{"_meta", meta}}), World::modern_headers("tools/list"));
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32602);
  EXPECT_EQ(a.data()["missing"], Json::array({"io.modelcontextprotocol/clientCapabilities"}));
  EXPECT_EQ(a.data()["invalid"],
            Json::array({"io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/logLevel"}));
  Json plain = World::envelope();
  plain.erase("io.modelcontextprotocol/clientInfo");
  EXPECT_EQ(world.post(World::request("tools/list", {{"_meta", plain}}), World::modern_headers("tools/list")).status,
            200);
}

TEST_F(EraTest, N2ComparesTheVersionHeaderWithTheClaim) {
  const Json body = World::request("tools/list", {{"_meta", World::envelope()}});
  const Answered missing = world.post(body, {{"Mcp-Method", "tools/list"}});
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(missing.code(), -32020);
  EXPECT_EQ(missing.data(), (Json{{"header", nullptr}, {"body", kModern}}));
  const Answered other = world.post(body, {{"MCP-Protocol-Version", "2025-11-25"}, {"Mcp-Method", "tools/list"}});
  EXPECT_EQ(other.code(), -32020);
  Json unserved = World::envelope();
  unserved["io.modelcontextprotocol/protocolVersion"] = "2030-01-01";
  EXPECT_EQ(world.post(World::request("tools/list", {{"_meta", unserved}}), World::modern_headers("tools/list")).code(),
            -32020)
      << "the header names a served version, the body another one";
}

TEST_F(EraTest, N3RefusesAClaimThatIsNotServedWithTheListOfModernVersions) {
  for (const char* version : {"2027-01-01", "2025-11-25"}) {
    Json meta = World::envelope();
    meta["io.modelcontextprotocol/protocolVersion"] = version;
    const Answered a = world.post(World::request("tools/list", {{"_meta", meta}}),
                                  {{"MCP-Protocol-Version", version}, {"Mcp-Method", "tools/list"}});
    EXPECT_EQ(a.status, 400) << version;
    EXPECT_EQ(a.code(), -32022) << version;
    EXPECT_EQ(a.data(), (Json{{"supported", {kModern}}, {"requested", version}}));
  }
}

TEST_F(EraTest, N4ComparesTheMethodHeaderCaseSensitively) {
  const Json body = World::request("tools/list", {{"_meta", World::envelope()}});
  for (const HeaderList& headers :
       {HeaderList{{"MCP-Protocol-Version", kModern}},
        HeaderList{{"MCP-Protocol-Version", kModern}, {"Mcp-Method", "Tools/List"}},
        HeaderList{{"MCP-Protocol-Version", kModern}, {"Mcp-Method", "tools/list"}, {"Mcp-Method", "tools/call"}}}) {
    const Answered a = world.post(body, headers);
    EXPECT_EQ(a.status, 400);
    EXPECT_EQ(a.code(), -32020);
  }
  EXPECT_EQ(world.post(body, {{"mcp-protocol-version", " 2026-07-28\t"}, {"MCP-METHOD", "tools/list "}}).status, 200)
      << "names ignore case, blanks around values are dropped (M9)";
}

TEST_F(EraTest, N5AnswersUnknownMethodsWith404) {
  const Answered a = world.modern("nothing/here");
  EXPECT_EQ(a.status, 404);
  EXPECT_EQ(a.code(), -32601);
}

TEST_F(EraTest, N6ComparesTheNameHeaderWithItsSource) {
  const Json body = World::request("tools/call", {{"name", "demo_who"}, {"_meta", World::envelope()}});
  EXPECT_EQ(world.post(body, World::modern_headers("tools/call", "demo_who")).status, 200);
  EXPECT_EQ(world.post(body, World::modern_headers("tools/call", "=?base64?ZGVtb193aG8=?=")).status, 200);
  for (const char* name :
       {"demo_echo", "", "=?base64?ZGVtb193aG8?=", "=?base64?!!!!?=", "demo_who\x01", "demo_who\xc3\xa9"}) {
    const Answered a = world.post(body, World::modern_headers("tools/call", name));
    EXPECT_EQ(a.status, 400) << name;
    EXPECT_EQ(a.code(), -32020) << name;
    EXPECT_EQ(a.data()["header"], "Mcp-Name");
  }
}

TEST_F(EraTest, N8AndN10TravelWithStatus200) {
  const Answered bad = world.modern("tools/call", {{"name", 5}});
  EXPECT_EQ(bad.code(), -32020) << "the header cannot repeat a name that is no string";
  const Answered unknown = world.modern_call("demo_nothing");
  EXPECT_EQ(unknown.status, 200);
  EXPECT_EQ(unknown.code(), -32602);
  EXPECT_EQ(unknown.data()["code"], "unknown_tool");
  const Answered resource = world.modern("resources/read", {{"uri", "test://missing"}});
  EXPECT_EQ(resource.status, 200);
  EXPECT_EQ(resource.code(), -32602);
  EXPECT_EQ(resource.data()["uri"], "test://missing");
}

TEST_F(EraTest, N11HidesWhatAHandlerThrew) {
  const Answered a = world.modern_call("demo_fail", {{"how", "throw"}});
  EXPECT_EQ(a.status, 200);
  EXPECT_EQ(a.code(), -32603);
  EXPECT_EQ(a.text.find("hunter2"), std::string::npos);
  EXPECT_EQ(a.data()["ref"].get<std::string>().size(), 12u);
}

// ---- legacy ladder ------------------------------------------------------------------------------------

TEST_F(EraTest, L1AnswersABadSessionIdWith404AndTheRequestsId) {
  for (const char* id : {"", "nonsense", "v1.AAAA"}) {
    const Answered a = world.post(World::request("ping", Json::object(), "x"), {{"Mcp-Session-Id", id}});
    EXPECT_EQ(a.status, 404) << id;
    EXPECT_EQ(a.code(), -32001) << id;
    EXPECT_EQ(a.body["id"], "x");
  }
}

TEST_F(EraTest, L2RefusesAnUnknownVersionInsideASession) {
  world.open_session();
  EXPECT_EQ(world.post(World::request("ping"), {{"MCP-Protocol-Version", "1999-01-01"}}).status, 400);
}

TEST_F(EraTest, L3AndL4TakeTheVersionOfTheSession) {
  world.open_session("2025-06-18");
  EXPECT_EQ(world.post(World::request("ping")).status, 200);
  EXPECT_EQ(world.post(World::request("ping"), {{"MCP-Protocol-Version", "2025-11-25"}}).status, 200);
}

TEST_F(EraTest, L5RefusesSessionlessRequestsWhereThatIsSwitchedOff) {
  EXPECT_EQ(world.post(World::request("tools/list")).status, 200);
  world.server_options.sessionless_legacy = false;
  world.restart();
  const Answered a = world.post(World::request("tools/list"));
  EXPECT_EQ(a.status, 400);
  EXPECT_EQ(a.code(), -32600);
  EXPECT_EQ(world.initialize().status, 200);
}

TEST_F(EraTest, L6ServesBeforeTheInitializedNotification) {
  world.open_session();
  EXPECT_EQ(world.legacy("tools/list").status, 200);
}

TEST_F(EraTest, L7ToL10TravelWithStatus200) {
  world.open_session();
  EXPECT_EQ(world.legacy("nothing").code(), -32601);
  EXPECT_EQ(world.legacy("nothing").status, 200);
  EXPECT_EQ(world.call("demo_nothing").code(), -32602);
  const Answered resource = world.legacy("resources/read", {{"uri", "test://missing"}});
  EXPECT_EQ(resource.code(), -32002);
  EXPECT_EQ(resource.data()["uri"], "test://missing");
  const Answered thrown = world.call("demo_fail", {{"how", "throw"}});
  EXPECT_EQ(thrown.status, 200);
  EXPECT_EQ(thrown.code(), -32603);
}

// ---- shape --------------------------------------------------------------------------------------------

TEST_F(EraTest, H12RefusesWhatIsNotJsonWithoutAnId) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  for (const std::string& body :
       {std::string("{"), std::string(""), std::string("{\"a\":1,\"a\":2}"), std::string("{\"a\":\"\xff\"}"), deep,
        std::string("{} {}"), std::string("{\"a\":NaN}")}) {
    const Answered a = world.post_text(body, {});
    EXPECT_EQ(a.status, 400) << body.substr(0, 20);
    EXPECT_EQ(a.code(), -32700) << body.substr(0, 20);
    EXPECT_FALSE(a.has_id());
  }
}

TEST_F(EraTest, H13RefusesEveryWrongShape) {
  const char* const bodies[] = {
      "5",
      "null",
      "\"x\"",
      "{}",
      R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
      R"({"id":1,"method":"ping"})",
      R"({"jsonrpc":"2.0","id":null,"method":"ping"})",
      R"({"jsonrpc":"2.0","id":true,"method":"ping"})",
      R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})",
      R"({"jsonrpc":"2.0","id":[],"method":"ping"})",
      R"({"jsonrpc":"2.0","id":1,"method":5})",
      R"({"jsonrpc":"2.0","id":1,"method":"ping","params":null})",
      R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[]})",
  };
  for (const char* body : bodies) {
    const Answered a = world.post_text(body, {});
    EXPECT_EQ(a.status, 400) << body;
    EXPECT_EQ(a.code(), -32600) << body;
    EXPECT_TRUE(!a.has_id() || !a.body["id"].is_null()) << body;
  }
  const std::string long_id(257, 'i'), long_method(129, 'm');
  EXPECT_EQ(world.post(World::request("ping", Json::object(), long_id)).status, 400);
  EXPECT_EQ(world.post(World::request(long_method)).status, 400);
}

TEST_F(EraTest, CountsTheLengthOfAnIdInCharacters) {
  std::string id;
  for (int i = 0; i < 256; ++i) id += "\xe2\x82\xac";
  EXPECT_EQ(world.post(World::request("ping", Json::object(), id)).body["id"], id);
  EXPECT_EQ(world.post(World::request("ping", Json::object(), id + "x")).status, 400);
}

TEST_F(EraTest, EchoesIdsExactly) {
  for (const Json& id : {Json(0), Json(-7), Json("0"), Json(9'007'199'254'740'993), Json("d\xc3\xa9j\xc3\xa0")}) {
    EXPECT_EQ(world.post(World::request("ping", Json::object(), id)).body["id"], id);
  }
}

}  // namespace
}  // namespace patchbay::mcp
