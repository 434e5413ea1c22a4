#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/config/config.h"

namespace patchbay::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Read {
  Config config;
  Provenance provenance;
  std::vector<std::string> warnings;
  Status status;
};

Read read(std::string_view text) {
  Read r;
  r.status = read_yaml(text, "my.yaml", Source::kFile, r.config, r.provenance, r.warnings);
  return r;
}

std::string refusal(std::string_view text) {
  const Read r = read(text);
  if (r.status.ok()) return "accepted";
  EXPECT_EQ(r.status.error().code, ErrorCode::kConfigRefused);
  EXPECT_EQ(error_info(r.status.error().code).exit_code, 78);
  return r.status.error().message;
}

TEST(Settings, AliasesMayBeAMap) {  // T 5.1
  const Read r = read("repositories: {aliases: {/home/a: /srv/a, /home/b: {local: /srv/b, description: the other}}}\n");
  ASSERT_TRUE(r.status.ok()) << r.status.error().message;
  const auto& aliases = r.config.repositories.aliases;
  ASSERT_EQ(aliases.size(), 2u);
  EXPECT_EQ(aliases[0].canonical, "/home/a");
  EXPECT_EQ(aliases[0].local, "/srv/a");
  EXPECT_EQ(aliases[1].canonical, "/home/b");
  EXPECT_EQ(aliases[1].local, "/srv/b");
  EXPECT_EQ(aliases[1].description, "the other");
}

TEST(Settings, ReadEveryKindOfValueAndRememberWhereItCameFrom) {
  const Read r = read(
      "server: {host: localhost, port: 9000, enable_cors: yes, job_timeout_seconds: 2.5, allowed_hosts: [a, "
      "b]}\n"
      "app: {tool_mode: Standard}\n"
      "power_tools: {bash_mode: safe, codex_home: ~/c}\n"
      "security: {blocked_globs: []}\n"
      "repositories: {aliases: [{canonical: /srv/a, local: /home/a}]}\n"
      "logging: {level: warn}\n");
  ASSERT_TRUE(r.status.ok()) << r.status.error().message;
  EXPECT_EQ(r.config.server.host, "localhost");
  EXPECT_EQ(r.config.server.port, 9000);
  EXPECT_TRUE(r.config.server.enable_cors);
  EXPECT_EQ(r.config.server.job_timeout_seconds, 2.5);
  EXPECT_THAT(r.config.server.allowed_hosts, ElementsAre("a", "b"));
  EXPECT_EQ(r.config.tool_mode(), ToolMode::kStandard);
  EXPECT_EQ(r.config.power_tools.codex_home, "~/c");
  ASSERT_TRUE(r.config.security.blocked_globs.has_value());
  EXPECT_THAT(*r.config.security.blocked_globs, IsEmpty());
  ASSERT_EQ(r.config.repositories.aliases.size(), 1u);
  EXPECT_EQ(r.config.repositories.aliases[0].local, "/home/a");
  EXPECT_EQ(r.config.logging.level, log::Level::kWarn);
  EXPECT_THAT(r.warnings, IsEmpty());
  EXPECT_EQ(r.provenance.of("server.port"), Source::kFile);
  EXPECT_EQ(r.provenance.of("server.max_threads"), Source::kBuiltIn);
}

TEST(Settings, TakeTheBooleanWordsOfYaml11) {  // SEC:J10
  for (const char* word : {"true", "yes", "on", "1", "True", "YES", "\"true\""}) {
    EXPECT_TRUE(read(std::string("auth: {enabled: ") + word + "}\n").config.auth.enabled) << word;
  }
  for (const char* word : {"false", "no", "off", "0", "Off"}) {
    Read r = read(std::string("auth: {allow_query_token: ") + word + "}\n");
    ASSERT_TRUE(r.status.ok()) << word;
    EXPECT_FALSE(r.config.auth.allow_query_token) << word;
  }
  EXPECT_THAT(refusal("auth: {enabled: maybe}\n"), HasSubstr("auth.enabled: must be true or false"));
}

TEST(Settings, AKeyWithoutValueCountsAsAbsent) {
  const Read r =
      read("artifacts:\n  max_archive_bytes:\nlogging:\n  audit_file:\nsecurity:\n  blocked_globs:\nlocks:\n");
  ASSERT_TRUE(r.status.ok()) << r.status.error().message;
  EXPECT_EQ(r.config, Config());
  EXPECT_EQ(r.provenance.of("artifacts.max_archive_bytes"), Source::kBuiltIn);
}

TEST(Settings, ABlankCodexHomeIsNotAnAbsentOne) {
  EXPECT_EQ(read("").config.power_tools.codex_home, std::nullopt);
  EXPECT_EQ(read("power_tools:\n  codex_home:\n").config.power_tools.codex_home, "");
  EXPECT_EQ(read("power_tools:\n  codex_home: \"\"\n").config.power_tools.codex_home, "");
}

TEST(Settings, TheTurnLimitKnowsTheWordsForNone) {
  for (const char* word : {"0", "none", "never", "unlimited", "disabled", "false", "", "null", "~"}) {
    const Read r = read(std::string("server:\n  job_timeout_seconds: ") + word + "\n");
    ASSERT_TRUE(r.status.ok()) << word;
    EXPECT_EQ(r.config.server.job_timeout_seconds, 0) << word;
  }
  EXPECT_EQ(refusal("server: {job_cleanup_after_hours: never}\n"),
            "my.yaml:1: server.job_cleanup_after_hours: must be a number");
}

TEST(Settings, TheTunnelModeKnowsTheOldWordsForNone) {
  for (const char* word : {"none", "\"\"", "false", "0"}) {
    const Read r = read(std::string("auth: {tunnel_mode: ") + word + "}\n");
    ASSERT_TRUE(r.status.ok()) << word;
    EXPECT_EQ(r.config.auth.tunnel_mode, TunnelMode::kNone) << word;
  }
}

TEST(Settings, UnknownKeysOfSafetySectionsAreFaults) {  // SEC:F4
  EXPECT_EQ(refusal("auth:\n  enabeld: true\n"), "my.yaml:2: auth.enabeld: unknown key; did you mean 'enabled'?");
  EXPECT_THAT(refusal("security:\n  blocked_glob: []\n"), HasSubstr("security.blocked_glob: unknown key"));
  EXPECT_THAT(refusal("repositories:\n  alowed: [/]\n"), HasSubstr("did you mean 'allowed'?"));
  EXPECT_THAT(refusal("security:\n  zzzzzzzz: 1\n"), HasSubstr("security.zzzzzzzz: unknown key"));
}

TEST(Settings, AMisspeltSafetySectionIsAFaultToo) {  // SEC:F4
  EXPECT_THAT(refusal("secuirty: {require_git_repo: true}\n"), HasSubstr("did you mean 'security'?"));
  EXPECT_THAT(refusal("Auth: {enabled: true}\n"), HasSubstr("did you mean 'auth'?"));
}

TEST(Settings, OtherUnknownKeysAreWarningsWithTheNearestName) {  // SEC:F4
  const Read r = read("server: {prot: 1}\nlogging: {qqqqqqqqqqqqqqqq: 1}\nfuture_section: {a: 1}\n");
  ASSERT_TRUE(r.status.ok()) << r.status.error().message;
  ASSERT_EQ(r.warnings.size(), 3u);
  EXPECT_EQ(r.warnings[0], "my.yaml:1: server.prot: unknown key; did you mean 'port'?");
  EXPECT_EQ(r.warnings[1], "my.yaml:2: logging.qqqqqqqqqqqqqqqq: unknown key");
  EXPECT_EQ(r.warnings[2], "my.yaml:3: future_section: unknown key");
  EXPECT_EQ(r.config, Config());
}

TEST(Settings, ARetiredKeyIsAcceptedWithAWarning) {
  const Read r = read("repositories: {projects_base: /}\n");
  ASSERT_TRUE(r.status.ok());
  EXPECT_THAT(r.warnings, ElementsAre("my.yaml:1: repositories.projects_base: has no effect any more"));
}

TEST(Settings, WrongTypesNameFileLineAndKey) {  // SEC:F4
  EXPECT_EQ(refusal("\nserver:\n  port: eighty\n"), "my.yaml:3: server.port: must be a whole number");
  EXPECT_EQ(refusal("server: {port: \"8000\"}\n"), "my.yaml:1: server.port: must be a whole number, without quotes");
  EXPECT_EQ(refusal("server: {port: 80.5}\n"), "my.yaml:1: server.port: must be a whole number");
  EXPECT_EQ(refusal("server: {port: [1]}\n"), "my.yaml:1: server.port: must be a whole number");
  EXPECT_EQ(refusal("server: {job_cleanup_after_hours: nan}\n"),
            "my.yaml:1: server.job_cleanup_after_hours: must be a number");
  EXPECT_EQ(refusal("server: 5\n"), "my.yaml:1: server: must be an object");
  EXPECT_EQ(refusal("server: {host: {a: b}}\n"), "my.yaml:1: server.host: must be text");
  EXPECT_EQ(refusal("server: {host: \"\"}\n"), "my.yaml:1: server.host: must not be blank");
  EXPECT_EQ(refusal("repositories: {allowed: /}\n"), "my.yaml:1: repositories.allowed: must be a list");
  EXPECT_EQ(refusal("repositories: {allowed: [[a]]}\n"), "my.yaml:1: repositories.allowed: must be a list of texts");
  EXPECT_EQ(refusal("repositories: {default: \"a\\0b\"}\n"),
            "my.yaml:1: repositories.default: must be one line without control characters");
  EXPECT_THAT(refusal("repositories: {aliases: [{canonical: a}]}\n"), HasSubstr("canonical and local"));
  EXPECT_THAT(refusal("repositories: {aliases: a}\n"), HasSubstr("a list or a map"));
  EXPECT_THAT(refusal("repositories: {aliases: {a: {description: b}}}\n"), HasSubstr("every entry needs"));
  EXPECT_THAT(refusal("repositories: {aliases: {a: [b]}}\n"), HasSubstr("every value must be a path"));
  EXPECT_THAT(refusal("repositories: {aliases: {a: {x: b}}}\n"), HasSubstr("unknown key 'x'"));
  EXPECT_THAT(refusal("repositories: {aliases: [{canonical: a, local: b, x: c}]}\n"), HasSubstr("unknown key 'x'"));
}

TEST(Settings, NumbersOutOfRangeAndUnknownWordsAreRefused) {  // SEC:F4
  EXPECT_EQ(refusal("server: {port: -1}\n"), "my.yaml:1: server.port: must be from 0 to 65535");
  EXPECT_EQ(refusal("server: {port: 65536}\n"), "my.yaml:1: server.port: must be from 0 to 65535");
  EXPECT_THAT(refusal("server: {port: 99999999999999999999}\n"), HasSubstr("server.port: must be"));
  EXPECT_THAT(refusal("server: {max_request_bytes: 0}\n"), HasSubstr("must be from 1 to"));
  EXPECT_THAT(refusal("tunnel: {timeout_seconds: 301}\n"), HasSubstr("must be from 1 to 300"));
  EXPECT_EQ(refusal("app: {tool_mode: everything}\n"),
            "my.yaml:1: app.tool_mode: must be one of worker, standard, full, minimal");
  EXPECT_THAT(refusal("security: {default_sandbox: none}\n"), HasSubstr("read-only, workspace-write"));
  EXPECT_THAT(refusal("power_tools: {bash_mode: yes}\n"), HasSubstr("must be one of off, safe, full"));
  EXPECT_THAT(refusal("app: {widget_domain: \"http://x.org\"}\n"), HasSubstr("https origin"));
  EXPECT_THAT(refusal("power_tools: {bash_session_id: \"a b\"}\n"), HasSubstr("bash_session_id"));
  EXPECT_THAT(refusal("auth: {token_env: \"s3cret-token\"}\n"), HasSubstr("never a token itself"));
  EXPECT_THAT(refusal("security: {context_dir: ../x}\n"), HasSubstr("inside the workspace"));
}

TEST(Settings, NamesOfTheQueryTokenAreNamesOfParameters) {
  EXPECT_EQ(refusal("auth:\n  query_token_names: [\"\"]\n"),
            "my.yaml:2: auth.query_token_names: each entry must be 1 to 64 letters, digits, dots, underscores and "
            "hyphens");
  for (const std::string& bad : {std::string("\"a&b=c d\""), std::string("\"a?b\""), std::string("\"a%b\""),
                                 std::string("ä"), std::string(65, 'x')}) {
    EXPECT_THAT(refusal("auth: {query_token_names: [good, " + bad + "]}\n"), HasSubstr("each entry must be")) << bad;
  }
  EXPECT_THAT(read("auth: {query_token_names: [_a.b-C9]}\n").config.auth.query_token_names, ElementsAre("_a.b-C9"));
}

TEST(Settings, KeysWhoseToolsAreNotOfferedAreNamedInOneLine) {
  const Read r = read(
      "power_tools: {direct_write: true, bash_mode: safe, codex_home: ~/c}\ntunnel: {ngrok: /opt/ngrok, hostname: h}\n"
      "artifacts: {retention_days: 3}\ncontext: {gitignore: true}\n");
  ASSERT_TRUE(r.status.ok()) << r.status.error().message;
  EXPECT_THAT(r.warnings, ElementsAre("my.yaml: these keys have no effect yet, what they belong to is not offered: "
                                      "power_tools.direct_write, tunnel.ngrok, artifacts.retention_days"));
}

TEST(Settings, AllFaultsOfAFileAreToldAtOnce) {
  const std::string message = refusal("server: {port: x}\nauth: {nope: 1}\napp: {tool_mode: y}\n");
  EXPECT_THAT(message, HasSubstr("server.port"));
  EXPECT_THAT(message, HasSubstr("auth.nope"));
  EXPECT_THAT(message, HasSubstr("app.tool_mode"));
}

TEST(Settings, AnOlderNameOfAKeyIsTheSameKey) {
  EXPECT_EQ(read("workers: {worktrees_dir: /w}\n").config.workers.worktree_root, "/w");
  EXPECT_THAT(refusal("workers: {worktree_root: /a, worktrees_dir: /b}\n"), HasSubstr("given twice"));
}

TEST(Settings, TheToolModeFallsThroughItsThreePlaces) {
  EXPECT_EQ(read("server: {tool_mode: full}\n").config.tool_mode(), ToolMode::kFull);
  EXPECT_EQ(read("server: {tool_mode: full}\nmcp: {tool_mode: minimal}\n").config.tool_mode(), ToolMode::kMinimal);
  EXPECT_EQ(read("").config.tool_mode(), ToolMode::kWorker);
}

TEST(Settings, TheWidestToolModeBoundsTheToolMode) {
  const auto mode = [](const std::string& asked, const std::string& most) {
    return name_of(read("app: {tool_mode: " + asked + ", max_tool_mode: " + most + "}\n").config.tool_mode());
  };
  EXPECT_EQ(mode("full", "worker"), "worker");
  EXPECT_EQ(mode("full", "standard"), "standard");
  EXPECT_EQ(mode("minimal", "standard"), "minimal");
  EXPECT_EQ(mode("standard", "minimal"), "minimal");
  EXPECT_EQ(mode("worker", "full"), "worker");
}

}  // namespace
}  // namespace patchbay::config
