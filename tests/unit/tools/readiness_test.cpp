#include "patchbay/tools/readiness.h"

#include "unit/tools/tools_fixture.h"

namespace patchbay::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReadinessTest : public ToolsTest {
 protected:
  Readiness look(const ReadinessOptions& options = {}) const {
    return check_readiness(launch, *parts->engine, environment, options);
  }
  std::string status(const std::string& name, const ReadinessOptions& options = {}) const {
    for (const Check& check : look(options).checks) {
      if (check.name == name) return check.status;
    }
    return "absent";
  }

  os::Environment environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/root"}};
};

TEST_F(ReadinessTest, ChecksComeInTheDocumentedOrder) {
  std::vector<std::string> names;
  for (const Check& check : look().checks) names.push_back(check.name);
  EXPECT_EQ(names, (std::vector<std::string>{"build", "codex_cli", "host_binding", "http_auth", "access_log", "cors",
                                             "default_sandbox", "direct_write", "bash_mode", "allowed_roots", "git",
                                             "shell", "ripgrep", "state_dir", "token_strength", "roots_too_wide",
                                             "worktree_root_external", "home_set"}));
}

TEST_F(ReadinessTest, CodexIsAskedOnlyWhereThatIsWanted) {
  EXPECT_EQ(status("codex_auth"), "absent");
  EXPECT_TRUE(codex_program.questions().empty());
  EXPECT_EQ(status("codex_version", {.run_codex = true}), "pass");
  EXPECT_EQ(status("codex_auth", {.run_codex = true}), "warn");
}

TEST_F(ReadinessTest, CodexBelowTheMinimumIsToldApartFromOneNobodyTried) {
  const auto detail = [this](const std::string& version) {
    codex_program.put("fake-version", version);
    open();
    EXPECT_EQ(status("codex_version", {.run_codex = true}), "warn") << version;
    for (const Check& check : look({.run_codex = true}).checks) {
      if (check.name == "codex_version") return check.detail;
    }
    return std::string();
  };
  for (const char* old : {"0.142.1", "0.99.3", "0.9", "unknown"}) EXPECT_THAT(detail(old), HasSubstr("too old")) << old;
  for (const char* other : {"0.142.2", "0.142.10", "0.170.0-alpha.1", "1.0.0"})
    EXPECT_THAT(detail(other), Not(HasSubstr("too old"))) << other;
}

TEST_F(ReadinessTest, BuiltInSettingsAreReadyAndPass) {
  const Readiness r = look();
  EXPECT_TRUE(r.ready);
  for (const Check& check : r.checks) {
    // The machine of the test decides about these.
    if (check.name == "home_set" || check.name == "git" || check.name == "ripgrep") continue;
    EXPECT_EQ(check.status, "pass") << check.name << ": " << check.detail;
  }
}

TEST_F(ReadinessTest, AnOpenBindWithoutATokenFails) {
  launch.config.server.host = "0.0.0.0";
  launch.auth.reasons = {config::AuthReason::kNonLoopbackBind};
  EXPECT_EQ(status("host_binding"), "fail");
  EXPECT_EQ(status("http_auth"), "fail");
  EXPECT_FALSE(look().ready);
  launch.auth.token = {Secret("token-of-32-bytes-for-this-test!"), "test"};
  EXPECT_EQ(status("host_binding"), "warn");
  EXPECT_EQ(status("http_auth"), "pass");
  EXPECT_TRUE(look().ready);
}

TEST_F(ReadinessTest, AnOpenBindThatAsksForNoTokenIsNoTrustedLoopback) {
  launch.config.server.host = "0.0.0.0";
  EXPECT_EQ(status("http_auth"), "fail");
  launch.config.server.host = "127.0.0.1";
  launch.exposure = {"tunnel mode custom"};
  EXPECT_EQ(status("http_auth"), "fail");
  EXPECT_THAT(look().connection.chatgpt_authentication, HasSubstr("none exists yet"));
}

TEST_F(ReadinessTest, UrlIsNotSaidToCarryATokenThatIsNotThere) {
  launch.auth.reasons = {config::AuthReason::kTunnelMode};
  const Connection c = look({.public_base_url = "https://bay.example.org"}).connection;
  EXPECT_EQ(c.server_url, "https://bay.example.org/mcp");
  EXPECT_THAT(c.chatgpt_authentication, HasSubstr("patchbay token create"));
}

TEST_F(ReadinessTest, WideSettingsWarn) {
  launch.config.logging.access_log = true;
  launch.config.server.enable_cors = true;
  launch.config.security.default_sandbox = config::Sandbox::kDangerFullAccess;
  launch.config.power_tools.direct_write = true;
  launch.config.power_tools.bash_mode = config::BashMode::kFull;
  launch.config.repositories.allowed = {"/"};
  for (const char* name : {"access_log", "cors", "default_sandbox", "direct_write", "bash_mode", "roots_too_wide"}) {
    EXPECT_EQ(status(name), "warn") << name;
  }
  EXPECT_TRUE(look().ready);
}

TEST_F(ReadinessTest, MissingRootsFail) {
  launch.config.repositories.allowed.push_back(dir.path("gone"));
  EXPECT_EQ(status("allowed_roots"), "fail");
  launch.config.repositories.allowed.clear();
  EXPECT_EQ(status("allowed_roots"), "fail");
}

TEST_F(ReadinessTest, MissingProgramsAndHomeAreTold) {
  environment = {{"PATH", "/nonexistent"}};
  for (const char* name : {"git", "shell", "ripgrep", "home_set"}) EXPECT_EQ(status(name), "warn") << name;
  launch.config.workers.git_filters = true;
  EXPECT_EQ(status("git"), "fail");
}

TEST_F(ReadinessTest, WeakTokensAreTold) {
  launch.auth.token = {Secret("eighteen-bytes-abc"), "test"};
  EXPECT_EQ(status("token_strength"), "warn");
  launch.auth.token = {Secret("short"), "test"};
  EXPECT_EQ(status("token_strength"), "fail");
}

TEST(PublicBaseUrl, IsAHostAndPerhapsAPath) {
  EXPECT_EQ(*check_public_base_url(" https://bay.example.org/pre/mcp/ "), "https://bay.example.org/pre");
  for (const char* bad : {"https://", "https:///mcp", "bay.example.org", "ftp://bay.example.org", "https://a b",
                          "https://user@bay.example.org", "https://bay.example.org/?x=1"}) {
    EXPECT_FALSE(check_public_base_url(bad).ok()) << bad;
  }
}

TEST_F(ReadinessTest, AStateDirectoryThatIsGoneFails) {
  launch.home = config::Home(dir.path("no-such-home"));
  EXPECT_EQ(status("state_dir"), "fail");
}

TEST_F(ReadinessTest, OnlyARevealedUrlHoldsTheToken) {
  launch.auth.reasons = {config::AuthReason::kTokenConfigured};
  launch.auth.token = {Secret("token/of 32-bytes-for-this-test!"), "test"};
  EXPECT_EQ(look().connection.server_url, "http://127.0.0.1:8000/mcp?patchbay_token=%3Credacted%3E");
  const Readiness shown = look({.port = 9000, .reveal_token = true});
  EXPECT_EQ(shown.connection.server_url,
            "http://127.0.0.1:9000/mcp?patchbay_token=token%2Fof%2032-bytes-for-this-test%21");
  EXPECT_TRUE(shown.auth.token_returned);
}

}  // namespace
}  // namespace patchbay::tools
