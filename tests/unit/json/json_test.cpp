#include "patchbay/json/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace patchbay {
namespace {

TEST(JsonParse, KeepsMemberOrder) {
  EXPECT_EQ(json::dump(*json::parse(R"({"b":1,"a":[2.5,null,"x"]})")), R"({"b":1,"a":[2.5,null,"x"]})");
}

TEST(JsonParse, RefusesWhatJsonRpcMustNotAccept) {  // H12, SEC:J1-J3, J8
  for (const char* bad :
       {"", "{", "{}x", "{} {}", R"({"a":1,"a":2})", "NaN", "[1,]", "\"\xff\"", "\"\\ud800\"", "// c\n1", "1e400"}) {
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

TEST(JsonParse, ToleratesOneByteOrderMark) {  // SEC:J8
  EXPECT_TRUE(json::parse("\xef\xbb\xbf{}").ok());
  EXPECT_FALSE(json::parse("\xef\xbb\xbf\xef\xbb\xbf{}").ok());
}

TEST(JsonParse, RefusesANulAndWhatMayFollowIt) {  // H12, SEC:J8
  using namespace std::string_view_literals;
  for (const std::string_view bad : {"{}\0"sv, "{}\0{}"sv, "{\0}"sv, "\0{}"sv, "\"a\0b\""sv}) {
    EXPECT_FALSE(json::parse(bad).ok()) << bad;
  }
  EXPECT_TRUE(json::parse(R"("a\u0000b")").ok());
}

TEST(JsonDump, ReplacesInvalidUtf8) { EXPECT_EQ(json::dump(Json("a\xff")), "\"a\xef\xbf\xbd\""); }

TEST(JsonParse, RefusesAKeyThatOccursTwiceInSmallAndInLargeObjects) {  // SEC:J3
  for (const int members : {2, 20, 23, 24, 25, 26, 60}) {
    std::string text = "{";
    for (int i = 0; i < members; ++i) text += "\"k" + std::to_string(i) + "\":{\"k0\":1},";
    EXPECT_TRUE(json::parse(text + "\"other\":0}").ok()) << members;
    for (const int twice : {0, members / 2, members - 1}) {
      EXPECT_FALSE(json::parse(text + "\"k" + std::to_string(twice) + "\":0}").ok()) << members << " " << twice;
    }
  }
}

std::string by_the_library(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

TEST(JsonDump, WritesEveryKindOfValueAsTheLibraryDoes) {
  // clang-format off
  const Json values = {nullptr, true, false, 0, -1, std::numeric_limits<std::int64_t>::min(),
                       std::numeric_limits<std::uint64_t>::max(), 0.5, 1e300, 3.0, std::nan(""), -0.0,
                       Json::object(), Json::array(), "", {{"a", {1, {2, "x"}}}, {"", {{"b\n", Json::array()}}}}};
  // clang-format on
  EXPECT_EQ(json::dump(values), by_the_library(values));
  for (const Json& value : values) EXPECT_EQ(json::dump(value), by_the_library(value));
}

TEST(JsonDump, EscapesEveryStringAsTheLibraryDoes) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return std::uniform_int_distribution<int>(0, n - 1)(random); };
  const std::vector<std::string> pieces = {"\"",
                                           "\\",
                                           "\n",
                                           "\r\n",
                                           "\t",
                                           "\b",
                                           "\f",
                                           "\x01",
                                           "\x1f",
                                           "\x7f",
                                           "\xc3\xa4",
                                           "\xe2\x82\xac",
                                           "\xf0\x9f\x98\x80",
                                           std::string(1, '\0'),
                                           "\xff",
                                           "\xc3",
                                           "\xed\xa0\x80",
                                           "\xf4\x90\x80\x80",
                                           "\xe2\x82"};
  for (int round = 0; round < 4000; ++round) {
    // Lengths around a block and a piece of the writer, and with valid pieces only every other time.
    const int known = round % 2 == 0 ? 14 : static_cast<int>(pieces.size());
    std::string text;
    for (int part = below(4); part >= 0; --part) {
      text.append(static_cast<std::size_t>(below(round % 5 == 0 ? 600 : 40)), static_cast<char>('a' + below(26)));
      for (int n = below(3); n > 0; --n) text += pieces[static_cast<std::size_t>(below(known))];
    }
    const Json value = {{text, text}};
    ASSERT_EQ(json::dump(value), by_the_library(value)) << "round " << round;
  }
}

TEST(JsonLookup, WrongTypesGiveTheFallback) {
  const Json o = *json::parse(R"({"s":1,"i":"x","n":null})");
  EXPECT_EQ(json::get_string(o, "s", "d"), "d");
  EXPECT_EQ(json::get_int(o, "i", 7), 7);
  EXPECT_FALSE(json::find_double(o, "n").has_value());
  EXPECT_EQ(json::find(Json(3), "x"), nullptr);
}

}  // namespace
}  // namespace patchbay
