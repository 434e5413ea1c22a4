#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "patchbay/base/clock.h"
#include "patchbay/base/text.h"
#include "patchbay/codex/codex_engine.h"
#include "patchbay/codex/event_interpreter.h"
#include "patchbay/codex/session_files.h"
#include "support/fake_codex/fake_codex.h"
#include "support/patience.h"
#include "support/temp_dir.h"
#include "unit/codex/thread_id.h"

/// Whole turns of the program that plays Codex, through the engine's own command and interpreter.
namespace patchbay::codex {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class FakeTurn : public testing::Test {
 protected:
  FakeTurn() {
    EngineOptions options;
    options.executable = support::FakeCodex::program();
    options.codex_home = fake.home();
    options.allowed_env = {"PATH"};
    options.private_dir = temp.path("private");
    engine = std::make_unique<CodexEngine>(options);
    request.prompt = "the brief \u00e9";
    request.cwd = temp.path("repo");
    EXPECT_TRUE(os::make_private_dirs(request.cwd).ok());
    EXPECT_TRUE(os::make_private_dirs(temp.path("job")).ok());
  }

  os::SpawnOptions spawn_options() {
    const auto command = engine->command(request, temp.path("job"));
    EXPECT_TRUE(command.ok());
    os::SpawnOptions spawn;
    spawn.argv = command->argv;
    spawn.env = command->env;
    spawn.cwd = command->cwd;
    return spawn;
  }

  runner::Outcome play(const std::string& script) {
    fake.script(script);
    run = *os::run(spawn_options(), request.prompt, testing_support::end_of_patience(), 64u << 20);
    runner::InterpreterOptions options;
    options.expected_session = request.resume_session;
    turn = std::make_unique<EventInterpreter>(options);
    for (const std::string_view line : split(run.out, '\n')) {
      if (const auto event = json::parse(sanitize_utf8(line))) turn->on_event(*event, 1);
    }
    runner::TurnEnd end;
    end.status = run.status;
    end.stderr_tail = run.err;
    return turn->finish(end);
  }

  testing_support::TempDir temp;
  support::FakeCodex fake{temp.path("codex-home")};
  std::unique_ptr<CodexEngine> engine;
  runner::TurnRequest request;
  std::unique_ptr<EventInterpreter> turn;
  os::RunResult run;
};

TEST_F(FakeTurn, GetsThePromptOnStandardInputOnly) {
  const auto outcome = play("thread\nturn\necho-stdin\nreport it went well\ndone\n");
  EXPECT_EQ(outcome.state, runner::Outcome::State::kCompleted);
  EXPECT_EQ(outcome.result["summary"], "it went well");
  EXPECT_EQ(outcome.result["parsed_output_schema_valid"], true);
  ASSERT_EQ(fake.calls().size(), 1u);
  const Json call = fake.calls()[0];
  EXPECT_EQ(call["stdin"], request.prompt);
  EXPECT_EQ(call["cwd"], request.cwd);
  EXPECT_EQ(call["argv"].back(), "-");
  EXPECT_EQ(call["env"]["CODEX_HOME"], fake.home());
}

TEST_F(FakeTurn, AResumeKeepsItsThread) {
  request.resume_session = kThread;
  EXPECT_EQ(play("thread\nturn\nmessage again\ndone\n").state, runner::Outcome::State::kCompleted);
  EXPECT_EQ(turn->progress().session_id, kThread);
  EXPECT_EQ(play("thread 01a1fe6a-966a-7e73-b11b-b9abeb581669\n").error_code, ErrorCode::kSessionNotFound);
}

TEST_F(FakeTurn, FailsAsScripted) {
  const auto outcome = play("thread\nturn\nfail Quota exceeded. Check your plan and billing details.\nexit 1\n");
  EXPECT_EQ(outcome.state, runner::Outcome::State::kFailed);
  EXPECT_THAT(outcome.error, HasSubstr("Quota exceeded"));
  EXPECT_EQ(run.status.code, 1);
  EXPECT_THAT(play("stderr Error: Unknown feature flag: x\nexit 2\n").error, HasSubstr("exit code 2: Unknown feature"));
  EXPECT_THAT(play("thread\nkill TERM\n").error, HasSubstr("signal 15"));
}

TEST_F(FakeTurn, HostileOutputDoesNotHideTheReport) {  // SEC:S10
  const auto outcome = play(
      "thread\nturn\nraw ff00fe0a\nprint {\"type\":\"item.comp\nprint not json\ninvalid-utf8\noversized "
      "1500000\n"
      "flood 3000000\ncommand ls\nmessage the answer\ndone\n");
  EXPECT_EQ(outcome.result["summary"], "the answer");
  EXPECT_GT(run.out.size(), 4'500'000u);
  EXPECT_EQ(turn->progress().last_command, "ls");
}

TEST_F(FakeTurn, LeavesTheTracesTheRealProgramLeaves) {
  (void)play(std::string("thread ") + kThread +
             "\nsession done in the file\nlast-message the last word\nwrite out.txt hi\n");
  EXPECT_EQ(*os::read_file(temp.path("job/last-message.txt")), "the last word");
  EXPECT_EQ(*os::read_file(temp.path("repo/out.txt")), "hi\n");
  const auto file = find_session_file(fake.home(), kThread);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ((*last_task_complete(file->path, 0, 0))->last_agent_message, "done in the file");
}

TEST_F(FakeTurn, ALostEndIsRecoveredFromTheSessionFile) {
  // The file's times are whole seconds, so the turn is said to have begun a moment ago.
  const double began = epoch_seconds(system_clock().wall()) - 2;
  const std::string key = "sk-proj-" + std::string(40, 'a');
  (void)play(std::string("thread ") + kThread + "\nsession {\"summary\":\"finished, key " + key + "\"}\n");
  const auto outcome = engine->recover(kThread, began);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->state, runner::Outcome::State::kCompleted);
  EXPECT_EQ(outcome->terminal_source, "session_task_complete");
  EXPECT_EQ(outcome->result["result_source"], "session_task_complete");
  EXPECT_THAT(outcome->result["summary"].get<std::string>(), HasSubstr("finished"));
  EXPECT_EQ(json::dump(outcome->result).find(key), std::string::npos);

  EXPECT_FALSE(engine->recover(kThread, began + 3600).has_value());  // the end of an earlier turn
  EXPECT_FALSE(engine->recover(kThread, 0).has_value());
  EXPECT_FALSE(engine->recover("01a1fe6a-966a-7e73-b11b-b9abeb581669", began).has_value());
}

TEST_F(FakeTurn, IgnoresSignalsAndLeavesChildrenWhenTold) {
  fake.script("ignore INT TERM\nspawn 60\nspawn-stubborn 60\ntouch ready\nsleep 60\n");
  os::Child child = *os::Child::spawn(spawn_options());
  ASSERT_TRUE(testing_support::eventually([&] { return os::exists(temp.path("repo/ready")); }));
  const auto children = os::descendants(child.pid());
  EXPECT_EQ(children.size(), 2u);
  ASSERT_TRUE(child.signal(SIGTERM).ok());
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(os::is_alive(*os::identify(child.pid())));
  std::vector<os::ProcessIdentity> left;
  for (const pid_t pid : children) left.push_back(*os::identify(pid));
  ASSERT_TRUE(child.signal(SIGKILL).ok());
  EXPECT_EQ(child.wait().code, SIGKILL);
  for (const auto& id : left) {
    EXPECT_TRUE(os::is_alive(id));  // orphans, as a killed Codex leaves them
    EXPECT_TRUE(os::signal_exact(id, SIGKILL));
  }
}

TEST_F(FakeTurn, AScriptErrorIsLoud) {
  (void)play("sing\n");
  EXPECT_EQ(run.status.code, 70);
}

}  // namespace
}  // namespace patchbay::codex
