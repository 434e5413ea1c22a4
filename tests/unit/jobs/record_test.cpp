#include "patchbay/jobs/record.h"

#include <gtest/gtest.h>

namespace patchbay::jobs {
namespace {

JobRecord running() {
  JobRecord r;
  r.job_id = "j";
  r.state = JobState::kRunning;
  return r;
}

TerminalDecision decision(JobState state, const char* source) {
  return {.state = state, .source = source, .error = "why", .error_code = "timeout", .exit_code = 1,
          .result = {{"summary", "s"}}};
}

TEST(Transition, TheFirstTerminalDecisionWins) {  // workers 1.6, SEC:S7
  JobRecord r = running();
  EXPECT_TRUE(transition_terminal(r, decision(JobState::kCompleted, "process_exit"), 10));
  EXPECT_FALSE(transition_terminal(r, decision(JobState::kCancelled, "manager_cancellation"), 11));
  EXPECT_EQ(r.state, JobState::kCompleted);
  EXPECT_EQ(r.terminal_source, "process_exit");
  EXPECT_EQ(r.late_terminal_source, "manager_cancellation");
  EXPECT_EQ(r.completed_at, 10);
}

TEST(Transition, ARepeatFillsInWhatWasMissingOnly) {
  JobRecord r = running();
  TerminalDecision first = decision(JobState::kCancelled, "manager_cancellation");
  first.result = {};
  first.exit_code = {};
  EXPECT_TRUE(transition_terminal(r, first, 10));
  EXPECT_TRUE(transition_terminal(r, decision(JobState::kCancelled, "process_exit"), 12));
  EXPECT_EQ(r.terminal_source, "manager_cancellation");
  EXPECT_EQ(r.completed_at, 10);
  EXPECT_EQ(r.exit_code, 1);
  EXPECT_EQ(json::get_string(r.result, "summary"), "s");
}

TEST(Transition, CompletionCarriesNoError) {  // lesson 4
  JobRecord r = running();
  r.error = "stale";
  transition_terminal(r, decision(JobState::kCompleted, "process_exit"), 10);
  EXPECT_TRUE(r.error.empty());
}

TEST(Transition, EndsTheCurrentActivity) {
  JobRecord r = running();
  r.progress.current_command = "make";
  r.progress.current_item_type = "command_execution";
  transition_terminal(r, decision(JobState::kFailed, "timeout"), 10);
  EXPECT_TRUE(r.progress.current_command.empty());
  EXPECT_EQ(r.progress.last_command, "make");
}

TEST(JobRecord, SurvivesItsJson) {
  JobRecord r = running();
  r.options = {{"_worker_id", "wrk_1"}, {"model", "m"}};
  r.session_id = "s";
  r.created_at = 1.5;
  r.usage = runner::Usage{{"input_tokens", 7}};
  r.progress.checkpoints = {{1.0, "note"}};
  const auto back = JobRecord::from_json(r.to_json());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(json::dump(back->to_json()), json::dump(r.to_json()));
}

TEST(JobRecord, ToleratesUnknownKeysAndRefusesAnotherThing) {
  EXPECT_TRUE(JobRecord::from_json({{"job_id", "x"}, {"state", "failed"}, {"mode", "plan"}, {"later", 1}}).ok());
  EXPECT_EQ(JobRecord::from_json({{"state", "failed"}}).error().code, ErrorCode::kStateCorrupt);
}

TEST(JobRecord, NeverHoldsThePrompt) {
  const Json written = running().to_json();
  for (const auto& [key, value] : written.items()) EXPECT_NE(key, "prompt");
}

}  // namespace
}  // namespace patchbay::jobs
