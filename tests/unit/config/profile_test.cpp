#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/place.h"

// Profiles of workspaces (cli.md 4.3, 6.3).

namespace patchbay::config {
namespace {

struct ProfileTest : testing::Test, Place {
  ProfileTest() {
    options.root = repo();
    options.use_profile = true;
  }
  std::string path() const { return Home(state("")).profile(repo()); }
  std::string saved() {
    const auto first = launch();
    EXPECT_TRUE(first.ok()) << first.error().message;
    const auto written = save_profile(*first, system_clock());
    EXPECT_TRUE(written.ok());
    const auto text = os::read_file(*written);
    return text ? *text : std::string();
  }
};

TEST_F(ProfileTest, FlagsOfOneStartComeBackInTheNext) {
  options.port = 8123;
  options.bash_mode = "off";
  options.direct_write = true;
  options.bash_session_id = "blue";
  saved();
  options.port = std::nullopt;
  options.bash_mode = std::nullopt;
  options.direct_write = std::nullopt;
  options.bash_session_id = std::nullopt;
  const auto next = launch();
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_EQ(next->config.server.port, 8123);
  EXPECT_EQ(next->config.power_tools.bash_mode, BashMode::kOff);
  EXPECT_TRUE(next->config.power_tools.direct_write);
  EXPECT_EQ(next->config.power_tools.bash_session_id, "blue");
  EXPECT_EQ(next->provenance.of("server.port"), Source::kProfile);
  EXPECT_EQ(next->profile, path());
}

TEST_F(ProfileTest, StandsBetweenFileAndFlags) {
  options.port = 8123;
  options.tool_mode = "full";
  saved();
  options.tool_mode = std::nullopt;
  options.port = 9000;
  write("state/config.yaml", "server:\n  port: 7000\napp:\n  tool_mode: minimal\n");
  const auto next = launch();
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->config.server.port, 9000);
  EXPECT_EQ(next->config.tool_mode(), ToolMode::kFull);
}

TEST_F(ProfileTest, HoldsOnlyWhatWasChosenAndNeverAToken) {
  env["PATCHBAY_HTTP_TOKEN"] = kGoodToken;
  write("state/config.yaml", "server:\n  job_timeout_seconds: 60\npower_tools:\n  codex_session_read: true\n");
  options.public_base_url = "https://bay.example.org";
  const std::string text = saved();
  EXPECT_THAT(text, testing::Not(testing::HasSubstr(kGoodToken)));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("codex_session_read")));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("job_timeout")));
  options.public_base_url = std::nullopt;
  const auto next = launch();
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->public_base_url, "https://bay.example.org");
  EXPECT_TRUE(next->exposed());
  env.erase("PATCHBAY_HTTP_TOKEN");
  EXPECT_EQ(refusal().code, ErrorCode::kConfigRefused) << "an exposed profile still needs a token";
}

TEST_F(ProfileTest, IsIgnoredWithAWarningWhenItCannotBeRead) {
  saved();
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string(R"({"version":1,"root":"/other"})")}) {
    ASSERT_TRUE(os::write_file_atomic(path(), text).ok());
    const auto next = launch();
    ASSERT_TRUE(next.ok());
    EXPECT_TRUE(has_line(next->warnings, "is ignored")) << text;
    EXPECT_EQ(next->profile, "");
  }
}

TEST_F(ProfileTest, CannotWidenWhatToolsReach) {
  saved();
  ASSERT_TRUE(os::write_file_atomic(path(), R"({"version":1,"root":")" + repo() +
                                                R"(","repositories":{"allowed":["/"]},)"
                                                R"("security":{"allow_dangerously_bypass":true}})")
                  .ok());
  const auto next = launch();
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->config.repositories.allowed, std::vector<std::string>{repo()});
  EXPECT_FALSE(next->config.security.allow_dangerously_bypass);
}

TEST_F(ProfileTest, IsNotAskedForWithoutBeingWanted) {
  options.port = 8123;
  saved();
  options.port = std::nullopt;
  options.use_profile = false;
  EXPECT_EQ(launch()->config.server.port, 8000);
}

}  // namespace
}  // namespace patchbay::config
