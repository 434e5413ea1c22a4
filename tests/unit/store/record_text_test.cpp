#include "store/record_text.h"

#include <gtest/gtest.h>

#include "store/crc32c.h"

namespace patchbay::store {
namespace {

const Json kRecord = {{"job_id", "j-1"}, {"state", "running"}, {"note", "line\nbreak"}, {"list", {1, 2}}};

TEST(RecordText, IsJsonThatAPersonCanRead) {
  const std::string text = seal({12, 40}, kRecord);
  const auto parsed = json::parse(text);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->begin().key(), "_check");
  EXPECT_EQ(json::get_int((*parsed)["_check"], "schema"), kRecordSchema);
  EXPECT_EQ(json::get_int((*parsed)["_check"], "created"), 12);
  EXPECT_EQ(json::get_int((*parsed)["_check"], "revision"), 40);
  EXPECT_EQ(json::get_string(*parsed, "state"), "running");
  EXPECT_NE(text.find("\n  \"state\": \"running\""), std::string::npos);
  EXPECT_TRUE(text.ends_with("}\n"));
}

TEST(RecordText, ComesBackAsItWas) {
  for (const Json& record : {kRecord, Json::object(), Json{{"only", nullptr}}}) {
    std::string text = seal({1, 2}, record);
    const Unsealed u = unseal(text);
    ASSERT_EQ(u.seal, Seal::kIntact) << u.reason;
    EXPECT_EQ(u.order.created, 1u);
    EXPECT_EQ(u.order.revision, 2u);
    const auto back = parse_body(u.body);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, record);
  }
}

TEST(RecordText, EveryFlippedBitIsNoticed) {  // SEC:D3
  const std::string good = seal({12, 40}, kRecord);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      const Unsealed u = unseal(bad);
      ASSERT_EQ(u.seal, Seal::kDamaged) << "byte " << i << " bit " << bit;
      EXPECT_FALSE(u.reason.empty());
    }
  }
}

TEST(RecordText, EveryTruncationAndAnythingAppendedIsNoticed) {  // SEC:D3
  const std::string good = seal({12, 40}, kRecord);
  for (std::size_t n = 0; n < good.size(); ++n) {
    std::string cut = good.substr(0, n);
    ASSERT_EQ(unseal(cut).seal, Seal::kDamaged) << n;
  }
  for (const char* more : {" ", "\n", "}", "x"}) {
    std::string longer = good + more;
    EXPECT_EQ(unseal(longer).seal, Seal::kDamaged);
  }
  std::string zeros(good.size(), '\0');  // what some file systems leave after a power cut
  EXPECT_EQ(unseal(zeros).seal, Seal::kDamaged);
}

TEST(RecordText, ANewerVersionIsToldFromDamage) {  // SEC:F11
  std::string text = seal({12, 40}, kRecord);
  text.replace(text.find("\"schema\": 1"), 11, "\"schema\": 9");
  std::string broken = text;
  EXPECT_EQ(unseal(broken).seal, Seal::kDamaged);  // its sum is that of version 1
  const std::size_t digits = text.find("\"crc32c\": \"") + 11;
  const std::string without = text.substr(0, digits) + text.substr(digits + 8);
  text.replace(digits, 8, fmt::format("{:08x}", crc32c(without)));
  EXPECT_EQ(unseal(text).seal, Seal::kTooNew);
}

}  // namespace
}  // namespace patchbay::store
