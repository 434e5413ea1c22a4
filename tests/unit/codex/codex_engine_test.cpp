#include "patchbay/codex/codex_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "patchbay/codex/turn_result.h"
#include "support/fake_codex/fake_codex.h"
#include "support/temp_dir.h"
#include "unit/codex/thread_id.h"

namespace patchbay::codex {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class Engine : public testing::Test {
 protected:
  Engine() {
    options.executable = support::FakeCodex::program();
    options.codex_home = fake.home();
    options.allowed_env = {"PATH", "HOME", "LC_*"};
    options.environment = os::Environment{{"PATH", "/usr/bin:/bin"},
                                          {"HOME", "/home/op"},
                                          {"LC_ALL", "C"},
                                          {"PATCHBAY_HTTP_TOKEN", "x"},
                                          {"SECRET", "y"}};
    options.private_dir = temp.path("private");
    options.gate_dir = temp.path("gate");
    options.allowed_config_override_prefixes = {"model"};
    options.check_path = [this](const std::string& path) -> Result<std::string> {
      auto real = os::real_path(path);
      if (!real) return std::move(real).error();
      if (!os::is_within(repo, *real)) return Error{ErrorCode::kRootNotAllowed, "outside", {}, {}};
      return *real;
    };
    EXPECT_TRUE(os::make_private_dirs(repo).ok());
    options.answer_limit = std::chrono::seconds(60);
    request.prompt = "do it";
    request.cwd = repo;
  }

  Result<runner::Command> command() { return CodexEngine(options).command(request, temp.path("job")); }
  std::vector<std::string> argv() {
    auto result = command();
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
    return result.ok() ? result->argv : std::vector<std::string>{};
  }
  ErrorCode refusal() {
    auto result = command();
    EXPECT_FALSE(result.ok());
    return result.ok() ? ErrorCode::kInternal : result.error().code;
  }

  testing_support::TempDir temp;
  support::FakeCodex fake{temp.path("codex-home")};
  std::string repo = temp.path("repo");
  EngineOptions options;
  runner::TurnRequest request;
};

TEST_F(Engine, BuildsTheCommandOfAPlainTurn) {
  const auto result = command();
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_THAT(result->argv, ElementsAre(support::FakeCodex::program(), "exec", "--sandbox", "workspace-write",
                                        "--output-schema", temp.path("private/codex-output-schema.json"), "--json",
                                        "-c", "sandbox_workspace_write.exclude_slash_tmp=true", "--output-last-message",
                                        temp.path("job/last-message.txt"), "-"));
  EXPECT_EQ(result->cwd, repo);
  EXPECT_TRUE(result->prompt_on_stdin);
  EXPECT_EQ(result->effective_sandbox, "workspace-write");
  EXPECT_EQ(result->last_message_file, temp.path("job/last-message.txt"));
  EXPECT_EQ(result->startup_gate, "");
}

TEST_F(Engine, ThePromptNeverReachesArgv) {
  request.prompt = "--dangerously-bypass-approvals-and-sandbox";
  EXPECT_THAT(argv(), Not(Contains(HasSubstr("dangerously"))));
}

TEST_F(Engine, ANewConversationNeedsAPromptAndAResumeDoesNot) {
  request.prompt = "";
  EXPECT_EQ(refusal(), ErrorCode::kMissingArgument);
  request.resume_session = kThread;
  const auto result = command();
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->prompt_on_stdin);
  EXPECT_EQ(result->argv.back(), kThread);
}

TEST_F(Engine, CountsThePromptInCharactersNotBytes) {
  request.prompt.clear();
  for (int i = 0; i < 1'048'576; ++i) request.prompt += "\u00e9";
  EXPECT_TRUE(command().ok());
  request.prompt += "x";
  EXPECT_EQ(refusal(), ErrorCode::kContentTooLarge);
  request.prompt = "\xff";
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
}

TEST_F(Engine, OnlyUuidsCanBeResumed) {  // SEC:C2, C13
  for (const char* id : {"--dangerously-bypass-approvals-and-sandbox", "latest", "-",
                         "01a1fe57-c01c-7581-a192-78f467b3672b\n", "{01a1fe57-c01c-7581-a192-78f467b3672b}"}) {
    request.resume_session = id;
    EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument) << id;
  }
}

TEST_F(Engine, RefusesValuesThatAreNoNames) {  // SEC:C2
  const std::string nul("a\0b", 3);
  for (const std::string& bad : {std::string("-m"), std::string("--model"), std::string("a b"), std::string("a\nb"),
                                 nul, std::string(400, 'a')}) {
    runner::TurnRequest base = request;
    request.model = bad;
    EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument) << bad;
    request = base;
    request.reasoning_effort = bad;
    EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument) << bad;
    request = base;
    request.sandbox = bad;
    EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument) << bad;
    for (const Json& value :
         {Json{{"profile", bad}}, Json{{"features", {{"enable", {bad}}}}}, Json{{"features", {{"disable", {bad}}}}}}) {
      request = base;
      request.options = value;
      EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument) << bad;
    }
    request = base;
  }
  request.options = {{"profile", "a/../../repo/evil"}};
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
}

TEST_F(Engine, WritesTheSchemaOncePrivately) {
  (void)argv();
  const std::string path = temp.path("private/codex-output-schema.json");
  struct stat first {
  }, second{};
  ASSERT_EQ(::stat(path.c_str(), &first), 0);
  EXPECT_EQ(first.st_mode & 0777, 0600u);
  EXPECT_EQ(*json::parse(*os::read_file(path)), output_schema());
  (void)argv();
  ASSERT_EQ(::stat(path.c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  ASSERT_TRUE(os::write_file_atomic(path, "{}").ok());
  (void)argv();
  EXPECT_EQ(*json::parse(*os::read_file(path)), output_schema());
}

TEST_F(Engine, WithoutStructuredOutputThereIsNoSchema) {
  request.structured_output = false;
  EXPECT_THAT(argv(), Not(Contains("--output-schema")));
}

TEST_F(Engine, TheSandboxComesFromTheRequestElseFullAutoElseTheDefault) {
  options.default_sandbox = "read-only";
  EXPECT_EQ(command()->effective_sandbox, "read-only");
  request.options = {{"full_auto", true}};
  EXPECT_EQ(command()->effective_sandbox, "workspace-write");
  EXPECT_THAT(argv(), Not(Contains("--full-auto")));
  options.allow_dangerously_bypass = true;
  request.sandbox = "danger-full-access";
  EXPECT_EQ(command()->effective_sandbox, "danger-full-access");
}

TEST_F(Engine, BypassNeedsPermission) {
  request.options = {{"dangerously_bypass", true}};
  const auto refused = command();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().message.starts_with("dangerously_bypass is disabled"));
  EXPECT_EQ(refused.error().code, ErrorCode::kModeNotPermitted);
  options.allow_dangerously_bypass = true;
  request.sandbox = "read-only";
  EXPECT_THAT(argv(), Contains("--dangerously-bypass-approvals-and-sandbox"));
  EXPECT_THAT(argv(), Not(Contains("--sandbox")));
  EXPECT_EQ(command()->effective_sandbox, "danger-full-access");
}

TEST_F(Engine, FullAccessByNameNeedsTheSamePermissionUnlessItIsTheOperatorsDefault) {
  request.sandbox = "danger-full-access";
  EXPECT_EQ(refusal(), ErrorCode::kModeNotPermitted);
  options.allow_dangerously_bypass = true;
  EXPECT_EQ(command()->effective_sandbox, "danger-full-access");
  options.allow_dangerously_bypass = false;
  options.default_sandbox = "danger-full-access";
  EXPECT_EQ(command()->effective_sandbox, "danger-full-access");
  request.sandbox = "";
  EXPECT_EQ(command()->effective_sandbox, "danger-full-access");
}

TEST_F(Engine, AReadOnlyTurnCannotBeWidenedByAnOverride) {
  options.allowed_config_override_prefixes = {""};
  request.sandbox = "read-only";
  request.options = {{"config_overrides", {"sandbox_mode=\"danger-full-access\""}}};
  EXPECT_EQ(refusal(), ErrorCode::kModeNotPermitted);
  options.allow_dangerously_bypass = true;
  EXPECT_EQ(command()->effective_sandbox, "danger-full-access");
}

TEST_F(Engine, ATurnHasTemporaryFilesOfItsOwn) {  // SEC:W8
  const auto made = command();
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->temp_dir, temp.path("job/tmp"));
  EXPECT_EQ(made->env.at("TMPDIR"), made->temp_dir);
  EXPECT_THAT(made->argv, Contains("sandbox_workspace_write.exclude_slash_tmp=true"));
  request.sandbox = "read-only";
  EXPECT_THAT(argv(), Not(Contains("sandbox_workspace_write.exclude_slash_tmp=true")));
}

TEST_F(Engine, CheckedOptionsFollowFreeOverridesSoThatTheyWin) {
  request.reasoning_effort = "High";
  request.options = {{"config_overrides", {"model_verbosity=\"low\""}}, {"search", true}, {"network", true}};
  const auto args = argv();
  std::vector<std::string> overrides;
  for (std::size_t i = 0; i + 1 < args.size(); ++i) {
    if (args[i] == "-c") overrides.push_back(args[i + 1]);
  }
  EXPECT_THAT(overrides, ElementsAre("sandbox_workspace_write.exclude_slash_tmp=true", "model_verbosity=\"low\"",
                                     "model_reasoning_effort=\"high\"", "tools.web_search=true", "web_search=\"live\"",
                                     "sandbox_workspace_write.network_access=true"));
  EXPECT_THAT(args, Not(Contains("--search")));
}

TEST_F(Engine, NothingIsAcceptedAndIgnored) {
  request.options = {{"approval_policy", "on-request"}};
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
  request.options = {{"approval_policy", "never"}};
  EXPECT_THAT(argv(), Not(Contains("-a")));
  request.options = {{"network", true}};
  request.sandbox = "read-only";
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
  request.options = {{"network", false}};
  EXPECT_THAT(argv(), Not(Contains(HasSubstr("network_access"))));
  options.allow_dangerously_bypass = true;
  request.sandbox = "danger-full-access";
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
  request.options = {{"surprise", 1}};
  EXPECT_EQ(refusal(), ErrorCode::kUnknownArgument);
}

TEST_F(Engine, AbsentNullAndPrivateOptionsMeanNothing) {
  const auto plain = argv();
  request.options = {{"images", nullptr},  {"profile", ""},
                     {"_worker_id", "w"},  {"resume_session_id", kThread},
                     {"model", "gpt-5.5"}, {"features", {{"enable", nullptr}}}};
  EXPECT_EQ(argv(), plain);
}

TEST_F(Engine, WronglyTypedOptionsAreRefused) {
  for (const Json& bad :
       {Json{{"images", "a.png"}}, Json{{"images", {1}}}, Json{{"search", "yes"}}, Json{{"features", {"x"}}},
        Json{{"features", {{"other", {"x"}}}}}, Json{{"profile", 3}}, Json{{"config_overrides", {"model=\"a\nb\""}}}}) {
    request.options = bad;
    EXPECT_FALSE(command().ok()) << bad.dump();
  }
}

TEST_F(Engine, FeaturesAreSortedAndMayNotContradict) {
  request.options = {{"features", {{"enable", {"b", "a", "b"}}, {"disable", {"c"}}}}};
  EXPECT_THAT(argv(), IsSupersetOf({"--enable", "a", "--enable", "b", "--disable", "c"}));
  request.options = {{"features", {{"enable", {"a"}}, {"disable", {"a"}}}}};
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
}

TEST_F(Engine, ImagesAreRegularFilesInsideTheRoots) {  // SEC:C3
  ASSERT_TRUE(os::write_file_atomic(os::join(repo, "a.png"), "x").ok());
  request.options = {{"images", {"a.png"}}};
  const auto args = argv();
  const auto image = std::find(args.begin(), args.end(), "--image");
  ASSERT_NE(image, args.end());
  EXPECT_EQ(*(image + 1), *os::real_path(os::join(repo, "a.png")));
  EXPECT_EQ(*(image + 2), "--color");

  request.options = {{"images", {"/etc/shadow"}}};
  EXPECT_EQ(refusal(), ErrorCode::kRootNotAllowed);
  request.options = {{"images", {repo}}};
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
  request.options = {{"images", {"gone.png"}}};
  EXPECT_EQ(refusal(), ErrorCode::kNotFound);
  ASSERT_EQ(::mkfifo(os::join(repo, "pipe").c_str(), 0600), 0);
  request.options = {{"images", {"pipe"}}};
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
}

TEST_F(Engine, AnImageWithACommaIsRefusedBecauseCodexSplitsThere) {  // SEC:C3
  ASSERT_TRUE(os::make_private_dirs(os::join(repo, "x,/etc")).ok());
  ASSERT_TRUE(os::write_file_atomic(os::join(repo, "x,/etc/passwd"), "x").ok());
  request.options = {{"images", {"x,/etc/passwd"}}};
  EXPECT_EQ(refusal(), ErrorCode::kInvalidArgument);
}

TEST_F(Engine, AddedFoldersAreCheckedAndMadeCanonical) {  // SEC:C3
  ASSERT_TRUE(os::make_private_dirs(os::join(repo, "sub")).ok());
  request.options = {{"add_dirs", {"sub/../sub"}}};
  EXPECT_THAT(argv(), IsSupersetOf({std::string("--add-dir"), *os::real_path(os::join(repo, "sub"))}));
  request.options = {{"add_dirs", {"/"}}};
  EXPECT_EQ(refusal(), ErrorCode::kRootNotAllowed);
  options.check_path = nullptr;
  request.options = {{"add_dirs", {"sub"}}};
  EXPECT_EQ(refusal(), ErrorCode::kRootNotAllowed);
}

TEST_F(Engine, OutsideGitTheCheckIsSkippedAndTheFolderNamedWhenAsked) {
  request.in_git_repository = false;
  request.pass_cwd = true;
  EXPECT_THAT(argv(), IsSupersetOf({std::string("--skip-git-repo-check"), std::string("--cd"), repo}));
  request.cwd = temp.path("gone");
  EXPECT_EQ(refusal(), ErrorCode::kWorkspaceMissing);
}

TEST_F(Engine, GivesCodexItsHomeAndNoSecretOfTheServer) {  // SEC:C4, C6
  os::Environment env = command()->env;
  EXPECT_EQ(env, (os::Environment{{"PATH", "/usr/bin:/bin"},
                                  {"HOME", "/home/op"},
                                  {"LC_ALL", "C"},
                                  {"CODEX_HOME", fake.home()},
                                  {"TMPDIR", temp.path("job/tmp")}}));
  options.allowed_env = {};
  options.environment = os::Environment{};
  env = CodexEngine(options).environment();
  EXPECT_EQ(env["PATH"], "/usr/local/bin:/usr/bin:/bin");
  EXPECT_EQ(env["HOME"], os::home_dir());
}

TEST_F(Engine, AHostileRepositoryChangesNeitherArgvNorEnvironment) {  // SEC:C4
  const auto before = *command();
  ASSERT_TRUE(os::make_private_dirs(os::join(repo, ".codex")).ok());
  ASSERT_TRUE(
      os::write_file_atomic(os::join(repo, ".codex/config.toml"), "sandbox_mode = \"danger-full-access\"\n").ok());
  ASSERT_TRUE(os::write_file_atomic(os::join(repo, ".env"), "CODEX_HOME=/evil\nLD_PRELOAD=/evil.so\n").ok());
  const auto after = *command();
  EXPECT_EQ(before.argv, after.argv);
  EXPECT_EQ(before.env, after.env);
}

TEST_F(Engine, CreatesAMissingCodexHomePrivately) {
  options.codex_home = temp.path("new/home");
  ASSERT_TRUE(command().ok());
  struct stat st {};
  ASSERT_EQ(::stat(options.codex_home.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700u);
}

TEST_F(Engine, RelativeHomesAreRefused) {
  options.codex_home = "codex-home";
  EXPECT_EQ(refusal(), ErrorCode::kConfigRefused);
  options.codex_home = fake.home();
  options.private_dir = "";
  EXPECT_EQ(refusal(), ErrorCode::kConfigRefused);
}

TEST_F(Engine, StartsAreSerialisedOnlyForALoginThatRefreshesTokens) {
  const std::string tokens = R"("tokens":{"access_token":"a","refresh_token":"r"})";
  fake.put("auth.json", "{\"OPENAI_API_KEY\":null," + tokens + "}");
  const std::string gate = command()->startup_gate;
  EXPECT_TRUE(os::is_within(temp.path("gate"), gate)) << gate;
  EXPECT_EQ(command()->startup_gate, gate);

  fake.put("auth.json", "{\"OPENAI_API_KEY\":\"sk-x\"," + tokens + "}");
  EXPECT_EQ(command()->startup_gate, "");
  fake.put("auth.json", R"({"tokens":{"access_token":"a"}})");
  EXPECT_EQ(command()->startup_gate, "");
  fake.put("auth.json", "not json");
  EXPECT_EQ(command()->startup_gate, "");
  fake.put("auth.json", "{" + tokens + "}");
  EXPECT_EQ(command()->startup_gate, gate);
  options.serialize_startup = false;
  EXPECT_EQ(command()->startup_gate, "");
}

TEST_F(Engine, IgnoringTheUserConfigIsTheOperatorsOrTheTurnsChoice) {
  request.options = {{"ignore_user_config", true}};
  EXPECT_THAT(argv(), Contains("--ignore-user-config"));
  request.options = Json::object();
  EXPECT_THAT(argv(), Not(Contains("--ignore-user-config")));
  options.ignore_user_config = true;
  EXPECT_THAT(argv(), Contains("--ignore-user-config"));
}

TEST_F(Engine, AMissingProgramIsReported) {  // SEC:F13
  options.executable = temp.path("nothing");
  EXPECT_EQ(refusal(), ErrorCode::kCodexCliMissing);
  EXPECT_EQ(CodexEngine(options).probe().error().code, ErrorCode::kCodexCliMissing);
  EXPECT_EQ(CodexEngine(options).login_status().state, LoginStatus::State::kUnknown);
}

TEST_F(Engine, ProbesTheVersionOnce) {
  const CodexEngine engine(options);
  const auto probe = engine.probe();
  ASSERT_TRUE(probe.ok()) << probe.error().message;
  EXPECT_EQ(probe->version, "0.169.0");
  EXPECT_EQ(probe->path, support::FakeCodex::program());
  (void)engine.probe();
  EXPECT_EQ(fake.questions().size(), 1u);
}

TEST_F(Engine, ReportsTheLoginWithoutShowingTheKey) {
  const CodexEngine engine(options);
  EXPECT_EQ(engine.login_status().state, LoginStatus::State::kLoggedOut);
  fake.put("auth.json", R"({"OPENAI_API_KEY":"sk-x"})");
  const LoginStatus status = engine.login_status();
  EXPECT_EQ(status.state, LoginStatus::State::kLoggedIn);
  EXPECT_EQ(status.summary.find("sk-"), std::string::npos);
  (void)engine.login_status();
  EXPECT_EQ(fake.questions().size(), 2u);  // remembered until the login changes
}

TEST_F(Engine, LoginIsThatOfTheChosenProvider) {
  const auto status = [this](const std::string& toml, const os::Environment& environment = {}) {
    fake.put("config.toml", toml);
    EngineOptions other = options;
    other.environment = environment;
    return CodexEngine(other).login_status();
  };
  using State = LoginStatus::State;
  const std::string own = "model_provider = \"mine\"\n[model_providers.mine]\nbase_url = \"http://x\"\n";
  EXPECT_EQ(status("model_provider = \"openai\"\n").state, State::kLoggedOut);
  EXPECT_EQ(status("model_provider = \"openai\"\n", {{"CODEX_API_KEY", "k"}}).state, State::kLoggedIn);
  EXPECT_EQ(status(own).state, State::kLoggedIn);
  EXPECT_EQ(status(own + "requires_openai_auth = true\n").state, State::kLoggedOut);
  const LoginStatus without = status(own + "env_key = \"MINE\"\n");
  EXPECT_EQ(without.state, State::kLoggedOut);
  EXPECT_THAT(without.summary, HasSubstr("set MINE"));
  const LoginStatus with = status(own + "env_key = \"MINE\"\n", {{"MINE", "the-key"}});
  EXPECT_EQ(with.state, State::kLoggedIn);
  EXPECT_THAT(with.summary, Not(HasSubstr("the-key")));
}

TEST_F(Engine, AHangingProgramIsAskedForTheAnswerLimitOnly) {
  fake.put("fake-hang", "");
  options.answer_limit = std::chrono::seconds(1);
  const CodexEngine engine(options);
  const auto probe = engine.probe();
  ASSERT_FALSE(probe.ok());
  EXPECT_EQ(probe.error().code, ErrorCode::kTimeout);
  const LoginStatus status = engine.login_status();
  EXPECT_EQ(status.state, LoginStatus::State::kUnknown);
  EXPECT_THAT(status.summary, HasSubstr("did not say in time"));
  EXPECT_FALSE(engine.probe().ok());
  EXPECT_EQ(fake.questions().size(), 2u) << "it is not waited for again at once";
}

}  // namespace
}  // namespace patchbay::codex
