#include "patchbay/config/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/config/place.h"

namespace patchbay::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Launch, WithoutAnythingIsNarrowOnTheCurrentFolder) {
  const Place place;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch->posture, Posture::kNarrow);
  EXPECT_EQ(launch->config_file, "");
  EXPECT_EQ(launch->config.repositories.default_root, place.repo());
  EXPECT_THAT(launch->config.repositories.allowed, ElementsAre(place.repo()));
  EXPECT_EQ(launch->config.app.tool_mode, ToolMode::kWorker);
  EXPECT_FALSE(launch->exposed());
  EXPECT_FALSE(launch->auth.required());
}

TEST(Launch, FillsBlankFoldersBelowTheHome) {
  const Place place;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok());
  const Config& c = launch->config;
  EXPECT_EQ(c.logging.audit_file, place.state("runtime/logs/audit.log"));
  EXPECT_EQ(c.logging.job_state_dir, place.state("runtime/jobs"));
  EXPECT_EQ(c.logging.job_logs_dir, "");
  EXPECT_EQ(c.logging.worktrees_dir, place.state("runtime/worktrees/jobs"));
  EXPECT_EQ(c.workers.worktree_root, place.state("worktrees"));
  EXPECT_EQ(c.artifacts.root, place.state("runtime/artifacts"));
  EXPECT_EQ(c.locks.root, place.state("runtime/locks"));
}

TEST(Launch, ExpandsVariablesTildeAndRelativePaths) {
  Place place;
  place.env["LOGS"] = "/var/log/pb";
  place.write("my.yaml",
              "logging: {audit_file: $LOGS/audit, job_state_dir: \"${LOGS}/jobs\", worktrees_dir: rel}\n"
              "artifacts: {root: ~/in}\n");
  place.options.config = place.dir.path("my.yaml");
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch->config.logging.audit_file, "/var/log/pb/audit");
  EXPECT_EQ(launch->config.logging.job_state_dir, "/var/log/pb/jobs");
  EXPECT_EQ(launch->config.logging.worktrees_dir, place.repo() + "/rel");
  EXPECT_EQ(launch->config.artifacts.root, place.dir.path("user/in"));
  place.env.erase("LOGS");
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
}

TEST(Launch, KnowsTheHomeOfCodexAndAGivenSalt) {
  Place place;
  EXPECT_EQ(place.launch()->codex_home, place.dir.path("user/.codex"));
  EXPECT_TRUE(place.launch()->ref_salt.empty());
  place.env["CODEX_HOME"] = "/srv/codex";
  place.env["PATCHBAY_SESSION_REF_SALT"] = "pepper";
  EXPECT_EQ(place.launch()->codex_home, "/srv/codex");
  EXPECT_TRUE(place.launch()->ref_salt.equals("pepper"));
  place.options.posture = "documented";
  EXPECT_EQ(place.launch()->codex_home, place.dir.path("user/.codex"));
}

TEST(Launch, LooksUpItsFileInOrder) {
  Place place;
  place.make("state");
  place.write("flag.yaml", "server: {port: 1001}\n");
  place.write("variable.yaml", "server: {port: 1002}\n");
  const auto port = [&] {
    const auto l = place.launch();
    EXPECT_TRUE(l.ok()) << l.error().message;
    return l.ok() ? l->config.server.port : 0;
  };
  EXPECT_EQ(port(), 8000);
  place.write("state/config.yaml", "server: {port: 1003}\n");
  EXPECT_EQ(port(), 1003);
  place.env["PATCHBAY_CONFIG"] = place.dir.path("variable.yaml");
  EXPECT_EQ(port(), 1002);
  place.options.config = "../../flag.yaml";
  EXPECT_EQ(port(), 1001);
  place.options.port = 1000;
  EXPECT_EQ(port(), 1000);
}

TEST(Launch, NeverReadsAFileOfTheCurrentFolderUnasked) {  // SEC:F6
  const Place place;
  place.write("user/repo/config.yaml", "server: {port: 6666}\n");
  EXPECT_EQ(place.launch()->config.server.port, 8000);
}

TEST(Launch, ANamedFileMustExist) {
  Place place;
  place.options.config = place.dir.path("missing.yaml");
  EXPECT_EQ(place.refusal().code, ErrorCode::kUsage);
  place.options.config.reset();
  place.env["PATCHBAY_CONFIG"] = place.dir.path("missing.yaml");
  EXPECT_EQ(place.refusal().code, ErrorCode::kUsage);
}

TEST(Launch, RefusesAFileThatOthersMayHaveWritten) {  // SEC:F5
  Place place;
  const std::string file = place.write("my.yaml", "server: {port: 1001}\n", 0644);
  place.options.config = file;
  EXPECT_TRUE(place.launch().ok());
  for (const mode_t mode : {0664, 0646, 0666}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
    EXPECT_THAT(place.refusal().message, HasSubstr("can be written by other users"));
  }
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  ASSERT_EQ(::symlink(file.c_str(), place.dir.path("link.yaml").c_str()), 0);
  place.options.config = place.dir.path("link.yaml");
  EXPECT_THAT(place.refusal().message, HasSubstr("symbolic link"));
  place.options.config = place.dir.path("user");
  EXPECT_THAT(place.refusal().message, HasSubstr("not a regular file"));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file.c_str(), 12345, 12345), 0);
    place.options.config = file;
    EXPECT_THAT(place.refusal().message, HasSubstr("another user"));
  }
}

TEST(Launch, RefusesAnUnreadableFile) {  // SEC:F4
  Place place;
  place.options.config = place.write("my.yaml", "server: [\n");
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
  place.options.config = place.write("big.yaml", std::string(300'000, '#'));
  EXPECT_THAT(place.refusal().message, HasSubstr("256 KiB"));
  place.options.config = place.write("typo.yaml", "security: {blocked_glob: []}\n");
  EXPECT_THAT(place.refusal().message, HasSubstr("security.blocked_glob"));
  EXPECT_THAT(place.refusal().message, HasSubstr("typo.yaml"));
}

TEST(Launch, ThePostureComesFromFlagOrVariable) {
  Place place;
  place.env["PATCHBAY_POSTURE"] = "documented";
  auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch->posture, Posture::kDocumented);
  EXPECT_EQ(launch->config.tool_mode(), ToolMode::kFull);
  EXPECT_THAT(launch->config.repositories.allowed, ElementsAre("/"));
  EXPECT_THAT(launch->differences, IsEmpty());
  EXPECT_EQ(launch->provenance.of("power_tools.bash_mode"), Source::kDocumented);
  place.options.posture = "narrow";
  EXPECT_EQ(place.launch()->posture, Posture::kNarrow);
  place.options.posture = "wide";
  EXPECT_EQ(place.refusal().code, ErrorCode::kUsage);
  place.options.posture.reset();
  place.env["PATCHBAY_POSTURE"] = "wide";
  EXPECT_EQ(place.refusal().code, ErrorCode::kUsage);
}

TEST(Launch, TheShippedFileByNameIsTheDocumentedPosture) {
  Place place;
  place.options.config = place.write("config.yaml", shipped_yaml(), 0644);
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_THAT(launch->differences, IsEmpty());
  EXPECT_EQ(launch->config.power_tools.bash_mode, BashMode::kFull);
}

TEST(Launch, ARootNarrowsWhateverTheFileAllows) {
  Place place;
  place.options.posture = "documented";
  place.options.root = "../repo";
  place.options.allow_root = {place.make("user/second"), place.dir.path("user/second/")};
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch->config.repositories.default_root, place.repo());
  EXPECT_THAT(launch->config.repositories.allowed, ElementsAre(place.repo(), place.dir.path("user/second")));
}

TEST(Launch, WithoutARootTheConfiguredOnesStay) {
  Place place;
  place.write("my.yaml", "repositories: {allowed: [~/repo, ~/second]}\n");
  place.make("user/second");
  place.make("user/third");
  place.options.config = place.dir.path("my.yaml");
  place.options.allow_root = {place.dir.path("user/third")};
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch->config.repositories.default_root, place.repo());
  EXPECT_THAT(launch->config.repositories.allowed,
              ElementsAre(place.repo(), place.dir.path("user/second"), place.dir.path("user/third")));
}

TEST(Launch, AnEmptyListOfRootsStartsWithAWarning) {
  Place place;
  place.options.config = place.write("my.yaml", "repositories: {allowed: []}\n");
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_THAT(launch->config.repositories.allowed, IsEmpty());
  EXPECT_TRUE(has_line(launch->warnings, "no tool can reach"));
}

TEST(Launch, RefusesADefaultOutsideTheAllowedRoots) {
  Place place;
  place.make("user/second");
  place.options.config = place.write("my.yaml", "repositories: {default: ~/second, allowed: [~/repo]}\n");
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
  EXPECT_THAT(place.refusal().message, HasSubstr("repositories.default"));
}

TEST(Launch, TheCurrentFolderMayNotBeTooWideADefault) {
  Place place;
  place.env["PATCHBAY_HOME"] = place.dir.path("user/nested/state");
  place.make("user/nested/state/worktrees");
  for (const std::string& cwd :
       {std::string("/"), place.dir.path("user"), place.dir.path("user/nested"), place.dir.root(),
        place.dir.path("user/nested/state"), place.dir.path("user/nested/state/worktrees")}) {
    place.options.cwd = cwd;
    const Error e = place.refusal();
    EXPECT_EQ(e.code, ErrorCode::kUsage) << cwd << ": " << e.message;
  }
  place.options.root = place.dir.path("user");
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_TRUE(has_line(launch->warnings, "is the home directory"));
}

TEST(Launch, RefusesRootsThatAreMissingNoDirectoryOrUnreadable) {  // SEC:F7
  Place place;
  place.options.root = place.dir.path("user/gone");
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
  place.options.root = place.write("user/file", "x");
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
  place.options.root = place.repo();
  place.options.allow_root = {place.dir.path("user/gone")};
  EXPECT_THAT(place.refusal().message, HasSubstr("--allow-root"));
  place.options.allow_root = {};
  place.options.root.reset();
  place.options.config = place.write("my.yaml", "repositories: {allowed: [~/gone]}\n");
  EXPECT_THAT(place.refusal().message, HasSubstr("repositories.allowed"));
  if (::geteuid() == 0) return;  // root reads everything
  place.options.config.reset();
  place.options.root = place.make("user/closed");
  ASSERT_EQ(::chmod(place.options.root->c_str(), 0), 0);
  EXPECT_THAT(place.refusal().message, HasSubstr("cannot be read"));
  ASSERT_EQ(::chmod(place.options.root->c_str(), 0700), 0);
}

TEST(Launch, RootsAreHeldWithoutLinks) {
  Place place;
  ASSERT_EQ(::symlink(place.repo().c_str(), place.dir.path("user/link").c_str()), 0);
  place.options.root = place.dir.path("user/link");
  EXPECT_EQ(place.launch()->config.repositories.default_root, place.repo());
}

TEST(Launch, RefusesAnUnsafeHome) {  // SEC:F5
  const Place place;
  place.make("state");
  ASSERT_EQ(::chmod(place.dir.path("state").c_str(), 0770), 0);
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
}

TEST(Launch, FlagsAreCheckedLikeTheFile) {
  const auto refused = [](auto change) {
    Place place;
    change(place.options);
    const Error e = place.refusal();
    EXPECT_EQ(e.code, ErrorCode::kUsage) << e.message;
    return e.message;
  };
  EXPECT_EQ(refused([](LaunchOptions& o) { o.port = 65536; }), "--port must be from 0 to 65535");
  EXPECT_EQ(refused([](LaunchOptions& o) { o.tool_mode = "all"; }),
            "--tool-mode must be one of worker, standard, full, minimal");
  EXPECT_THAT(refused([](LaunchOptions& o) { o.bash_mode = "yes"; }), HasSubstr("--bash-mode"));
  EXPECT_THAT(refused([](LaunchOptions& o) { o.log_level = "loud"; }), HasSubstr("--log-level"));
  EXPECT_THAT(refused([](LaunchOptions& o) { o.max_concurrent_jobs = -1; }), HasSubstr("--max-concurrent-jobs"));
  EXPECT_THAT(refused([](LaunchOptions& o) { o.host = " "; }), HasSubstr("--host"));
}

TEST(Launch, FlagsWinOverTheFile) {
  Place place;
  place.options.config = place.write("my.yaml",
                                     "server: {port: 1001, max_concurrent_jobs: 3}\napp: {tool_mode: full}\n"
                                     "power_tools: {direct_write: true, bash_mode: full}\n");
  place.options.port = 1002;
  place.options.max_concurrent_jobs = 4;
  place.options.tool_mode = "MINIMAL";
  place.options.direct_write = false;
  place.options.bash_mode = "off";
  place.options.codex = "/opt/codex";
  place.options.log_level = "debug";
  place.options.allow_bypass = true;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  const Config& c = launch->config;
  EXPECT_EQ(c.server.port, 1002);
  EXPECT_EQ(c.server.max_concurrent_jobs, 4);
  EXPECT_EQ(c.tool_mode(), ToolMode::kMinimal);
  EXPECT_FALSE(c.power_tools.direct_write);
  EXPECT_EQ(c.power_tools.bash_mode, BashMode::kOff);
  EXPECT_EQ(c.codex.executable, "/opt/codex");
  EXPECT_EQ(c.logging.level, log::Level::kDebug);
  EXPECT_TRUE(c.security.allow_dangerously_bypass);
  EXPECT_EQ(launch->provenance.of("server.port"), Source::kFlag);
}

TEST(Launch, RequiredAuthenticationWithoutATokenIsRefused) {
  Place place;
  place.options.config = place.write("my.yaml", "auth: {enabled: true}\n");
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
  EXPECT_THAT(place.refusal().message, HasSubstr("auth.enabled"));
  place.options.named_tokens = true;
  EXPECT_TRUE(place.launch().ok());
  place.options.named_tokens = false;
  place.options.generate_token = true;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_EQ(launch->auth.token.source, "<home>/token");
  EXPECT_TRUE(os::exists(place.state("token")));
}

TEST(Launch, GeneratesNothingUnasked) {
  const Place place;
  ASSERT_TRUE(place.launch().ok());
  EXPECT_FALSE(os::exists(place.state("token")));
  EXPECT_THAT(*os::list_dir(place.dir.path("state")), IsEmpty());
}

TEST(Differences, NameTheFlagThatRestoresEach) {
  Place place;
  place.options.root = place.repo();
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok());
  std::map<std::string, Difference> by_key;
  for (const Difference& d : launch->differences) by_key[d.key] = d;
  EXPECT_EQ(by_key["app.tool_mode"].restore, "--tool-mode full");
  EXPECT_EQ(by_key["app.tool_mode"].value, "worker");
  EXPECT_EQ(by_key["power_tools.bash_mode"].restore, "--bash-mode full");
  EXPECT_EQ(by_key["power_tools.direct_write"].restore, "--direct-write");
  EXPECT_EQ(by_key["security.allow_dangerously_bypass"].restore, "--allow-bypass");
  EXPECT_EQ(by_key["server.max_concurrent_jobs"].restore, "--max-concurrent-jobs 1");
  EXPECT_EQ(by_key["repositories.allowed"].restore, "--allow-root /");
  EXPECT_EQ(by_key["security.default_sandbox"].restore, "--posture documented");
  EXPECT_EQ(by_key["security.blocked_globs"].value, "built-in list");
  EXPECT_FALSE(by_key.contains("logging.audit_file"));
  EXPECT_FALSE(by_key.contains("server.port"));
}

TEST(PublicAddress, IsExposureAndNeedsAToken) {  // SEC:F1
  Place place;
  place.options.public_base_url = "https://bay.example.org/path/";
  EXPECT_EQ(place.refusal().code, ErrorCode::kConfigRefused);
  EXPECT_THAT(place.refusal().message, HasSubstr("https://bay.example.org"));
  place.env["PATCHBAY_HTTP_TOKEN"] = kGoodToken;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_TRUE(launch->exposed());
  EXPECT_TRUE(launch->auth.required());
  EXPECT_EQ(launch->public_base_url, "https://bay.example.org/path");
  EXPECT_EQ(launch->config.auth.tunnel_mode, TunnelMode::kCustom);
}

TEST(PublicAddress, MayBeTheWholeServerUrl) {
  Place place;
  place.env["PATCHBAY_HTTP_TOKEN"] = kGoodToken;
  for (const char* pasted :
       {"https://bay.example.org/mcp", "https://bay.example.org/mcp/", "https://bay.example.org//"}) {
    place.options.public_base_url = pasted;
    const auto launch = place.launch();
    ASSERT_TRUE(launch.ok()) << launch.error().message;
    EXPECT_EQ(launch->public_base_url, "https://bay.example.org") << pasted;
  }
}

TEST(PublicAddress, IsKnownToAnOwnerThatIsStartedFromTheWrittenSettings) {
  Place place;
  place.env["PATCHBAY_HTTP_TOKEN"] = kGoodToken;
  place.options.public_base_url = "https://bay.example.org";
  const auto first = place.launch();
  ASSERT_TRUE(first.ok());
  place.options.public_base_url = std::nullopt;
  place.options.config = place.write("runtime.yaml", dump_yaml(first->config, first->provenance));
  const auto next = place.launch();
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_EQ(next->public_base_url, "https://bay.example.org");
  EXPECT_TRUE(next->exposed());
}

TEST(PublicAddress, NeedsNoTokenWhereNobodyListens) {
  Place place;
  place.options.public_base_url = "https://bay.example.org";
  place.options.listens = false;
  EXPECT_TRUE(place.launch().ok());
}

TEST(PublicAddress, HasAHost) {
  EXPECT_EQ(host_of_url("https://bay.example.org/path"), "bay.example.org");
  EXPECT_EQ(host_of_url("http://bay.example.org:8443"), "bay.example.org");
  EXPECT_EQ(host_of_url("https://[2001:db8::1]:8443/x"), "[2001:db8::1]");
  EXPECT_EQ(host_of_url("bay.example.org"), "bay.example.org");
  EXPECT_EQ(host_of_url(""), "");
}

TEST(Diagnosis, GathersEveryRefusalAndGoesOn) {
  Place place;
  place.options.diagnose = true;
  place.options.config = place.write("bad.yaml", "security:\n  no_such_key: 1\nserver:\n  port: 9999\n");
  place.options.host = "0.0.0.0";
  place.options.allow_root = {place.dir.path("nowhere")};
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  std::vector<std::string> about;
  for (const Problem& problem : launch->problems) about.push_back(problem.about);
  EXPECT_THAT(about, testing::IsSupersetOf({"config_file", "allowed_roots", "exposure"}));
  EXPECT_EQ(launch->config.server.port, 8000) << "half of a refused file counted";
  EXPECT_EQ(launch->config.server.host, "0.0.0.0");
}

TEST(Diagnosis, HasNothingToSayAboutAGoodStart) {
  Place place;
  place.options.diagnose = true;
  EXPECT_TRUE(place.launch()->problems.empty());
}

TEST(Diagnosis, OfTheHomeDirectoryHasNoWorkspaceAndAWarning) {
  Place place;
  place.options.cwd = place.dir.path("user");
  EXPECT_EQ(place.refusal().code, ErrorCode::kUsage);
  place.options.diagnose = true;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok());
  EXPECT_TRUE(launch->problems.empty());
  EXPECT_EQ(launch->config.repositories.default_root, "");
  EXPECT_THAT(launch->config.repositories.allowed, IsEmpty());
  EXPECT_TRUE(has_line(launch->warnings, "home directory"));
}

TEST(KeysWithoutEffect, AreNamedOnlyWhenAFileSaysSomethingOfItsOwn) {
  Place place;
  place.options.config =
      place.write("a.yaml", "logging:\n  store_mcp_transcripts: true\nserver:\n  stale_running_job_grace_seconds: 7\n");
  auto launch = place.launch();
  ASSERT_TRUE(launch.ok());
  EXPECT_TRUE(has_line(launch->warnings, "logging.store_mcp_transcripts: has no effect in this version"));
  EXPECT_TRUE(has_line(launch->warnings, "server.stale_running_job_grace_seconds: has no effect"));
  place.options.config = place.write("b.yaml", std::string(shipped_yaml()));
  launch = place.launch();
  ASSERT_TRUE(launch.ok());
  EXPECT_FALSE(has_line(launch->warnings, "has no effect"));
  EXPECT_TRUE(has_line(launch->warnings, "have no effect yet")) << "opened, and yet not there";
}

TEST(Launch, AToolModeBeyondTheWidestIsTold) {
  Place place;
  place.options.config = place.write("my.yaml", "app: {tool_mode: full, max_tool_mode: worker}\n");
  auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  EXPECT_TRUE(
      has_line(launch->warnings, "app.tool_mode full goes beyond app.max_tool_mode worker; the tool mode is worker"));
  EXPECT_TRUE(has_line(posture_lines(*launch), "Tools: mode worker, at most worker"));
  place.options.config = place.write("b.yaml", "app: {max_tool_mode: minimal}\n");
  launch = place.launch();
  EXPECT_FALSE(has_line(launch->warnings, "goes beyond")) << "nobody asked for more";
  EXPECT_EQ(launch->config.tool_mode(), ToolMode::kMinimal);
}

TEST(PostureLines, TellThatARequiredTokenIsNotThereYet) {
  Place place;
  place.options.diagnose = true;
  place.options.public_base_url = "https://bay.example.org";
  EXPECT_TRUE(has_line(posture_lines(*place.launch()), "Token: required (tunnel_mode), and there is none yet"));
  place.options.named_tokens = true;
  EXPECT_TRUE(has_line(posture_lines(*place.launch()), "named tokens"));
  place.options.named_tokens = false;
  place.options.public_base_url.reset();
  place.options.host = "0.0.0.0";
  place.options.config = place.write("my.yaml", "auth: {require_for_non_loopback: false}\n");
  EXPECT_TRUE(has_line(posture_lines(*place.launch()), "Token: none is required although others can reach"));
}

TEST(Differences, GoAwayWithTheNamedFlags) {  // the flags do what the lines promise
  Place place;
  place.options.root = "/";
  place.options.tool_mode = "full";
  place.options.bash_mode = "full";
  place.options.direct_write = true;
  place.options.allow_bypass = true;
  place.options.max_concurrent_jobs = 1;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok()) << launch.error().message;
  for (const Difference& d : launch->differences) EXPECT_EQ(d.restore, "--posture documented") << d.key;
}

TEST(PostureLines, SayWhatIsOpenAndShowNoSecret) {  // SEC:A4
  Place place;
  place.env["PATCHBAY_HTTP_TOKEN"] = kGoodToken;
  const auto launch = place.launch();
  ASSERT_TRUE(launch.ok());
  const auto lines = posture_lines(*launch);
  EXPECT_TRUE(has_line(lines, "Posture: narrow"));
  EXPECT_TRUE(has_line(lines, "this machine only"));
  EXPECT_TRUE(has_line(lines, "Token: required (token_configured), from $PATCHBAY_HTTP_TOKEN"));
  EXPECT_TRUE(has_line(lines, place.repo()));
  EXPECT_TRUE(has_line(lines, "power_tools.bash_mode: safe (documented full; --bash-mode full)"));
  EXPECT_FALSE(has_line(lines, kGoodToken));
  EXPECT_LE(lines.size(), 40u) << "one screen";
}

}  // namespace
}  // namespace patchbay::config
