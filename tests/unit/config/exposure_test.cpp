#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/place.h"

namespace patchbay::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A start that is reachable from outside through a tunnel.
struct Exposed : testing::Test {
  Place place;

  Exposed() {
    place.options.root = place.repo();
    place.env["PATCHBAY_HTTP_TOKEN"] = kGoodToken;
    place.options.config = place.write("my.yaml", "auth: {tunnel_mode: cloudflare}\n");
  }
  Launch started() {
    auto l = place.launch();
    EXPECT_TRUE(l.ok()) << l.error().message;
    return l.ok() ? std::move(l).value() : Launch{};
  }
  std::string refused() {
    const Error e = place.refusal();
    EXPECT_EQ(e.code, ErrorCode::kConfigRefused) << e.message;
    EXPECT_EQ(error_info(e.code).exit_code, 78);
    return e.message;
  }
};

TEST_F(Exposed, StartWithoutATokenIsRefusedForEveryWayOut) {  // SEC:F1
  place.env.erase("PATCHBAY_HTTP_TOKEN");
  EXPECT_THAT(refused(), HasSubstr("tunnel mode cloudflare"));
  for (const char* host : {"0.0.0.0", "::", "192.168.1.5", "my-laptop", "not a host"}) {
    place.options.config = place.write("my.yaml", "server: {allowed_hosts: [pb.example.org]}\n");
    place.options.host = host;
    EXPECT_THAT(refused(), HasSubstr("without a token")) << host;
  }
  place.options.host.reset();
  place.env["PATCHBAY_TUNNEL_MODE"] = "ngrok";
  EXPECT_THAT(refused(), HasSubstr("PATCHBAY_TUNNEL_MODE is ngrok"));
}

TEST_F(Exposed, StartWithoutATokenIsRefusedAlsoWhenTheReasonsAreSwitchedOff) {  // SEC:F1
  place.env.erase("PATCHBAY_HTTP_TOKEN");
  place.options.config = place.write(
      "my.yaml", "auth: {tunnel_mode: custom, require_for_tunnel: false, require_for_non_loopback: false}\n");
  EXPECT_THAT(refused(), HasSubstr("without a token"));
  EXPECT_THAT(place.refusal().hint, HasSubstr("patchbay token create"));
  EXPECT_THAT(place.refusal().hint, HasSubstr("--generate-token"));
}

TEST_F(Exposed, ANamedTokenOrAGeneratedOneWillDo) {
  place.env.erase("PATCHBAY_HTTP_TOKEN");
  place.options.named_tokens = true;
  EXPECT_TRUE(started().exposed());
  place.options.named_tokens = false;
  place.options.generate_token = true;
  EXPECT_EQ(started().auth.token.source, "<home>/token");
}

TEST_F(Exposed, ListedNamesThatNoClientSendsAreTold) {  // X2, X3
  place.options.config =
      place.write("my.yaml",
                  "server:\n"
                  "  allowed_hosts: [pb.example.org, 'pb.example.org:443', '[fd00::1]', '*.b.org']\n"
                  "  allowed_origins: ['https://a.org', 'http://[::1]:3000', 'https://a.org/', b.org]\n");
  std::vector<std::string> told;
  for (const std::string& line : started().warnings)
    if (line.find("matches no request") != std::string::npos) told.push_back(line.substr(0, line.rfind('\'')));
  EXPECT_THAT(told, ElementsAre("server.allowed_hosts: '*.b.org", "server.allowed_origins: 'https://a.org/",
                                "server.allowed_origins: 'b.org"));
}

TEST_F(Exposed, WeakTokensAreRefused) {  // SEC:F2
  for (const char* token : {"short", "0123456789abcde", "<long-random-token>", "0123456789 abcdef0123456789"}) {
    place.env["PATCHBAY_HTTP_TOKEN"] = token;
    EXPECT_THAT(refused(), HasSubstr("HTTP token")) << token;
  }
  place.env["PATCHBAY_HTTP_TOKEN"] = "0123456789abcdef";
  EXPECT_TRUE(has_line(started().warnings, "token_strength"));
}

TEST_F(Exposed, AWeakTokenIsNoMatterOnLoopback) {  // SEC:F2
  place.options.config.reset();
  place.env["PATCHBAY_HTTP_TOKEN"] = "short";
  EXPECT_FALSE(started().exposed());
}

TEST_F(Exposed, AVariableCannotHideWhatTheFilePublishes) {
  place.env.erase("PATCHBAY_HTTP_TOKEN");
  place.env["PATCHBAY_TUNNEL_MODE"] = "none";
  EXPECT_THAT(refused(), HasSubstr("tunnel mode cloudflare"));
}

TEST_F(Exposed, ANonLoopbackBindNeedsItsHostNames) {
  place.options.config.reset();
  place.options.host = "0.0.0.0";
  EXPECT_THAT(refused(), HasSubstr("server.allowed_hosts"));
  place.options.config = place.write("my.yaml", "server: {allowed_hosts: [pb.example.org]}\n");
  EXPECT_TRUE(started().exposed());
}

TEST_F(Exposed, WideRootsAreRefusedUnlessUnderstood) {
  place.env["PATCHBAY_HOME"] = place.dir.path("user/nested/state");
  place.make("user/nested");
  for (const std::string& root : {std::string("/"), place.dir.path("user"), place.dir.path("user/nested")}) {
    place.options.root = root;
    EXPECT_THAT(refused(), HasSubstr(root)) << root;
  }
  place.options.root = place.repo();
  place.options.allow_root = {"/"};
  EXPECT_THAT(refused(), HasSubstr("the whole machine"));
  place.options.i_understand_root = true;
  EXPECT_THAT(started().config.repositories.allowed, ElementsAre(place.repo(), "/"));
}

TEST_F(Exposed, FullShellNeedsAFlagOfThisLaunch) {
  place.options.posture = "documented";
  auto launch = started();
  EXPECT_EQ(launch.config.power_tools.bash_mode, BashMode::kSafe);
  EXPECT_EQ(launch.provenance.of("power_tools.bash_mode"), Source::kExposed);
  EXPECT_TRUE(has_line(launch.warnings, "power_tools.bash_mode lowered to safe"));
  place.options.bash_mode = "full";
  EXPECT_EQ(started().config.power_tools.bash_mode, BashMode::kFull);
}

TEST_F(Exposed, BypassAndFreeOverridesNeedAFlagOfThisLaunch) {
  place.options.posture = "documented";
  auto launch = started();
  EXPECT_FALSE(launch.config.security.allow_dangerously_bypass);
  EXPECT_EQ(launch.config.security.default_sandbox, Sandbox::kWorkspaceWrite);
  EXPECT_THAT(launch.config.security.allowed_config_override_prefixes, ElementsAre("model", "model_reasoning_effort"));
  for (const Difference& d : launch.differences) {
    if (launch.provenance.of(d.key) == Source::kExposed && d.key.starts_with("security.")) {
      EXPECT_EQ(d.restore, "--allow-bypass") << d.key;
    }
  }
  place.options.allow_bypass = true;
  launch = started();
  EXPECT_TRUE(launch.config.security.allow_dangerously_bypass);
  EXPECT_EQ(launch.config.security.default_sandbox, Sandbox::kDangerFullAccess);
  EXPECT_THAT(launch.config.security.allowed_config_override_prefixes, ElementsAre(""));
}

TEST_F(Exposed, ArtifactsComeOverHttpsFromPublicHostsOnly) {
  place.options.posture = "documented";
  place.options.config =
      place.write("my.yaml", "auth: {tunnel_mode: ngrok}\nartifacts: {allow_private_hosts: [nas.local]}\n");
  const auto launch = started();
  EXPECT_THAT(launch.config.artifacts.allowed_download_schemes, ElementsAre("https"));
  EXPECT_THAT(launch.config.artifacts.allow_private_hosts, IsEmpty());
}

TEST_F(Exposed, RequestsAreLimitedUnlessSomebodyChoseANumber) {
  EXPECT_EQ(started().config.server.requests_per_minute, 600);
  place.options.config = place.write("my.yaml", "auth: {tunnel_mode: ngrok}\nserver: {requests_per_minute: 0}\n");
  EXPECT_EQ(started().config.server.requests_per_minute, 0);
}

TEST_F(Exposed, TheOpenaiTunnelShortensCalls) {
  EXPECT_EQ(started().config.mcp.max_call_ms, 45'000);
  place.options.config = place.write("my.yaml", "auth: {tunnel_mode: openai}\n");
  EXPECT_EQ(started().config.mcp.max_call_ms, 25'000);
}

TEST_F(Exposed, DirectWriteAndToolModeStayAsTheyWere) {
  place.options.posture = "documented";
  const auto launch = started();
  EXPECT_TRUE(launch.config.power_tools.direct_write);
  EXPECT_EQ(launch.config.tool_mode(), ToolMode::kFull);
  EXPECT_TRUE(launch.config.power_tools.codex_session_read);
}

TEST_F(Exposed, LocalTunnelWordsExposeNothing) {
  for (const char* word : {"none", "local", "false", "0", "\"\""}) {
    place.options.config = place.write("my.yaml", std::string("auth: {tunnel_mode: ") + word + "}\n");
    EXPECT_FALSE(started().exposed()) << word;
  }
}

}  // namespace
}  // namespace patchbay::config
