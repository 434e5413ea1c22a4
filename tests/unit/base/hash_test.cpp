#include "patchbay/base/hash.h"

#include <gtest/gtest.h>

#include "patchbay/base/ids.h"

namespace patchbay {
namespace {

TEST(Hash, Sha256KnownAnswer) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 s;
  s.update("a");
  s.update("bc");
  EXPECT_EQ(to_hex(s.finish()), sha256_hex("abc"));
}

TEST(Hash, HmacKnownAnswer) {  // RFC 4231, case 2
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Base64, RoundTripsEveryLength) {
  for (std::size_t n = 0; n < 20; ++n) {
    const std::string data = random_bytes(n);
    std::string out;
    ASSERT_TRUE(base64url_decode(base64url_encode(data), &out));
    EXPECT_EQ(out, data);
    ASSERT_TRUE(base64_decode(base64_encode(data), &out));
    EXPECT_EQ(out, data);
  }
}

TEST(Base64, IsStrict) {  // M10
  std::string out;
  for (const char* bad : {"YQ", "YQ=", "YR==", "Y Q=", "YQ==YQ==", "-_8="})
    EXPECT_FALSE(base64_decode(bad, &out)) << bad;
}

TEST(Ids, UuidShape) {
  const std::string id = new_uuid();
  EXPECT_TRUE(is_uuid(id));
  EXPECT_EQ(id[14], '4');
  EXPECT_FALSE(is_uuid("-" + id.substr(1)));
  EXPECT_NE(new_uuid(), id);
}

}  // namespace
}  // namespace patchbay
