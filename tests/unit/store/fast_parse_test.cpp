#include <gtest/gtest.h>

#include <cmath>

#include "patchbay/base/ids.h"
#include "store/crc32c.h"
#include "store/record_text.h"

namespace patchbay::store {
namespace {

TEST(Crc32c, GivesThePublishedCheckValues) {  // RFC 3720 B.4
  for (auto* sum : {&crc32c, &crc32c_portable}) {
    EXPECT_EQ(sum("123456789", 0), 0xe3069283u);
    EXPECT_EQ(sum(std::string(32, '\0'), 0), 0x8a9136aau);
    EXPECT_EQ(sum(std::string(32, '\xff'), 0), 0x62a8ab43u);
    EXPECT_EQ(sum("", 0), 0u);
  }
}

TEST(Crc32c, IsTheSameInPiecesAndWithoutTheInstruction) {
  const std::string data = random_bytes(1000);
  for (std::size_t n = 0; n < data.size(); n += 37) {
    const std::string_view all = std::string_view(data).substr(n % 9);
    const std::string_view a = all.substr(0, std::min(n, all.size())), b = all.substr(a.size());
    EXPECT_EQ(crc32c(b, crc32c(a)), crc32c(all));
    EXPECT_EQ(crc32c(all), crc32c_portable(all));
  }
}

Json random_value(int depth) {
  const std::string dice = random_bytes(10);
  const auto d = [&](int i) { return static_cast<unsigned char>(dice[static_cast<std::size_t>(i)]); };
  switch (d(0) % (depth > 4 ? 6 : 8)) {
    case 0: return nullptr;
    case 1: return d(1) % 2 == 0;
    case 2: return static_cast<std::int64_t>(d(1)) * -123456789012345LL;
    case 3: return UINT64_MAX - d(1);
    case 4: return std::ldexp(static_cast<double>(d(1)) - 128.3, d(2) - 128);
    case 5: {
      std::string text = "\xc3\xa4 \"q\" \\ / \n\t\x01\x7f \xf0\x9f\x98\x80";
      return text.substr(0, d(1) % 3 == 0 ? 2 : text.size()) + std::string(d(2) % 40, 'x');
    }
    case 6: {
      Json list = Json::array();
      for (int i = 0; i < d(1) % 5; ++i) list.push_back(random_value(depth + 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (int i = 0; i < d(1) % 6; ++i) object["k" + std::to_string(i) + "\"\n"] = random_value(depth + 1);
      return object;
    }
  }
}

TEST(FastParse, AgreesWithTheStrictParser) {  // property: parse(dump(v)) == v, bit for bit
  for (int round = 0; round < 2000; ++round) {
    const Json v = random_value(0);
    for (const std::string& text : {json::dump(v), json::dump_pretty(v)}) {
      Json fast;
      ASSERT_TRUE(parse_fast(text, fast)) << text;
      const auto strict = json::parse(text);
      ASSERT_TRUE(strict.ok());
      ASSERT_EQ(json::dump(fast), json::dump(*strict));
      ASSERT_EQ(fast, *strict);
    }
  }
}

TEST(FastParse, RefusesWhatIsNoJson) {
  for (const char* text : {"",           " ",           "{",
                           "}",          "[",           "[1,",
                           "[1,]",       "{\"a\"}",     "{\"a\":}",
                           "{\"a\":1,}", "{a:1}",       "\"",
                           "\"a",        "\"\\",        "\"\\x\"",
                           "\"\\u12\"",  "\"\\ud800\"", "\"a\nb\"",
                           "tru",        "nul",         "falsey",
                           "01",         "-",           "+1",
                           "1.",         ".5",          "1e",
                           "0x1",        "1 2",         "{} x",
                           "NaN",        "Infinity",    "99999999999999999999",
                           "'a'",        "[1 2]",       "{\"a\":1 \"b\":2}",
                           "// c\n1"}) {
    Json out;
    EXPECT_FALSE(parse_fast(text, out)) << text;
  }
}

TEST(FastParse, StopsAtADepthThatCannotHurt) {
  Json out;
  EXPECT_TRUE(parse_fast(std::string(64, '[') + std::string(64, ']'), out));
  EXPECT_FALSE(parse_fast(std::string(65, '[') + std::string(65, ']'), out));
  EXPECT_FALSE(parse_fast(std::string(1'000'000, '['), out));
}

TEST(FastParse, SurvivesEveryTruncationAndRandomEdit) {
  const std::string text = json::dump_pretty(Json{{"a", {1, 2.5, "x\n"}}, {"b", {{"c", nullptr}}}, {"d", true}});
  for (std::size_t n = 0; n < text.size(); ++n) {
    Json out;
    EXPECT_FALSE(parse_fast(std::string_view(text).substr(0, n), out)) << n;
  }
  for (int round = 0; round < 20'000; ++round) {
    std::string edited = text;
    const std::string dice = random_bytes(2);
    edited[static_cast<unsigned char>(dice[0]) % edited.size()] = dice[1];
    Json out;
    if (!parse_fast(edited, out)) continue;
    EXPECT_FALSE(json::dump(out).empty());
  }
}

TEST(ParseBody, LeavesUnusualEscapesToTheStrictParser) {
  const auto v = parse_body(R"({"a": "\u00e4\ud83d\ude00"})");
  ASSERT_TRUE(v.ok());
  EXPECT_EQ(json::get_string(*v, "a"), "\xc3\xa4\xf0\x9f\x98\x80");
}

}  // namespace
}  // namespace patchbay::store
