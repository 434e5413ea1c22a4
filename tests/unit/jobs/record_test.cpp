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
  return {.state = state,
          .source = source,
          .error = "why",
          .error_code = "timeout",
          .exit_code = 1,
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

runner::Progress some_progress() {
  runner::Progress p;
  p.phase = "command_running";
  p.last_event = "item.started";
  p.current_item_type = "command_execution";
  p.current_item_status = "in_progress";
  p.current_command = "make";
  p.current_command_started_at = 11;
  p.last_command = "ls";
  p.last_command_completed_at = 10;
  p.event_count = 7;
  p.stdout_bytes = 70;
  p.stderr_bytes = 7;
  p.last_stdout_at = 12;
  p.last_stderr_at = 9;
  p.heartbeat_at = 13;
  p.oversized_lines = 1;
  p.message_count = 2;
  p.turn_over = true;
  p.usage = runner::Usage{{"input_tokens", 3}};
  p.checkpoints = {{1.0, "note"}};
  return p;
}

TEST(JobRecord, TheCourseOfATurnStandsUnderItsKnownNames) {  // K 1.3
  JobRecord r = running();
  r.progress = some_progress();
  const Json j = r.to_json();
  const Json expected = {{"last_event", "item.started"},
                         {"last_heartbeat_at", 13.0},
                         {"event_count", 7},
                         {"stdout_bytes_seen", 70},
                         {"stderr_bytes_seen", 7},
                         {"last_stdout_at", 12.0},
                         {"last_stderr_at", 9.0},
                         {"current_phase", "command_running"},
                         {"current_item_type", "command_execution"},
                         {"current_item_status", "in_progress"},
                         {"current_command_preview", "make"},
                         {"current_command_started_at", 11.0},
                         {"last_command_preview", "ls"},
                         {"last_command_completed_at", 10.0},
                         {"checkpoints", Json::array({{{"at", 1.0}, {"summary", "note"}}})}};
  for (const auto& [name, value] : expected.items()) EXPECT_EQ(j.value(name, Json()), value) << name;
  EXPECT_FALSE(j.contains("progress"));
  EXPECT_EQ(json::dump(JobRecord::from_json(j)->progress.to_json()), json::dump(r.progress.to_json()));
  const Json fresh = JobRecord().to_json();
  EXPECT_EQ(fresh.value("last_stdout_at", Json(1)), nullptr);
}

TEST(JobRecord, ARecordOfAnEarlierVersionKeepsItsCourse) {  // K 1.3
  const runner::Progress p = some_progress();
  Json old = {{"job_id", "x"}, {"state", "running"}, {"mode", "plan"}, {"progress", p.to_json()}};
  old["progress"]["session_id"] = "s";
  const auto read = JobRecord::from_json(old);
  EXPECT_EQ(json::dump(read->progress.to_json()), json::dump(p.to_json()));
  EXPECT_EQ(read->session_id, "s") << "kept once, in the record";
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
