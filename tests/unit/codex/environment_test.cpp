#include "codex/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::codex {
namespace {

using testing::ElementsAre;
using testing::Pair;

const os::Environment kServer = {{"PATH", "/bin"},
                                 {"HOME", "/h"},
                                 {"LC_ALL", "C"},
                                 {"LC_TIME", "C"},
                                 {"LCX", "1"},
                                 {"OPENAI_API_KEY", "k"},
                                 {"PATCHBAY_HTTP_TOKEN", "t"},
                                 {"TUNNEL_TOKEN", "t"},
                                 {"CLOUDFLARE_TUNNEL_TOKEN", "t"},
                                 {"NGROK_AUTHTOKEN", "t"},
                                 {"MY_TOKEN", "t"},
                                 {"LD_PRELOAD", "/x"},
                                 {"BASH_ENV", "/x"},
                                 {"ENV", "/x"},
                                 {"PROMPT_COMMAND", "x"},
                                 {"GIT_DIR", "/x"},
                                 {"GIT_SSH_COMMAND", "x"},
                                 {"RIPGREP_CONFIG_PATH", "/x"},
                                 {"NODE_OPTIONS", "x"},
                                 {"PYTHONSTARTUP", "/x"},
                                 {"PB_JOB_MARKER", "outer"},
                                 {"EDITOR", "vi"}};

TEST(Environment, OnlyListedNamesAndPrefixesPass) {
  EXPECT_THAT(filter_environment(kServer, {"PATH", "LC_*"}, {}),
              ElementsAre(Pair("LC_ALL", "C"), Pair("LC_TIME", "C"), Pair("PATH", "/bin")));
}

TEST(Environment, AStarNeverPassesServerSecretsOrNamesThatSteerPrograms) {  // SEC:C6
  EXPECT_THAT(filter_environment(kServer, {"*"}, {"MY_TOKEN"}),
              ElementsAre(Pair("EDITOR", "vi"), Pair("HOME", "/h"), Pair("LCX", "1"), Pair("LC_ALL", "C"),
                          Pair("LC_TIME", "C"), Pair("OPENAI_API_KEY", "k"), Pair("PATH", "/bin")));
}

TEST(Environment, AKeyOfTheProviderPassesOnlyWhenListed) {
  EXPECT_TRUE(filter_environment(kServer, {"PATH"}, {}).count("OPENAI_API_KEY") == 0);
  EXPECT_TRUE(filter_environment(kServer, {"OPENAI_API_KEY"}, {}).count("OPENAI_API_KEY") == 1);
}

TEST(Environment, NamesThatSteerProgramsPassWhenTheOperatorNamesThem) {  // SEC:C6
  EXPECT_THAT(
      filter_environment(kServer, {"*", "NODE_OPTIONS", "GIT_SSH_*"}, {"MY_TOKEN"}),
      testing::AllOf(testing::Contains(Pair("NODE_OPTIONS", "x")), testing::Contains(Pair("GIT_SSH_COMMAND", "x")),
                     testing::Not(testing::Contains(Pair("GIT_DIR", "/x")))));
}

TEST(Environment, ServerSecretsDoNotPassEvenWhenNamed) {  // SEC:C6
  EXPECT_THAT(
      filter_environment(kServer, {"PATCHBAY_*", "PATCHBAY_HTTP_TOKEN", "TUNNEL_TOKEN", "NGROK_AUTHTOKEN", "MY_TOKEN"},
                         {"MY_TOKEN"}),
      testing::IsEmpty());
}

TEST(Environment, TheKeyCodexLogsInWithIsAmongWhatItGets) {  // security 3, allowed_env_keys
  testing_support::TempDir home;
  const os::Environment with_key{{"CODEX_API_KEY", "k"}};
  EXPECT_THAT(login_variables(home.root(), {}), testing::IsEmpty());
  EXPECT_THAT(login_variables(home.root(), with_key), ElementsAre("CODEX_API_KEY"));
  ASSERT_TRUE(os::write_file_atomic(home.path("auth.json"), "{}").ok());
  EXPECT_THAT(login_variables(home.root(), with_key), testing::IsEmpty());

  const auto configured = [&](const std::string& toml) {
    EXPECT_TRUE(os::write_file_atomic(home.path("config.toml"), toml).ok());
    return login_variables(home.root(), with_key);
  };
  EXPECT_THAT(configured("model_provider = \"p\"\n[model_providers.p]\nenv_key = \"P_KEY\"\n"), ElementsAre("P_KEY"));
  EXPECT_THAT(configured("model_provider = \"openai\"\n[model_providers.openai]\nenv_key = \"O_KEY\"\n"),
              ElementsAre("O_KEY"));
  EXPECT_THAT(configured("model_provider = \"p\"\n[model_providers.p]\nenv_key = \"*\"\n"), testing::IsEmpty());
  EXPECT_THAT(configured("[model_providers.p]\nenv_key = \"P_KEY\"\n"), testing::IsEmpty());
}

}  // namespace
}  // namespace patchbay::codex
