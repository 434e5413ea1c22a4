#include "app/token_credentials.h"

#include <gtest/gtest.h>

#include "patchbay/app/named_tokens.h"
#include "patchbay/base/redact.h"
#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::app {
namespace {

class TestClock final : public Clock {
 public:
  WallTime wall() const override { return wall_; }
  MonoTime mono() const override { return mono_; }
  void advance(std::chrono::milliseconds span) {
    wall_ += span;
    mono_ += span;
  }

 private:
  WallTime wall_ = from_epoch_seconds(1'800'000'000);
  MonoTime mono_{std::chrono::hours(1)};
};

struct TokenCredentialsTest : testing::Test {
  TokenCredentialsTest() : home(dir.path("home")), db(home.state_db(), home.corrupt_dir(), clock) {
    (void)os::make_private_dirs(home.runtime_dir());
  }

  store::NamedToken named(const std::string& name, const std::string& secret, const std::string& scope) const {
    return {name, sha256_hex(secret), scope, clock.wall(), {}, {}};
  }
  TokenCredentials credentials() {
    return TokenCredentials(db, home.state_db(), clock, [this] { return config::Token{Secret(token), "test"}; });
  }

  testing_support::TempDir dir;
  config::Home home;
  TestClock clock;
  store::StateDb db;
  std::string token = "operator-token-0123456789";
};

TEST_F(TokenCredentialsTest, OperatorsTokenHasEveryRightAndNothingElseOpens) {
  auto c = credentials();
  ASSERT_TRUE(c.reload().ok());
  const auto found = c.check("operator-token-0123456789");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->scope, mcp::Scope::kPower);
  EXPECT_FALSE(c.check("operator-token-012345678").has_value());
  EXPECT_FALSE(c.check("").has_value());
  EXPECT_FALSE(os::exists(home.state_db())) << "asking for a token made a database";
}

TEST_F(TokenCredentialsTest, TokenThatReplacesAnotherIsASecretToo) {  // A3
  auto c = credentials();
  ASSERT_TRUE(c.reload().ok());
  const std::string first = token;
  token = "second-operators-word-4711";
  ASSERT_TRUE(c.reload().ok());
  EXPECT_EQ(redact("<" + token + "> <" + first + ">").find("operator"), std::string::npos);
}

TEST_F(TokenCredentialsTest, NamedTokenHasItsScopeUntilItExpires) {  // SEC:A13
  auto token_row = named("ci", "named-token-0123456789", "worker");
  token_row.expires = clock.wall() + std::chrono::seconds(10);
  ASSERT_TRUE(db.create_token(token_row).ok());
  auto c = credentials();
  ASSERT_TRUE(c.reload().ok());
  const auto found = c.check("named-token-0123456789");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->scope, mcp::Scope::kWorker);
  EXPECT_EQ(found->name, "token/ci");
  clock.advance(std::chrono::seconds(11));
  EXPECT_FALSE(c.check("named-token-0123456789").has_value());
}

TEST_F(TokenCredentialsTest, ARotatedTokenIsAnotherGenerationOfItsName) {  // SEC:A6
  auto c = credentials();
  ASSERT_TRUE(c.reload().ok());
  const mcp::Credential before = *c.check(token);
  EXPECT_TRUE(c.valid(before));
  token = "another-operator-token-01234";
  ASSERT_TRUE(c.reload().ok());
  const mcp::Credential after = *c.check(token);
  EXPECT_EQ(after.name, before.name);
  EXPECT_TRUE(c.valid(after));
  EXPECT_FALSE(c.valid(before));
}

TEST_F(TokenCredentialsTest, TellsWhenAReloadFoundTokensWhereThereWereNone) {  // SEC:A6
  token.clear();
  auto c = credentials();
  int told = 0;
  c.on_tokens([&] { ++told; });
  ASSERT_TRUE(c.reload().ok());
  EXPECT_EQ(told, 0);
  EXPECT_FALSE(c.valid({}));
  token = "operator-token-0123456789";
  ASSERT_TRUE(c.reload().ok());
  EXPECT_EQ(told, 1);
}

TEST_F(TokenCredentialsTest, RevocationByAnotherProcessIsSeenWithinASecond) {  // SEC:A6
  ASSERT_TRUE(db.create_token(named("ci", "named-token-0123456789", "read")).ok());
  auto c = credentials();
  ASSERT_TRUE(c.reload().ok());
  ASSERT_TRUE(c.check("named-token-0123456789").has_value());
  store::StateDb other(home.state_db(), home.corrupt_dir(), clock);
  ASSERT_TRUE(other.revoke_token("ci").ok());
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(c.check("named-token-0123456789").has_value());
  EXPECT_TRUE(c.check(token).has_value()) << "the operator's token must not go with it";
}

TEST_F(TokenCredentialsTest, ReloadReplacesTheOperatorsToken) {
  auto c = credentials();
  ASSERT_TRUE(c.reload().ok());
  token = "another-token-0123456789";
  ASSERT_TRUE(c.reload().ok());
  EXPECT_TRUE(c.check("another-token-0123456789").has_value());
  EXPECT_FALSE(c.check("operator-token-0123456789").has_value());
}

TEST_F(TokenCredentialsTest, NamedTokenCountsOnlyWhileItIsValid) {
  EXPECT_FALSE(*has_named_token(home, clock));
  ASSERT_TRUE(db.create_token(named("ci", "named-token-0123456789", "read")).ok());
  EXPECT_TRUE(*has_named_token(home, clock));
  ASSERT_TRUE(db.revoke_token("ci").ok());
  EXPECT_FALSE(*has_named_token(home, clock));
}

TEST_F(TokenCredentialsTest, DatabaseThatCannotBeReadIsNotTakenForOneWithoutTokens) {  // SEC:F11
  ASSERT_TRUE(os::write_file_atomic(home.state_db(), std::string(4096, 'x')).ok());
  const auto damaged = has_named_token(home, clock);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, ErrorCode::kConfigRefused);
  EXPECT_FALSE(os::exists(home.corrupt_dir())) << "looking set the file aside";
}

}  // namespace
}  // namespace patchbay::app
