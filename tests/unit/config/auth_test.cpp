#include "patchbay/config/auth.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ostream>

#include "unit/config/place.h"

namespace patchbay::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <class T>
concept Streams = requires(std::ostream& out, const T& v) {
  out << v;
};

TEST(Secret, CannotBePrinted) {  // SEC:A4, R1
  static_assert(!Streams<Secret>);
  static_assert(!fmt::is_formattable<Secret>::value);
  static_assert(!std::is_convertible_v<Secret, std::string>);
  EXPECT_TRUE(Secret(std::string("abc")).equals("abc"));
  EXPECT_FALSE(Secret(std::string("abc")).equals("abd"));
}

TEST(Secret, WipesTheTextItWasMadeFrom) {
  std::string text = "short";
  const char* bytes = text.data();
  Secret::wipe(text);
  EXPECT_TRUE(text.empty());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bytes[i], '\0') << i;
}

TEST(Secret, LeavesNothingInWhatItWasMovedFrom) {
  Secret a(std::string("short"));
  const Secret b(std::move(a));
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(b.reveal(), "short");
}

TEST(LoopbackHost, IsOnlyWhatSurelyIsOne) {
  for (const char* host : {"localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1", "[::1]", "0:0:0:0:0:0:0:1",
                           "0000:0000:0000:0000:0000:0000:0000:0001"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host : {"",
                           "0.0.0.0",
                           "::",
                           "[::]",
                           "10.0.0.1",
                           "128.0.0.1",
                           "127.0.0.1.evil.org",
                           "localhost.evil",
                           "127.1",
                           "127.0.0.256",
                           "127.0.0.01",
                           "0177.0.0.1",
                           "2130706433",
                           "::2",
                           "0:0:0:0:0:0:1:1",
                           "::ffff:10.0.0.1",
                           "[127.0.0.1",
                           "*",
                           "example.org",
                           "1::1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

struct Tokens : testing::Test {
  Place place;
  Config config;
  Home home{place.dir.path("state")};

  Tokens() { EXPECT_TRUE(home.prepare().ok()); }
  Token find() {
    auto t = find_token(config, home, place.env);
    EXPECT_TRUE(t.ok()) << t.error().message;
    return t.ok() ? *t : Token{};
  }
};

TEST_F(Tokens, AreLookedUpInOrder) {
  EXPECT_TRUE(find().value.empty());
  place.write("state/token", "from-home\n");
  EXPECT_EQ(find().value.reveal(), "from-home");
  EXPECT_EQ(find().source, "<home>/token");
  config.auth.token_file = place.write("other", "  from-file \n");
  EXPECT_EQ(find().value.reveal(), "from-file");
  place.env["PATCHBAY_TOKEN"] = "from-old-variable";
  EXPECT_EQ(find().source, "$PATCHBAY_TOKEN");
  place.env["PATCHBAY_HTTP_TOKEN"] = "from-variable";
  EXPECT_EQ(find().value.reveal(), "from-variable");
  place.env["MY_TOKEN"] = "from-mine";
  EXPECT_EQ(find().value.reveal(), "from-variable");
  config.auth.token_env = "MY_TOKEN";
  EXPECT_EQ(find().value.reveal(), "from-mine");
  place.env["MY_TOKEN"] = "";
  EXPECT_EQ(find().value.reveal(), "from-variable");
}

TEST_F(Tokens, FileThatOthersMayHaveWrittenIsRefused) {  // SEC:F5
  place.write("state/token", "abc\n", 0620);
  EXPECT_EQ(find_token(config, home, place.env).error().code, ErrorCode::kConfigRefused);
  ASSERT_TRUE(os::remove_file(home.token_file()).ok());
  place.write("elsewhere", "abc\n");
  ASSERT_EQ(::symlink(place.dir.path("elsewhere").c_str(), home.token_file().c_str()), 0);
  EXPECT_THAT(find_token(config, home, place.env).error().message, HasSubstr("symbolic link"));
}

TEST_F(Tokens, NamedFileMustExist) {
  config.auth.token_file = place.dir.path("missing");
  EXPECT_EQ(find_token(config, home, place.env).error().code, ErrorCode::kConfigRefused);
}

TEST_F(Tokens, AreGeneratedOnceWithMode0600) {  // SEC:A5
  const auto first = generate_token(home);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->value.size(), 43u);
  EXPECT_EQ(first->value.reveal().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string_view::npos);
  struct stat st {};
  ASSERT_EQ(::stat(home.token_file().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
  EXPECT_TRUE(generate_token(home)->value.equals(first->value.reveal()));
  EXPECT_TRUE(find().value.equals(first->value.reveal()));
}

TEST_F(Tokens, StrengthIsCheckedForAnExposedStart) {  // SEC:F2
  std::vector<std::string> warnings;
  const auto check = [&](const char* text) { return check_token_strength(Secret(std::string(text)), warnings); };
  for (const char* bad : {"tiny-one", "0123456789abcde", "0123456789 abcdef0123456789", "0123456789abcdef\t0123456789",
                          "<long-random-token>", "0123456789abcdef0123456789\x7f"}) {
    const Status s = check(bad);
    ASSERT_FALSE(s.ok()) << bad;
    EXPECT_EQ(s.error().code, ErrorCode::kConfigRefused);
    EXPECT_EQ(s.error().message.find(bad), std::string::npos) << "the token itself is never shown";
  }
  EXPECT_THAT(warnings, IsEmpty());
  EXPECT_TRUE(check("0123456789abcdef0123456").ok());
  EXPECT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(check("0123456789abcdef01234567").ok());
  EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(Tokens, EachReasonForAuthenticationIsNamed) {
  const auto reasons = [&](bool named = false) {
    auto policy = auth_policy(config, find(), named, place.env);
    EXPECT_TRUE(policy.ok());
    std::vector<std::string_view> out;
    for (const AuthReason r : policy->reasons) out.push_back(name_of(r));
    return out;
  };
  EXPECT_THAT(reasons(), IsEmpty());
  EXPECT_THAT(reasons(true), ElementsAre("token_configured"));
  config.auth.enabled = true;
  EXPECT_THAT(reasons(), ElementsAre("auth.enabled"));
  config.auth.enabled = false;
  place.env["PATCHBAY_REQUIRE_HTTP_TOKEN"] = "Yes";
  EXPECT_THAT(reasons(), ElementsAre("env.require_http_token"));
  for (const char* no : {"", "0", "no", "off", "False"}) {
    place.env["PATCHBAY_REQUIRE_HTTP_TOKEN"] = no;
    EXPECT_THAT(reasons(), IsEmpty()) << no;
  }
  config.server.host = "0.0.0.0";
  EXPECT_THAT(reasons(), ElementsAre("non_loopback_bind"));
  config.auth.require_for_non_loopback = false;
  EXPECT_THAT(reasons(), IsEmpty());
  config.auth.tunnel_mode = TunnelMode::kNgrok;
  EXPECT_THAT(reasons(), ElementsAre("tunnel_mode"));
  config.auth.tunnel_mode = TunnelMode::kLocal;
  EXPECT_THAT(reasons(), IsEmpty());
  place.env["PATCHBAY_TUNNEL_MODE"] = "cloudflare";
  EXPECT_THAT(reasons(), ElementsAre("tunnel_mode"));
  config.auth.require_for_tunnel = false;
  EXPECT_THAT(reasons(), IsEmpty());
  place.env["PATCHBAY_HTTP_TOKEN"] = kGoodToken;
  EXPECT_THAT(reasons(), ElementsAre("token_configured"));
}

TEST_F(Tokens, AMisspeltSafetyVariableIsRefused) {
  place.env["PATCHBAY_REQUIRE_HTTP_TOKEN"] = "ture";
  EXPECT_EQ(auth_policy(config, {}, false, place.env).error().code, ErrorCode::kConfigRefused);
  place.env["PATCHBAY_REQUIRE_HTTP_TOKEN"] = "";
  place.env["PATCHBAY_TUNNEL_MODE"] = "cloudfare";
  EXPECT_EQ(auth_policy(config, {}, false, place.env).error().code, ErrorCode::kConfigRefused);
}

}  // namespace
}  // namespace patchbay::config
