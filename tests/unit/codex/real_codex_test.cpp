#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/base/clock.h"
#include "patchbay/codex/codex_engine.h"
#include "patchbay/codex/models.h"
#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::codex {
namespace {

/// What a machine may need that starts the program while it does much else.
constexpr std::chrono::seconds kBusyMachine{120};

/// The pinned program of the test tools, or what PATCHBAY_TEST_CODEX names.
std::string installed() {
  if (const char* named = std::getenv("PATCHBAY_TEST_CODEX")) return named;
  return os::expand_home(
      "~/.cache/patchbay/tools/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/"
      "codex");
}

class RealCodex : public testing::Test {
 protected:
  void SetUp() override {
    if (!os::exists(installed())) GTEST_SKIP() << "the Codex CLI is not installed for tests";
    EngineOptions options;
    options.executable = installed();
    options.codex_home = temp.path("codex-home");
    options.allowed_env = {"PATH"};
    options.environment = os::Environment{{"PATH", "/usr/bin:/bin"}, {"HOME", temp.path("home")}};
    options.private_dir = temp.path("private");
    options.answer_limit = kBusyMachine;
    ASSERT_TRUE(os::make_private_dirs(temp.path("home")).ok());
    engine = std::make_unique<CodexEngine>(options);
  }

  testing_support::TempDir temp;
  std::unique_ptr<CodexEngine> engine;
};

TEST_F(RealCodex, TellsItsVersion) {
  const auto probe = engine->probe();
  ASSERT_TRUE(probe.ok()) << probe.error().message;
  EXPECT_EQ(probe->version, kObservedVersion);
}

TEST_F(RealCodex, ListsItsModels) {
  ModelCatalog catalog(*engine, system_clock());
  const auto now = catalog.get();
  EXPECT_EQ(now->source, "codex_debug_models");
  ASSERT_GT(now->models.size(), 3u);
  for (std::size_t i = 1; i < now->models.size(); ++i) {
    EXPECT_LE(now->models[i - 1].priority.value_or(0), now->models[i].priority.value_or(0));
  }
  for (const Model& model : now->models) EXPECT_FALSE(model.reasoning_efforts.empty()) << model.id;
  EXPECT_FALSE(check_model_choice(*now, now->models[0].id, "bogus").ok());
}

TEST_F(RealCodex, TellsItsLogin) {
  EXPECT_EQ(engine->login_status().state, LoginStatus::State::kLoggedOut);
  const std::string key = "sk-test-0123456789abcdefghij";
  ASSERT_TRUE(os::write_file_atomic(temp.path("codex-home/auth.json"), "{\"OPENAI_API_KEY\":\"" + key + "\"}").ok());
  const LoginStatus status = engine->login_status();
  EXPECT_EQ(status.state, LoginStatus::State::kLoggedIn) << status.summary;
  EXPECT_EQ(status.summary.find("sk-"), std::string::npos);
}

TEST_F(RealCodex, UnderstandsEveryOptionThatCanBeSent) {
  // A resume of a conversation that does not exist ends before any request, but after the command line was
  // read.
  ASSERT_TRUE(os::make_private_dirs(temp.path("repo")).ok());
  ASSERT_TRUE(os::write_file_atomic(temp.path("repo/a.png"), "x").ok());
  EngineOptions options = engine->options();
  options.allowed_config_override_prefixes = {""};
  options.check_path = [](const std::string& path) -> Result<std::string> { return path; };
  CodexEngine open(options);
  runner::TurnRequest request;
  request.prompt = "hello";
  request.cwd = temp.path("repo");
  request.pass_cwd = true;
  request.in_git_repository = false;
  request.model = "gpt-5.5";
  request.reasoning_effort = "low";
  request.resume_session = "01a1fe56-e521-76c0-993f-075154f3dd00";
  request.options = {{"images", {"a.png"}}, {"search", true},
                     {"network", true},     {"ignore_user_config", true},
                     {"profile", "work"},   {"features", {{"enable", {"apps"}}, {"disable", {"plugins"}}}},
                     {"add_dirs", {"."}},   {"config_overrides", {"model_verbosity=\"low\""}}};
  const auto command = open.command(request, temp.path("job"));
  ASSERT_TRUE(command.ok()) << command.error().message;
  ASSERT_TRUE(os::make_private_dirs(temp.path("job")).ok());
  os::SpawnOptions spawn;
  spawn.argv = command->argv;
  spawn.env = command->env;
  spawn.cwd = command->cwd;
  const auto run = os::run(spawn, "hello", std::chrono::steady_clock::now() + kBusyMachine);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->status.code, 1) << run->err;
  EXPECT_THAT(run->err, testing::HasSubstr("no rollout found for thread id"));
}

}  // namespace
}  // namespace patchbay::codex
