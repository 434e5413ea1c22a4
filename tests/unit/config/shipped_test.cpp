#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/config/config.h"

// The values users were told. A change here is a change of the documented contract.

namespace patchbay::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(DocumentedPosture, KeepsEveryDocumentedValue) {
  const Config& c = documented();
  EXPECT_EQ(c.server.host, "127.0.0.1");
  EXPECT_EQ(c.server.port, 8000);
  EXPECT_EQ(c.server.max_concurrent_jobs, 1);
  EXPECT_EQ(c.server.job_timeout_seconds, 1800);
  EXPECT_EQ(c.server.stale_running_job_grace_seconds, 5);
  EXPECT_EQ(c.server.job_cleanup_after_hours, 24);
  EXPECT_EQ(c.server.max_request_bytes, 1048576);
  EXPECT_FALSE(c.server.enable_cors);
  EXPECT_THAT(c.server.allowed_origins, ElementsAre("http://127.0.0.1:3000", "http://localhost:3000"));
  EXPECT_THAT(c.server.allowed_hosts, IsEmpty());
  EXPECT_EQ(c.tool_mode(), ToolMode::kFull);
  EXPECT_EQ(c.app.max_tool_mode, ToolMode::kFull);
  EXPECT_TRUE(c.app.allow_tool_mode_switch);
  EXPECT_FALSE(c.app.allow_url_mode_switch);
  EXPECT_TRUE(c.app.tool_cards);
  EXPECT_EQ(c.app.widget_domain, "https://web-sandbox.oaiusercontent.com");
  EXPECT_FALSE(c.auth.enabled);
  EXPECT_EQ(c.auth.token_env, "PATCHBAY_HTTP_TOKEN");
  EXPECT_TRUE(c.auth.allow_query_token);
  EXPECT_THAT(c.auth.query_token_names, ElementsAre("patchbay_token", "token"));
  EXPECT_TRUE(c.auth.require_for_non_loopback);
  EXPECT_TRUE(c.auth.require_for_tunnel);
  EXPECT_EQ(c.auth.tunnel_mode, TunnelMode::kNone);
  EXPECT_EQ(c.tunnel.cloudflared, "cloudflared");
  EXPECT_EQ(c.tunnel.ngrok, "ngrok");
  EXPECT_EQ(c.tunnel.cloudflare_token_env, "CLOUDFLARE_TUNNEL_TOKEN");
  EXPECT_EQ(c.tunnel.timeout_seconds, 45);
  EXPECT_EQ(c.repositories.default_root, "/");
  EXPECT_THAT(c.repositories.allowed, ElementsAre("/"));
  EXPECT_FALSE(c.security.require_git_repo);
  EXPECT_EQ(c.security.default_sandbox, Sandbox::kDangerFullAccess);
  EXPECT_TRUE(c.security.allow_dangerously_bypass);
  EXPECT_THAT(c.security.allowed_env_keys, ElementsAre("*"));
  EXPECT_THAT(c.security.allowed_config_override_prefixes, ElementsAre(""));
  EXPECT_EQ(c.security.context_dir, ".ai-bridge");
  EXPECT_EQ(c.security.max_read_bytes, 200'000);
  EXPECT_EQ(c.security.max_write_bytes, 500'000);
  EXPECT_EQ(c.security.max_diff_bytes, 200'000);
  EXPECT_EQ(c.security.max_search_results, 100);
  EXPECT_EQ(c.security.max_tree_entries, 500);
  EXPECT_EQ(c.security.max_skill_count, 120);
  EXPECT_EQ(c.security.max_skill_bytes, 40'000);
  ASSERT_TRUE(c.security.blocked_globs.has_value());
  EXPECT_THAT(*c.security.blocked_globs, IsEmpty());
  EXPECT_TRUE(c.power_tools.direct_write);
  EXPECT_EQ(c.power_tools.bash_mode, BashMode::kFull);
  EXPECT_EQ(c.power_tools.bash_transcript, "compact");
  EXPECT_EQ(c.power_tools.bash_session_id, "");
  EXPECT_FALSE(c.power_tools.require_bash_session);
  EXPECT_EQ(c.power_tools.bash_timeout_ms, 180'000);
  EXPECT_EQ(c.power_tools.bash_max_output_bytes, 500'000);
  EXPECT_TRUE(c.power_tools.codex_session_read);
  EXPECT_EQ(c.power_tools.codex_home, "~/.codex");
  EXPECT_EQ(c.power_tools.codex_session_max_messages, 80);
  EXPECT_EQ(c.power_tools.codex_session_max_bytes, 80'000);
  EXPECT_EQ(c.power_tools.codex_session_max_file_bytes, 20'000'000);
  EXPECT_EQ(c.power_tools.codex_session_max_scan_files, 3000);
  EXPECT_EQ(c.power_tools.codex_session_max_scan_depth, 6);
  EXPECT_FALSE(c.workers.ignore_user_config);
  EXPECT_TRUE(c.artifacts.enabled);
  EXPECT_THAT(c.artifacts.allowed_download_schemes, ElementsAre("http", "https"));
  EXPECT_EQ(c.artifacts.download_timeout_seconds, 60);
  EXPECT_EQ(c.logging.level, log::Level::kInfo);
  EXPECT_EQ(c.logging.job_log_max_bytes, 200'000);
  EXPECT_FALSE(c.logging.write_raw_job_logs);
  EXPECT_FALSE(c.logging.access_log);
  EXPECT_FALSE(c.logging.log_prompt_bodies);
  EXPECT_FALSE(c.logging.log_response_bodies);
}

TEST(NarrowPosture, IsWhatAStartWithoutAFileGets) {
  const Config c;
  EXPECT_EQ(c.tool_mode(), ToolMode::kWorker);
  EXPECT_EQ(c.server.max_concurrent_jobs, 10);
  EXPECT_EQ(c.server.job_timeout_seconds, 14400);
  EXPECT_EQ(c.server.stale_running_job_grace_seconds, 600);
  EXPECT_EQ(c.power_tools.bash_mode, BashMode::kSafe);
  EXPECT_EQ(c.power_tools.bash_timeout_ms, 30'000);
  EXPECT_EQ(c.power_tools.bash_max_output_bytes, 60'000);
  EXPECT_FALSE(c.power_tools.direct_write);
  EXPECT_FALSE(c.power_tools.codex_session_read);
  EXPECT_EQ(c.security.default_sandbox, Sandbox::kReadOnly);
  EXPECT_FALSE(c.security.allow_dangerously_bypass);
  EXPECT_THAT(c.security.allowed_env_keys, ElementsAre("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "TERM",
                                                       "SHELL", "TMPDIR", "XDG_*", "CODEX_HOME"));
  EXPECT_THAT(c.security.allowed_config_override_prefixes, ElementsAre("model", "model_reasoning_effort"));
  EXPECT_FALSE(c.security.blocked_globs.has_value());
  EXPECT_THAT(c.artifacts.allowed_download_schemes, ElementsAre("https"));
  EXPECT_EQ(c.artifacts.max_archive_bytes, 25LL << 20);
  EXPECT_EQ(c.artifacts.max_unpacked_bytes, 500LL << 20);
  EXPECT_EQ(c.artifacts.max_single_file_bytes, 100LL << 20);
  EXPECT_EQ(c.artifacts.max_file_count, 10'000);
  EXPECT_EQ(c.artifacts.download_timeout_seconds, 30);
  EXPECT_EQ(c.workers.stop_confirmation_grace_seconds, 0);
  EXPECT_EQ(c.server.requests_per_minute, 0);
  EXPECT_THAT(c.auth.query_token_names, ElementsAre("patchbay_token"));
  EXPECT_EQ(c.mcp.max_call_ms, 45'000);
}

}  // namespace
}  // namespace patchbay::config
