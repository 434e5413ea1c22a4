// A Codex that is missing, logged out, broken, silent, or will not be quiet.

#include "integration/fixture.h"

namespace patchbay::integration {
namespace {

class CodexTroubleTest : public Integration {
 protected:
  static Json arguments(const std::string& name) {
    return {{"name", name}, {"brief", "Do it."}, {"workspace_mode", "read_only"}};
  }
  /// Starts one worker with this script and gives its last word.
  Json play(McpClient& client, const std::string& script) {
    codex_.script(script);
    const Json started = client.call("codex_worker_start", arguments("Worker"));
    EXPECT_TRUE(json::get_bool(started, "accepted")) << json::dump(started);
    return client.wait_for("Worker");
  }
  static bool plays_codex(const std::string& pid) {
    const auto program = os::real_path("/proc/" + pid + "/exe");
    if (!program || *program != *os::real_path(support::FakeCodex::program())) return false;
    const auto stat = os::read_file("/proc/" + pid + "/stat");
    return stat && stat->find(") Z ") == std::string::npos;
  }
  /// Processes of the program that plays Codex which belong to this test.
  std::vector<std::string> codex_processes() const {
    std::vector<std::string> pids;
    for (const std::string& pid : names_in("/proc")) {
      if (pid.find_first_not_of("0123456789") != std::string::npos || !plays_codex(pid)) continue;
      const auto environment = os::read_file("/proc/" + pid + "/environ");
      if (environment && environment->find("CODEX_HOME=" + codex_.home()) != std::string::npos) pids.push_back(pid);
    }
    return pids;
  }
  static long memory_peak_kib(pid_t pid) {
    const auto status = os::read_file("/proc/" + std::to_string(pid) + "/status");
    const std::size_t at = status ? status->find("VmHWM:") : std::string::npos;
    return at == std::string::npos ? 0 : std::atol(status->c_str() + at + 6);
  }
};

TEST_F(CodexTroubleTest, MissingProgramIsToldAndNothingIsLeftBehind) {  // SEC:F13
  PatchbayProcess owner(dir_.path("home"), env_);
  owner.start({"--root", repo_.path(), "--codex", dir_.path("no-such-codex")});
  McpClient client(owner.port());
  EXPECT_EQ(client.call_error("codex_worker_start", arguments("Worker")), "codex_cli_missing");
  EXPECT_EQ(client.call("codex_worker_list", {{"scope", "history"}})["workers"].size(), 0u);
  EXPECT_FALSE(json::get_bool(client.call_raw("codex_read_file", {{"file_path", "README.md"}}), "isError"));
}

TEST_F(CodexTroubleTest, LoginThatIsMissingIsNamedWithItsRemedy) {
  const auto owner = start();
  McpClient client(owner->port());
  const Json seen = play(client,
                         "thread\nturn\nfail unexpected status 401 Unauthorized: Missing bearer or basic "
                         "authentication in header\nexit 1\n");
  EXPECT_EQ(json::get_string(seen, "state"), "failed") << json::dump(seen);
  EXPECT_EQ(json::get_string(seen["liveness"], "phase"), "codex_auth_refresh_failed") << json::dump(seen);
  EXPECT_EQ(json::get_string(seen["liveness"], "suggested_action"), "reauthenticate");
}

TEST_F(CodexTroubleTest, CrashAtOnceIsAFailedTurnAndTheNextOneWorks) {
  const auto owner = start();
  McpClient client(owner->port());
  EXPECT_EQ(json::get_string(play(client, "kill SEGV\n"), "state"), "failed");
  codex_.script("thread\nturn\nreport Fine again.\ndone\n");
  ASSERT_TRUE(json::get_bool(client.call("codex_worker_start", arguments("Second")), "accepted"));
  EXPECT_EQ(json::get_string(client.wait_for("Second"), "state"), "idle");
}

TEST_F(CodexTroubleTest, SilentProgramIsGivenUpAfterTheConfiguredTime) {
  use_config("server:\n  codex_session_start_timeout_seconds: 1\n");
  const auto owner = start();
  McpClient client(owner->port());
  const Json seen = play(client, "sleep 600\n");
  EXPECT_EQ(json::get_string(seen, "state"), "failed") << json::dump(seen);
  EXPECT_TRUE(eventually([&] { return codex_processes().empty(); }));
}

TEST_F(CodexTroubleTest, HundredMegabytesOfOutputEndInAFinishedTurnAndASmallOwner) {
  const auto owner = start();
  McpClient client(owner->port());
  const long before = memory_peak_kib(owner->pid());
  const Json seen = play(client, "thread\nturn\nflood 104857600\nreport All of it was said.\ndone\n");
  EXPECT_EQ(json::get_string(seen, "state"), "idle") << json::dump(seen);
  EXPECT_THAT(json::dump(seen), HasSubstr("All of it was said."));
  ASSERT_GT(before, 0);
  EXPECT_LT(memory_peak_kib(owner->pid()) - before, 64 * 1024) << "the owner held what the turn printed";
  std::uintmax_t kept = 0;
  for (const std::string& job : names_in(dir_.path("home/runtime/jobs"))) {
    struct stat st {};
    if (::stat(dir_.path("home/runtime/jobs/" + job + "/stdout.log").c_str(), &st) == 0)
      kept += static_cast<std::uintmax_t>(st.st_size);
  }
  EXPECT_LT(kept, 8u << 20);
}

TEST_F(CodexTroubleTest, NothingThatATurnStartedOutlivesIt) {  // SEC:S4, S7
  const auto owner = start();
  McpClient client(owner->port());
  const Json seen = play(client, "thread\nturn\nspawn 600\nspawn-setsid 600\nspawn-stubborn 600\nreport Done.\ndone\n");
  EXPECT_EQ(json::get_string(seen, "state"), "idle") << json::dump(seen);
  EXPECT_TRUE(eventually([&] { return codex_processes().empty(); }))
      << fmt::format("{}", fmt::join(codex_processes(), ", "));
}

}  // namespace
}  // namespace patchbay::integration
