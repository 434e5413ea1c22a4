#include "codex/config_overrides.h"

#include <gtest/gtest.h>

namespace patchbay::codex {
namespace {

const std::vector<std::string> kNarrow = {"model", "model_reasoning_effort"};
const std::vector<std::string> kAny = {""};

TEST(ConfigOverrides, AreOffWithoutPrefixes) {
  const auto status = check_overrides({"model=\"x\""}, {}, true);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kModeNotPermitted);
  EXPECT_EQ(status.error().message, "config_overrides are disabled by default");
  EXPECT_TRUE(check_overrides({}, {}, false).ok());
}

TEST(ConfigOverrides, MustBeginWithAPermittedPrefix) {
  EXPECT_TRUE(check_overrides({"model=\"gpt-5.5\"", "model_reasoning_effort=high"}, kNarrow, false).ok());
  const auto status = check_overrides({"web_search=\"live\""}, kNarrow, false);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "Config override is not allowed: web_search");
}

TEST(ConfigOverrides, ValuesStayOutOfTheRefusal) {
  const auto status = check_overrides({"secret_thing=\"hunter2hunter2\""}, kNarrow, false);
  EXPECT_EQ(status.error().message.find("hunter2"), std::string::npos);
}

TEST(ConfigOverrides, ThatLiftTheSandboxAreRefusedEvenWhenEveryKeyIsAllowed) {
  for (const char* text :
       {"sandbox_mode=\"danger-full-access\"", " sandbox_mode = \"danger-full-access\"", "\"sandbox_mode\"=1",
        "sandbox_workspace_write.network_access=true", "approval_policy=\"never\"", "approvals_reviewer=\"x\"",
        "shell_environment_policy.inherit=all", "mcp_servers.x.command=\"sh\"", "notify=[\"sh\"]",
        "projects.\"/srv\".trust_level=\"trusted\"", "profiles.x.sandbox_mode=\"danger-full-access\"",
        "default_permissions=\":danger-no-sandbox\"", "permissions.x.network=1", "hooks.x=1"}) {
    const auto status = check_overrides({text}, kAny, false);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kModeNotPermitted) << text;
    EXPECT_TRUE(check_overrides({text}, kAny, true).ok()) << text;
  }
}

TEST(ConfigOverrides, ThePrefixModelDoesNotOpenProvidersOrFiles) {
  for (const char* text : {"model_provider=\"x\"", "model_providers.openai.base_url=\"http://x\"",
                           "model_instructions_file=\"/etc/passwd\"", "model_catalog_json=\"/x\""}) {
    EXPECT_FALSE(check_overrides({text}, kNarrow, false).ok()) << text;
  }
  EXPECT_TRUE(check_overrides({"model_provider=\"local\""}, {"model_provider"}, false).ok());
  EXPECT_FALSE(check_overrides({"sandbox_mode=\"read-only\""}, {"sandbox_mode"}, false).ok());
}

TEST(ConfigOverrides, NeedAKeyAndAValue) {  // SEC:C2
  for (const char* text : {"model", "=1", "--model=x", "model;x=1", "a[0]=1", "a\tb=1"}) {
    const auto status = check_overrides({text}, kAny, true);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(WidestSandbox, CountsWhatAnOverrideCouldReach) {
  EXPECT_EQ(widest_sandbox("read-only", {}), "read-only");
  EXPECT_EQ(widest_sandbox("read-only", {"model=\"x\""}), "read-only");
  EXPECT_EQ(widest_sandbox("read-only", {"sandbox_mode=\"workspace-write\""}), "workspace-write");
  EXPECT_EQ(widest_sandbox("read-only", {"sandbox_mode=\"danger-full-access\""}), "danger-full-access");
  EXPECT_EQ(widest_sandbox("read-only", {"sandbox_mode=nonsense"}), "danger-full-access");
  EXPECT_EQ(widest_sandbox("danger-full-access", {"sandbox_mode=\"read-only\""}), "danger-full-access");
  EXPECT_EQ(widest_sandbox("read-only", {"mcp_servers.x.command=\"sh\""}), "danger-full-access");
  EXPECT_EQ(widest_sandbox("workspace-write", {"sandbox_workspace_write.network_access=true"}), "workspace-write");
}

}  // namespace
}  // namespace patchbay::codex
