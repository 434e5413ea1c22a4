#include "patchbay/json/json.h"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(JsonParse, KeepsMemberOrder) {
  EXPECT_EQ(json::dump(*json::parse(R"({"b":1,"a":[2.5,null,"x"]})")), R"({"b":1,"a":[2.5,null,"x"]})");
}

TEST(JsonParse, RefusesWhatJsonRpcMustNotAccept) {  // H12, SEC:J1-J3, J8
  for (const char* bad : {"", "{", "{}x", "{} {}", R"({"a":1,"a":2})", "NaN", "[1,]", "\"\xff\"", "\"\\ud800\"",
                          "// c\n1", "1e400"}) {
    EXPECT_FALSE(json::parse(bad).ok()) << bad;
  }
}

TEST(JsonParse, StopsAtTheDepthLimit) {
  EXPECT_TRUE(json::parse(std::string(64, '[') + std::string(64, ']')).ok());
  EXPECT_FALSE(json::parse(std::string(65, '[') + std::string(65, ']')).ok());
  EXPECT_FALSE(json::parse(std::string(500'000, '[')).ok());
}

TEST(JsonParse, StopsAtTheNodeAndMemberLimits) {
  std::string wide = "[0";
  for (int i = 0; i < 100'001; ++i) wide += ",0";
  EXPECT_FALSE(json::parse(wide + "]").ok());
  std::string members = "{\"k\":0";
  for (int i = 0; i < 10'001; ++i) members += ",\"" + std::to_string(i) + "\":0";
  EXPECT_FALSE(json::parse(members + "}").ok());
}

TEST(JsonParse, ToleratesOneByteOrderMark) { EXPECT_TRUE(json::parse("\xef\xbb\xbf{}").ok()); }

TEST(JsonDump, ReplacesInvalidUtf8) { EXPECT_EQ(json::dump(Json("a\xff")), "\"a\xef\xbf\xbd\""); }

TEST(JsonLookup, WrongTypesGiveTheFallback) {
  const Json o = *json::parse(R"({"s":1,"i":"x","n":null})");
  EXPECT_EQ(json::get_string(o, "s", "d"), "d");
  EXPECT_EQ(json::get_int(o, "i", 7), 7);
  EXPECT_FALSE(json::find_double(o, "n").has_value());
  EXPECT_EQ(json::find(Json(3), "x"), nullptr);
}

}  // namespace
}  // namespace patchbay
