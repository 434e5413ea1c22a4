#include "patchbay/mcp/catalog.h"

#include <gtest/gtest.h>

#include "mcp/tool_result.h"
#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using testing_support::World;

Result<std::unique_ptr<Catalog>> build(World& world) {
  return Catalog::build(world.tools, world.catalog_options, world.raw_tools);
}

TEST(CatalogTest, DescribesAToolCompletely) {
  World world;
  auto catalog = build(world).value();
  const Json d = catalog->find("demo_start")->descriptor;
  EXPECT_EQ(d["annotations"], (Json{{"title", "Title of demo_start"},
                                    {"readOnlyHint", false},
                                    {"destructiveHint", true},
                                    {"idempotentHint", true},
                                    {"openWorldHint", false}}));
  EXPECT_EQ(d["securitySchemes"], d["_meta"]["securitySchemes"]);
  EXPECT_EQ(d["securitySchemes"][0]["type"], "noauth");
  EXPECT_EQ(d["_meta"]["ui"]["resourceUri"], "ui://card");
  EXPECT_EQ(d["_meta"]["openai/outputTemplate"], "ui://card");
  EXPECT_EQ(d["_meta"]["ui/resourceUri"], "ui://card");
  EXPECT_EQ(d["_meta"]["openai/toolInvocation/invoking"], "Working");
  EXPECT_TRUE(d["inputSchema"]["properties"].contains("handle"));
  EXPECT_EQ(d["inputSchema"]["properties"]["request_key"]["maxLength"], 64);
  EXPECT_FALSE(catalog->find("demo_echo")->descriptor["inputSchema"]["properties"].contains("handle"));
}

TEST(CatalogTest, LeavesTheCardOutWhenItIsSwitchedOff) {
  World world;
  world.catalog_options.card_uri.clear();
  const Json meta = build(world).value()->find("demo_who")->descriptor["_meta"];
  EXPECT_FALSE(meta.contains("ui"));
  EXPECT_FALSE(meta.contains("openai/outputTemplate"));
}

TEST(CatalogTest, T1AndT2RefuseWhatHostsWouldChokeOn) {
  const auto broken = [](auto change) {
    World world;
    change(world.tools[0]);
    return build(world).ok();
  };
  EXPECT_TRUE(broken([](Tool&) {}));
  EXPECT_FALSE(broken([](Tool& t) { t.declaration.name = "has space"; }));
  EXPECT_FALSE(broken([](Tool& t) { t.declaration.name = std::string(65, 'a'); }));
  EXPECT_FALSE(broken([](Tool& t) { t.declaration.name = "demo_who"; }));
  EXPECT_FALSE(broken([](Tool& t) { t.input_schema["anyOf"] = Json::array(); }));
  EXPECT_FALSE(broken([](Tool& t) { t.input_schema["properties"]["x"]["$ref"] = "#/y"; }));
  EXPECT_FALSE(broken([](Tool& t) { t.input_schema["additionalProperties"] = true; }));
  EXPECT_FALSE(broken([](Tool& t) { t.input_schema["type"] = "array"; }));
  EXPECT_FALSE(broken([](Tool& t) { t.declaration.description = std::string(301, 'd'); }));
  EXPECT_FALSE(broken([](Tool& t) { t.declaration.invoking.clear(); }));
}

TEST(CatalogTest, RefusesMalformedHeaderMarks) {
  for (const Json& property :
       {Json{{"type", "number"}, {"x-mcp-header", "A"}}, Json{{"type", "string"}, {"x-mcp-header", "a b"}},
        Json{{"type", "string"}, {"x-mcp-header", 5}}, Json{{"type", "object"}, {"x-mcp-header", "A"}}}) {
    World world;
    world.raw_tools.push_back(
        {.descriptor = {{"name", "x"}, {"inputSchema", {{"type", "object"}, {"properties", {{"p", property}}}}}},
         .run = {}});
    EXPECT_FALSE(build(world).ok()) << property;
  }
}

TEST(CatalogTest, FiltersByModeGateAndScope) {
  World world;
  auto catalog = build(world).value();
  const auto has = [&](Mode mode, Scope scope, const char* name) {
    const auto names = catalog->names(mode, scope);
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_FALSE(has(Mode::kWorker, Scope::kPower, "demo_echo"));
  EXPECT_TRUE(has(Mode::kFull, Scope::kRead, "demo_echo"));
  EXPECT_FALSE(has(Mode::kFull, Scope::kPower, "demo_write"));
  EXPECT_FALSE(has(Mode::kWorker, Scope::kRead, "demo_start"));
  EXPECT_TRUE(has(Mode::kWorker, Scope::kWorker, "demo_start"));
  EXPECT_FALSE(has(Mode::kMinimal, Scope::kPower, "demo_start"));
  EXPECT_EQ(catalog->size(Mode::kFull, Scope::kPower), catalog->names(Mode::kFull, Scope::kPower).size());
}

TEST(CatalogTest, TellsAllModes) {
  World world;
  world.catalog_options.max_mode = Mode::kStandard;
  world.catalog_options.refresh_note = "Press Refresh.";
  const Json info = build(world).value()->mode_info(Mode::kStandard, Scope::kPower);
  EXPECT_EQ(info["current_mode"], "standard");
  EXPECT_EQ(info["available_modes"], Json::array({"worker", "standard", "full", "minimal"}));
  EXPECT_EQ(info["modes"][1]["current"], true);
  EXPECT_EQ(info["modes"][2]["permitted"], false);
  EXPECT_EQ(info["modes"][0]["tool_count"], info["modes"][0]["tool_names"].size());
  EXPECT_EQ(info["recommended_default"], "worker");
  EXPECT_EQ(info["chatgpt_refresh_note"], "Press Refresh.");
}

TEST(CatalogTest, ChangesItsVersionWithAnyDescriptor) {
  World a, b;
  b.tools[0].declaration.title = "Other";
  EXPECT_EQ(build(a).value()->version(), build(a).value()->version());
  EXPECT_NE(build(a).value()->version(), build(b).value()->version());
}

TEST(CatalogTest, CountsWhatAModelReads) {
  World world;
  auto catalog = build(world).value();
  const std::size_t whole = catalog->list_text(Mode::kWorker, Scope::kPower, 0, 0)->size();
  EXPECT_LT(catalog->model_bytes(Mode::kWorker, Scope::kPower), whole);
  EXPECT_GT(catalog->model_bytes(Mode::kWorker, Scope::kPower), whole / 3);
}

TEST(SchemaMismatchTest, FindsTheFirstMemberThatDoesNotFit) {
  const Json schema = Json::parse(R"({"type":"object","required":["a"],"additionalProperties":false,"properties":{
    "a":{"type":"integer"},"b":{"type":["string","null"]},"c":{"type":"array","items":{"enum":["x","y"]}}}})");
  const auto fits = [&](const char* text) { return !schema_mismatch(schema, Json::parse(text)); };
  EXPECT_TRUE(fits(R"({"a":1,"b":null,"c":["x"]})"));
  EXPECT_FALSE(fits(R"({"b":"s"})"));
  EXPECT_FALSE(fits(R"({"a":1.5})"));
  EXPECT_FALSE(fits(R"({"a":1,"b":5})"));
  EXPECT_FALSE(fits(R"({"a":1,"c":["z"]})"));
  EXPECT_FALSE(fits(R"({"a":1,"d":1})"));
  EXPECT_FALSE(fits(R"([])"));
}

TEST(ToolTest, NamesModesAndScopes) {
  for (Mode mode : {Mode::kWorker, Mode::kStandard, Mode::kFull, Mode::kMinimal})
    EXPECT_EQ(parse_mode(name_of(mode)), mode);
  EXPECT_EQ(parse_mode("  FULL "), Mode::kFull);
  EXPECT_FALSE(parse_mode("fuller"));
  EXPECT_EQ(parse_scope("integrate"), Scope::kIntegrate);
}

TEST(ToolTest, TellsEverythingWrongWithTheArgumentsAtOnce) {
  json::ParseReport report;
  report.add(ErrorCode::kMissingArgument, "path", "is required");
  report.add(ErrorCode::kUnknownArgument, "pth", "is not an argument of this tool; did you mean path?");
  const Error error = argument_error("demo", report);
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_NE(error.message.find("path is required"), std::string::npos);
  EXPECT_NE(error.message.find("did you mean path?"), std::string::npos);
}

TEST(ToolTest, ReportsClampsTheReplyDoesNotMention) {
  json::ParseReport report;
  report.clamped = {{"max_bytes", 100}, {"wait_seconds", 25}};
  Json structured{{"wait_seconds_applied", 20}};
  report_clamped(report, structured);
  EXPECT_EQ(structured, (Json{{"wait_seconds_applied", 20}, {"max_bytes_applied", 100}}));
}

TEST(CardTest, IsListedReadableUnderBothUrisAndPassive) {
  World world;
  CardResource card(CardResource::Options{});
  const Json listed = card.list({});
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["uri"], card_uri());
  EXPECT_EQ(listed[0]["mimeType"], "text/html;profile=mcp-app");
  world.server_options.resources = {&card};
  world.start();
  for (const char* uri : {"ui://widget/patchbay-tool-card-v2.html", "ui://widget/patchbay-tool-card-v1.html"}) {
    const Json result = world.modern("resources/read", {{"uri", uri}}).result();
    EXPECT_EQ(result["contents"][0]["uri"], uri);
    EXPECT_EQ(result["contents"][0]["text"], card_html());
    EXPECT_EQ(result["contents"][0]["_meta"]["ui"]["csp"]["connectDomains"], Json::array());
    EXPECT_EQ(result["contents"][0]["_meta"]["openai/widgetCSP"]["resource_domains"], Json::array());
    EXPECT_FALSE(result["contents"][0]["_meta"]["ui"].contains("domain"));
    EXPECT_EQ(result["cacheScope"], "public");
    EXPECT_EQ(result["ttlMs"], 3'600'000);
  }
  EXPECT_EQ(card_html().find("innerHTML"), std::string_view::npos) << "text nodes only";
  for (const char* reach : {"http:", "https:", "fetch(", "XMLHttpRequest", "callTool", "src="}) {
    EXPECT_EQ(card_html().find(reach), std::string_view::npos) << reach;
  }
  EXPECT_NE(card_html().find("default-src 'none'"), std::string_view::npos);
  EXPECT_TRUE(card_html().ends_with("</html>\n")) << "the whole page is embedded";
}

TEST(CardTest, IsAnErrorWhenSwitchedOff) {
  World world;
  CardResource card({.enabled = false});
  world.server_options.resources = {&card};
  world.start();
  EXPECT_TRUE(world.modern("resources/list").result()["resources"].empty());
  EXPECT_EQ(world.modern("resources/read", {{"uri", std::string(card_uri())}}).code(), -32602);
}

}  // namespace
}  // namespace patchbay::mcp
