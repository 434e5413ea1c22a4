// `patchbay token ...`, and who gets in with what it makes (cli.md 7.3, SEC:A5, A6, A13).

#include "integration/fixture.h"
#include "patchbay/base/text.h"
#include "support/patience.h"

namespace patchbay::integration {
namespace {

class TokenCommandTest : public Integration {
 protected:
  int status_with(int port, const std::string& token) {
    http::Client http({.port = port});
    const auto reply = http.get("/status", {{"Authorization", "Bearer " + token}});
    return reply ? reply->status : 0;
  }
  /// The token that `arguments` prints, alone on its line.
  std::string token_of(const std::vector<std::string>& arguments) {
    const Finished done = run(arguments);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_TRUE(done.out.ends_with('\n'));
    return done.out.substr(0, done.out.find('\n'));
  }
};

TEST_F(TokenCommandTest, NamedTokenOpensUntilItIsRotatedOrRevoked) {
  const std::string first = token_of({"token", "create", "laptop", "--scope", "read"});
  EXPECT_GE(first.size(), 43u);
  const auto owner = start();
  EXPECT_EQ(status_with(owner->port(), first), 200);
  EXPECT_EQ(status_with(owner->port(), "x" + first), 401);

  const std::string second = token_of({"token", "rotate", "laptop"});
  EXPECT_NE(second, first);
  EXPECT_TRUE(eventually([&] { return status_with(owner->port(), first) == 401; }));
  EXPECT_EQ(status_with(owner->port(), second), 200);

  EXPECT_EQ(run({"token", "revoke", "laptop"}).code, 0);
  EXPECT_TRUE(eventually([&] { return status_with(owner->port(), second) == 401; }));
  EXPECT_EQ(run({"token", "revoke", "laptop"}).code, 1);
}

TEST_F(TokenCommandTest, TokenMadeWhileAnOwnerRunsOpensAtOnce) {
  token_of({"token", "create", "first"});
  const auto owner = start();
  const std::string second = token_of({"token", "create", "second"});
  EXPECT_TRUE(eventually([&] { return status_with(owner->port(), second) == 200; }));
}

TEST_F(TokenCommandTest, OnlyTheHashIsKept) {
  const std::string token = token_of({"token", "create", "laptop"});
  for (const std::string& name : names_in(dir_.path("home/runtime"))) {
    const auto text = os::read_file(dir_.path("home/runtime/" + name));
    EXPECT_THAT(text ? *text : "", Not(HasSubstr(token))) << name;
  }
  const Finished listed = run({"token", "list"});
  EXPECT_THAT(listed.out, HasSubstr("laptop"));
  EXPECT_THAT(listed.out, Not(HasSubstr(token)));
  const Json as_json = *json::parse(run({"token", "list", "--json"}).out);
  EXPECT_EQ(json::get_string(as_json["tokens"][0], "scope"), "worker");
  EXPECT_EQ(json::get_string(as_json["tokens"][0], "state"), "valid");
}

TEST_F(TokenCommandTest, OperatorsTokenIsAFileAndPartOfTheServerUrl) {
  EXPECT_EQ(run({"token", "show"}).code, 1);
  EXPECT_THAT(run({"token", "create"}).out,
              HasSubstr("The next start uses it, unless its environment names another.\n"));
  struct stat st {};
  ASSERT_EQ(::stat(dir_.path("home/token").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  const std::string first = std::string(trim(*os::read_file(dir_.path("home/token"))));
  EXPECT_EQ(run({"token", "create"}).code, 0);
  EXPECT_EQ(std::string(trim(*os::read_file(dir_.path("home/token")))), first) << "the connector's token was replaced";

  const auto owner = start();
  EXPECT_EQ(status_with(owner->port(), first), 200);
  const Finished shown = run({"token", "show"});
  EXPECT_THAT(shown.out, HasSubstr(fmt::format(":{}/mcp?patchbay_token={}", owner->port(), first)));
  EXPECT_THAT(shown.err, HasSubstr("WARNING: printing a private tokenized"));

  EXPECT_EQ(run({"token", "rotate"}).code, 0);
  const std::string second = std::string(trim(*os::read_file(dir_.path("home/token"))));
  EXPECT_TRUE(eventually([&] { return status_with(owner->port(), second) == 200; }));
  EXPECT_EQ(status_with(owner->port(), first), 401);
}

TEST_F(TokenCommandTest, LimitsWithoutANameMakeNoUnlimitedToken) {
  for (const std::vector<std::string>& limit :
       {std::vector<std::string>{"--scope", "read"}, {"--expires", "1h"}, {""}}) {
    std::vector<std::string> arguments = {"token", "create"};
    arguments.insert(arguments.end(), limit.begin(), limit.end());
    EXPECT_EQ(run(arguments).code, 2) << limit.front();
    EXPECT_FALSE(os::exists(dir_.path("home/token"))) << limit.front();
  }
}

TEST_F(TokenCommandTest, OperatorsTokenIsReplacedOnlyWhenThereIsOne) {
  const Finished done = run({"token", "rotate"});
  EXPECT_EQ(done.code, 1);
  EXPECT_THAT(done.err, HasSubstr("patchbay token create"));
  EXPECT_FALSE(os::exists(dir_.path("home/token"))) << "a token makes every later start ask for it";
}

TEST_F(TokenCommandTest, TokenThatCouldNotBeWrittenOutIsTold) {
  const auto ran = os::run(
      {.argv = {"/bin/sh", "-c", "exec \"$0\" token create lost >/dev/full", testing_support::patchbay_binary()},
       .env = env_},
      {}, testing_support::end_of_patience());
  ASSERT_TRUE(ran.ok());
  EXPECT_EQ(ran->status.code, 74) << ran->err;
  EXPECT_THAT(ran->err, HasSubstr("patchbay token rotate lost"));
}

TEST_F(TokenCommandTest, JsonIsPrintedByEveryActionThatTakesIt) {
  const auto printed = [&](std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const auto json = json::parse(run(arguments).out);
    EXPECT_TRUE(json.ok()) << arguments[1];
    return json ? *json : Json::object();
  };
  EXPECT_TRUE(json::get_bool(printed({"token", "create"}), "created"));
  EXPECT_FALSE(json::get_bool(printed({"token", "create"}), "created"));
  EXPECT_EQ(json::get_string(printed({"token", "rotate"}), "token_file"), dir_.path("home/token"));
  EXPECT_EQ(json::get_string(printed({"token", "create", "looker", "--scope", "read"}), "scope"), "read");
  EXPECT_EQ(json::get_string(printed({"token", "rotate", "looker"}), "scope"), "read");
  EXPECT_TRUE(json::get_bool(printed({"token", "revoke", "looker"}), "revoked"));
}

TEST_F(TokenCommandTest, WrongArgumentsAreUsageErrors) {
  EXPECT_EQ(run({"token", "create", "a b"}).code, 2);
  EXPECT_EQ(run({"token", "create", "x", "--scope", "all"}).code, 2);
  EXPECT_EQ(run({"token", "create", "x", "--expires", "soon"}).code, 2);
  EXPECT_EQ(run({"token", "revoke"}).code, 2);
  token_of({"token", "create", "x"});
  const Finished twice = run({"token", "create", "x"});
  EXPECT_EQ(twice.code, 1);
  EXPECT_THAT(twice.err, HasSubstr("Rotate or revoke"));
}

TEST_F(TokenCommandTest, DatabaseOfANewerVersionEndsTheStartInsteadOfOpeningThePort) {  // SEC:F11
  token_of({"token", "create", "laptop"});
  const std::string database = dir_.path("home/runtime/state.db");
  std::string bytes = *os::read_file(database);
  ASSERT_GT(bytes.size(), 64u);
  bytes[63] = 2;  // the low byte of user_version
  ASSERT_TRUE(os::write_file_atomic(database, bytes).ok());
  const Finished done = run({"start", "--root", repo_.path(), "--port", "0"});
  EXPECT_EQ(done.code, 65) << done.err;
  EXPECT_EQ(*os::read_file(database), bytes);

  bytes.replace(0, 16, "not a database..");
  ASSERT_TRUE(os::write_file_atomic(database, bytes).ok());
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--port", "0"}).code, 78);
  EXPECT_EQ(*os::read_file(database), bytes);
}

TEST_F(TokenCommandTest, TokenOfTheEnvironmentIsGoneFromTheEnvironmentOnceItWasRead) {  // SEC:A4
  const std::string token = "canary-0123456789-0123456789";
  env_["PATCHBAY_HTTP_TOKEN"] = token;
  const auto owner = start();
  EXPECT_EQ(status_with(owner->port(), token), 200);
  const auto shown = os::read_file("/proc/" + std::to_string(owner->pid()) + "/environ");
  ASSERT_TRUE(shown.ok());
  EXPECT_THAT(*shown, HasSubstr("PATCHBAY_HOME="));
  EXPECT_THAT(*shown, Not(HasSubstr(token)));
}

// An owner that starts may have read the old token, and nobody could tell it yet that there is a new one.
TEST_F(TokenCommandTest, TokenIsReplacedBeforeOrAfterAStartAndNotInItsMidst) {  // SEC:A6
  expect_waits_for_a_start({"token", "create"}, 0);
  const std::string first = *os::read_file(dir_.path("home/token"));
  expect_waits_for_a_start({"token", "rotate"}, 0);
  EXPECT_NE(*os::read_file(dir_.path("home/token")), first);
}

}  // namespace
}  // namespace patchbay::integration
