#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "patchbay/base/ids.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/runner/launcher.h"
#include "patchbay/runner/turn.h"
#include "runner/turn_cgroup.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::runner {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class RunTurn : public testing::Test {
 protected:
  RunTurn() {
    order_.job_id = new_uuid();
    order_.job_dir = dir_.root();
    order_.command.env = {{"PATH", "/usr/bin:/bin"}};
    order_.command.cwd = "/";
    order_.command.prompt_on_stdin = true;
    order_.marker = random_hex(16);
    order_.limits.interrupt_seconds = 0.2;
    order_.limits.terminate_seconds = 0.3;
    order_.limits.completion_grace_seconds = 0.2;
    order_.limits.session_start_timeout_seconds = 0;
  }

  void script(const std::string& text) { order_.command.argv = {"/bin/sh", "-c", text}; }

  os::Child start(const std::vector<int>& locks = {}) {
    auto child = launcher_.start(order_, locks);
    EXPECT_TRUE(child.ok()) << child.error().message;
    return std::move(*child);
  }

  void run_to_end(os::Child child) {
    ASSERT_TRUE(child.wait_until(testing_support::end_of_patience()).has_value()) << "the runner did not end";
  }

  template <class Condition>
  void wait_for(Condition condition) {
    ASSERT_TRUE(testing_support::eventually(condition));
  }

  Progress progress() { return read_progress(dir_.root()).value_or(Progress{}); }
  Outcome outcome() { return read_outcome(dir_.root()).value(); }
  TurnExit exit_record() { return read_exit(dir_.root()).value(); }
  std::string file(const char* name) { return *os::read_file(dir_.path(name)); }

  testing_support::TempDir dir_;
  TurnOrder order_;
  Launcher launcher_{{os::self_executable(), "run-turn"}};
};

TEST_F(RunTurn, ReportsACompletedTurnAndProvesTheEmptyTree) {
  script(R"(echo '{"thread":"t-1"}'; echo '{"say":"hello"}'; echo '{"done":true}'; echo note >&2)");
  run_to_end(start());
  EXPECT_EQ(outcome().state, Outcome::State::kCompleted);
  EXPECT_EQ(json::get_string(outcome().result, "summary"), "hello");
  EXPECT_EQ(exit_record().reason, "exited");
  EXPECT_EQ(exit_record().exit_code, 0);
  EXPECT_TRUE(exit_record().tree_empty);
  EXPECT_EQ(progress().session_id, "t-1");
  EXPECT_EQ(file("stderr.log"), "note\n");
  EXPECT_FALSE(live_runner(dir_.root()).has_value());
}

TEST_F(RunTurn, FeedsTheWholePromptAndKeepsItOffTheDisk) {  // design: the prompt is never written down
  order_.prompt = std::string(1'000'000, 'p') + "needle-in-the-prompt";
  script(R"(n=$(wc -c); echo "{\"say\":\"$n\"}"; echo '{"done":true}')");
  run_to_end(start());
  EXPECT_EQ(json::get_string(outcome().result, "summary"), std::to_string(order_.prompt.size()));
  for (const std::string& name : *os::list_dir(dir_.root())) {
    EXPECT_THAT(file(name.c_str()), Not(HasSubstr("needle-in-the-prompt"))) << name;
  }
}

TEST_F(RunTurn, StopEndsEverythingTheAgentStarted) {  // SEC:S4, S5; workers 1.10
  script(R"(trap '' INT TERM
            sleep 300 & setsid sleep 300 & (trap '' TERM; sleep 300) &
            echo '{"thread":"t"}'; while :; do sleep 1; done)");
  os::Child runner = start();
  wait_for([&] { return progress().session_id == "t"; });
  ASSERT_TRUE(request_stop(dir_.root()));
  run_to_end(std::move(runner));
  EXPECT_EQ(outcome().state, Outcome::State::kCancelled);
  EXPECT_EQ(exit_record().reason, "cancelled");
  EXPECT_EQ(exit_record().signal, SIGKILL);
  EXPECT_TRUE(exit_record().tree_empty);
  EXPECT_TRUE(kill_marked(order_.marker, 0)) << "a process with the turn's marker survived";
}

TEST_F(RunTurn, ATurnHasAControlGroupOfItsOwnWhereThatCanBeMade) {  // workers 1.10, SEC:C9
  TurnCgroup probe;
  probe.open(own_cgroup());
  if (!probe.active()) GTEST_SKIP() << "no control group of the second version is ours to write";
  probe.remove();
  script(
      R"(group=$(grep ^0:: /proc/self/cgroup); echo "{\"say\":\"$group\"}"; setsid sleep 300 & echo '{"done":true}')");
  os::Child runner = start();
  const std::string name = "patchbay-turn-" + std::to_string(runner.pid());
  run_to_end(std::move(runner));
  EXPECT_THAT(json::get_string(outcome().result, "summary"), HasSubstr("/" + name));
  EXPECT_TRUE(exit_record().tree_empty);
  EXPECT_FALSE(os::exists(os::join(own_cgroup(), name)));
}

TEST_F(RunTurn, EndsAtTheTimeLimitAndKeepsTheReport) {  // workers 1.9
  order_.limits.timeout_seconds = 0.3;
  script(R"(echo '{"thread":"t"}'; echo '{"say":"partial"}'; sleep 300)");
  run_to_end(start());
  EXPECT_EQ(exit_record().reason, "timeout");
  EXPECT_EQ(json::get_string(outcome().result, "summary"), "partial");
}

TEST_F(RunTurn, EndsWhenNoSessionStarts) {
  order_.limits.session_start_timeout_seconds = 0.2;
  script("sleep 300");
  run_to_end(start());
  EXPECT_EQ(exit_record().reason, "session_start_timeout");
}

TEST_F(RunTurn, DoesNotWaitForAWrapperThatLingersAfterItsTurn) {  // lesson 9
  script(R"(trap '' INT TERM; echo '{"say":"ready"}'; echo '{"done":true}'; while :; do sleep 1; done)");
  run_to_end(start());
  EXPECT_EQ(exit_record().reason, "lingered");
  EXPECT_EQ(outcome().state, Outcome::State::kCompleted);
}

TEST_F(RunTurn, DoesNotWaitForASurvivorThatHoldsThePipe) {  // SEC:C8
  order_.limits.completion_grace_seconds = 60;
  script(R"(echo '{"done":true}'; setsid sleep 300 &)");
  run_to_end(start());
  EXPECT_EQ(exit_record().reason, "exited");
  EXPECT_TRUE(exit_record().tree_empty);
}

TEST_F(RunTurn, StaysWithItsLockUntilTheLastSurvivorIsGone) {  // SEC:S4, S5, L3
  order_.limits.sweep_seconds = 0;                             // whatever is found alive outlives it
  auto lock = *os::FileLock::try_acquire(dir_.path("repo.lock"));
  script(R"(again() { sleep 0.01; again & }
            again & setsid sleep 300 & echo '{"say":"hello"}'; echo '{"done":true}')");
  os::Child runner = start({lock.fd()});
  lock.release();
  wait_for([&] { return read_outcome(dir_.root()).has_value(); });
  const bool held = *os::FileLock::is_held(dir_.path("repo.lock"));
  EXPECT_TRUE(held || read_exit(dir_.root())) << "the lock was given back before the proof";
  run_to_end(std::move(runner));
  EXPECT_TRUE(exit_record().tree_empty);
  EXPECT_TRUE(kill_marked(order_.marker, 0)) << "a process outlived the proof that there is none";
  EXPECT_FALSE(*os::FileLock::is_held(dir_.path("repo.lock")));
}

TEST_F(RunTurn, WhatATurnSaidAtItsEndSurvivesItsRunner) {  // workers 9.3
  order_.limits.completion_grace_seconds = 60;
  script(R"(echo '{"say":"all of it"}'; echo '{"done":true}'; sleep 300)");
  os::Child runner = start();
  wait_for([&] { return progress().turn_over; });
  (void)runner.signal(SIGKILL);
  run_to_end(std::move(runner));
  EXPECT_FALSE(read_outcome(dir_.root()).has_value());
  ASSERT_TRUE(read_evidence(dir_.root()).has_value());
  EXPECT_EQ(read_evidence(dir_.root())->state, Outcome::State::kCompleted);
  EXPECT_EQ(json::get_string(read_evidence(dir_.root())->result, "summary"), "all of it");
  EXPECT_TRUE(kill_marked(order_.marker, 10));
}

TEST_F(RunTurn, ATurnThatBeginsAgainIsNotOver) {  // workers 3.1
  script(R"(echo '{"say":"first"}'; echo '{"done":true}'; echo '{"again":true}'; sleep 1
            echo '{"say":"second"}'; echo '{"done":true}')");
  run_to_end(start());
  EXPECT_EQ(exit_record().reason, "exited");
  EXPECT_EQ(json::get_string(outcome().result, "summary"), "second");
  EXPECT_FALSE(read_evidence(dir_.root()).has_value());
}

TEST_F(RunTurn, EndsATurnWhoseEndOnlyTheFilesOfTheAgentTell) {  // workers 9.3, lesson 9
  order_.limits.quiet_look_seconds = 0.1;
  script(R"(trap '' INT TERM; echo '{"thread":"t"}'; echo '{"say":"ready"}'; echo '{"watch":")" + dir_.path("over") +
         R"("}'; touch )" + dir_.path("over") + "; while :; do sleep 1; done");
  run_to_end(start());
  EXPECT_EQ(exit_record().reason, "lingered");
  EXPECT_EQ(outcome().state, Outcome::State::kCompleted);
}

TEST_F(RunTurn, KnowsNothingOfItsOwnersEnvironment) {  // SEC:A4, I8
  ASSERT_EQ(::setenv("PATCHBAY_HTTP_TOKEN", "made-up-canary", 1), 0);
  ASSERT_EQ(::setenv("SOME_API_KEY", "made-up-canary", 1), 0);
  script("sleep 300");
  os::Child runner = start();
  const std::string seen = *os::read_file(fmt::format("/proc/{}/environ", runner.pid()));
  ::unsetenv("PATCHBAY_HTTP_TOKEN");
  ::unsetenv("SOME_API_KEY");
  EXPECT_THAT(seen, HasSubstr("PATH="));
  EXPECT_THAT(seen, Not(HasSubstr("canary")));
  request_stop(dir_.root());
  run_to_end(std::move(runner));
}

TEST_F(RunTurn, TheAgentGetsTheOperatorsMaskAndLimits) {  // SEC:P14, C12
  order_.file_mask = 027;
  order_.open_files = 321;
  script(R"(echo "{\"say\":\"$(umask) $(ulimit -Sn) $(ulimit -c) $(cat /proc/self/oom_score_adj)\"}"
            echo '{"done":true}')");
  run_to_end(start());
  EXPECT_EQ(json::get_string(outcome().result, "summary"), "0027 321 0 500");
}

TEST_F(RunTurn, TemporaryFilesAreTheTurnsOwnAndGoWithIt) {  // SEC:W8
  order_.command.temp_dir = dir_.path("tmp");
  order_.command.env["TMPDIR"] = dir_.path("tmp");
  script(R"(echo x > "$TMPDIR/file" && echo "{\"say\":\"$(stat -c %a "$TMPDIR")\"}"; echo '{"done":true}')");
  run_to_end(start());
  EXPECT_EQ(json::get_string(outcome().result, "summary"), "700");
  EXPECT_FALSE(os::exists(dir_.path("tmp")));
}

TEST_F(RunTurn, WritesItsLogsWhereItIsTold) {  // workers 1.2
  order_.log_dir = dir_.path("elsewhere/job");
  script(R"(echo note >&2; echo '{"done":true}')");
  run_to_end(start());
  EXPECT_EQ(*os::read_file(dir_.path("elsewhere/job/stderr.log")), "note\n");
  EXPECT_FALSE(os::exists(dir_.path("stdout.log")));
}

TEST_F(RunTurn, BoundsAFloodAndKeepsWhatMatters) {  // SEC:C7, S10
  order_.limits.capture_max_bytes = 20'000;
  order_.limits.line_max_bytes = 1'000;
  script(R"(echo '{"thread":"t"}'; head -c 5000000 /dev/zero | tr '\0' x; echo
            for i in $(seq 2000); do echo '{"noise":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}'; done
            echo '{"say":"the end"}'; echo '{"done":true}')");
  run_to_end(start());
  EXPECT_EQ(progress().oversized_lines, 1);
  EXPECT_GT(progress().dropped_items, 0);
  EXPECT_THAT(file("stdout.log"), HasSubstr("the end"));
  EXPECT_LT(file("stdout.log").size(), 41'000u);
}

TEST_F(RunTurn, CutsTheLogFromTheMiddle) {  // workers 1.11
  order_.limits.log_max_bytes = 2'000;
  script(R"(for i in $(seq 500); do echo "{\"n\":$i}"; done; echo '{"say":"last words"}'; echo '{"done":true}')");
  run_to_end(start());
  EXPECT_THAT(file("stdout.log"), HasSubstr("...[log truncated to 2000 bytes]"));
  EXPECT_THAT(file("stdout.log"), HasSubstr("last words"));
}

TEST_F(RunTurn, ToleratesInvalidUtf8AndNonJson) {
  script(R"(printf '{"say":"a\377b"}\nnot json\n{"done":true}')");
  run_to_end(start());
  EXPECT_EQ(json::get_string(outcome().result, "summary"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(progress().invalid_lines, 1);
}

TEST_F(RunTurn, AMissingProgramIsAnOutcomeNotACrash) {
  order_.command.argv = {"/nonexistent/agent"};
  run_to_end(start());
  EXPECT_EQ(exit_record().reason, "spawn_failed");
  EXPECT_EQ(exit_record().started_at, 0);
}

TEST_F(RunTurn, StopsAtOnceWhenAnotherConversationOpened) {  // workers 2.2
  script(R"(echo '{"thread":"wrong"}'; sleep 300)");
  run_to_end(start());
  EXPECT_TRUE(exit_record().tree_empty);
}

TEST_F(RunTurn, HoldsTheRepositoryLockUntilTheEnd) {  // SEC:L3
  auto lock = *os::FileLock::try_acquire(dir_.path("repo.lock"));
  script("sleep 300");
  os::Child runner = start({lock.fd()});
  lock.release();
  EXPECT_TRUE(*os::FileLock::is_held(dir_.path("repo.lock")));
  request_stop(dir_.root());
  run_to_end(std::move(runner));
  EXPECT_FALSE(*os::FileLock::is_held(dir_.path("repo.lock")));
}

TEST_F(RunTurn, AQueuedTurnStartsOnlyWhenItIsItsTurn) {
  order_.wait_for_slot = true;
  script(R"(echo '{"done":true}')");
  os::Child runner = start();
  wait_for([&] { return progress().phase == "queued"; });
  EXPECT_FALSE(read_exit(dir_.root()).has_value());
  ASSERT_TRUE(grant_slot(dir_.root()).ok());
  run_to_end(std::move(runner));
  EXPECT_EQ(outcome().state, Outcome::State::kCompleted);
}

TEST_F(RunTurn, AQueuedTurnCanBeCancelled) {
  order_.wait_for_slot = true;
  script(R"(echo '{"done":true}')");
  os::Child runner = start();
  request_stop(dir_.root());
  run_to_end(std::move(runner));
  EXPECT_EQ(outcome().state, Outcome::State::kCancelled);
  EXPECT_EQ(exit_record().started_at, 0);
}

TEST_F(RunTurn, TheStartUpGateLetsOneThroughUntilItsSessionIsKnown) {  // lesson 7
  order_.command.startup_gate = dir_.path("gate.lock");
  auto held = *os::FileLock::try_acquire(order_.command.startup_gate);
  script(R"(echo '{"thread":"t"}'; sleep 300)");
  os::Child runner = start();
  wait_for([&] { return progress().phase == "waiting_for_codex_startup_gate"; });
  held.release();
  wait_for([&] { return progress().session_id == "t"; });
  wait_for([&] { return !*os::FileLock::is_held(order_.command.startup_gate); });
  request_stop(dir_.root());
  run_to_end(std::move(runner));
}

TEST_F(RunTurn, ASecondRunnerOfOneFolderIsRefused) {
  script("sleep 300");
  os::Child first = start();
  const auto second = launcher_.start(order_, {});
  EXPECT_FALSE(second.ok());
  request_stop(dir_.root());
  run_to_end(std::move(first));
}

/// Processes of ours that run this program as a runner.
std::vector<pid_t> own_runners() {
  std::vector<pid_t> found;
  const auto children = os::read_file(fmt::format("/proc/self/task/{}/children", ::getpid()));
  if (!children) return found;
  for (const std::string_view pid : split(trim(*children), ' ')) {
    if (!pid.empty()) found.push_back(std::atoi(std::string(pid).c_str()));
  }
  return found;
}

TEST_F(RunTurn, ALoadedRunnerTakesTheNextOrderWithItsLocks) {
  launcher_.prepare();
  const std::vector<pid_t> ready = own_runners();
  ASSERT_EQ(ready.size(), 1u);
  launcher_.prepare();
  EXPECT_EQ(own_runners(), ready) << "one is enough";

  std::vector<int> locks;
  auto lock = *os::FileLock::try_acquire(dir_.path("repo.lock"));
  locks.push_back(lock.fd());
  order_.prompt = std::string(1'000'000, 'x');
  script("wc -c");
  os::Child runner = start(locks);
  EXPECT_EQ(runner.pid(), ready.front());
  lock = {};
  EXPECT_TRUE(*os::FileLock::is_held(dir_.path("repo.lock")) || exit_record().tree_empty);
  run_to_end(std::move(runner));
  EXPECT_FALSE(*os::FileLock::is_held(dir_.path("repo.lock")));
  EXPECT_NE(file("stdout.log").find("1000000"), std::string::npos);
}

TEST_F(RunTurn, ALoadedRunnerThatDiedIsReplaced) {
  launcher_.prepare();
  ASSERT_EQ(own_runners().size(), 1u);
  const auto dead = *os::identify(own_runners().front());
  ASSERT_TRUE(os::signal_exact(dead, SIGKILL));
  wait_for([&] { return !os::is_alive(dead); });
  script("true");
  run_to_end(start());
  EXPECT_EQ(exit_record().exit_code, 0);
}

TEST_F(RunTurn, ALoadedRunnerEndsWithItsOwner) {
  os::ProcessIdentity waiting;
  {
    Launcher other({os::self_executable(), "run-turn"});
    other.prepare();
    waiting = *os::identify(own_runners().front());
  }
  EXPECT_FALSE(os::is_alive(waiting));
}

}  // namespace
}  // namespace patchbay::runner
