#include "patchbay/codex/event_interpreter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::codex {
namespace {

using runner::Outcome;
using runner::TurnEnd;
using testing::HasSubstr;
using testing::Not;
using Keep = runner::Interpreter::Keep;

constexpr char kRecordedThread[] = "01a1fe6a-16e2-7f62-b776-34da5c921968";
constexpr char kOther[] = "01a1fe6a-966a-7e73-b11b-b9abeb581669";

std::string transcript(const std::string& name) {
  std::ifstream in(std::string(TRANSCRIPTS "/") + name);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

TurnEnd exited(int code) {
  TurnEnd end;
  end.status.code = code;
  return end;
}

TurnEnd ended(TurnEnd::Reason reason) {
  TurnEnd end;
  end.reason = reason;
  end.status = {true, 9};
  return end;
}

runner::InterpreterOptions plain_text(bool json_events) {
  runner::InterpreterOptions options;
  options.structured_output = false;
  options.json_events = json_events;
  return options;
}

class Events : public testing::Test {
 protected:
  Keep feed(const std::string& line) {
    const auto event = json::parse(line);
    return event ? turn.on_event(*event, ++now) : Keep::kWhileRoom;  // a line that is no JSON never gets here
  }
  void feed_all(std::string_view text) {
    for (const std::string_view line : split(text, '\n')) feed(std::string(line));
  }
  void begin() {
    feed(std::string(R"({"type":"thread.started","thread_id":")") + kRecordedThread + "\"}");
    feed(R"({"type":"turn.started"})");
  }
  void say(const std::string& text) {
    turn.on_event({{"type", "item.completed"}, {"item", {{"id", "i"}, {"type", "agent_message"}, {"text", text}}}},
                  ++now);
  }
  void complete() { feed(R"({"type":"turn.completed","usage":{"input_tokens":30,"output_tokens":15}})"); }
  static std::string category(const Outcome& outcome) {
    const Json* diagnostic = json::find(outcome.result, "failure_diagnostic");
    return diagnostic == nullptr ? "" : json::get_string(*diagnostic, "category");
  }

  EventInterpreter turn{runner::InterpreterOptions{}};
  double now = 1000;
};

TEST_F(Events, ACompleteTurnGivesItsReport) {
  feed_all(transcript("complete_turn.jsonl"));
  EXPECT_EQ(turn.progress().session_id, kRecordedThread);
  EXPECT_TRUE(turn.session_started());
  EXPECT_TRUE(turn.turn_over());
  EXPECT_EQ(turn.progress().event_count, 10);
  EXPECT_EQ(turn.progress().message_count, 2);
  EXPECT_EQ(turn.progress().phase, "finalizing_report");
  ASSERT_TRUE(turn.progress().usage.has_value());
  EXPECT_EQ(turn.progress().usage->at("input_tokens"), 30);

  const Outcome outcome = turn.finish(exited(0));
  EXPECT_EQ(outcome.state, Outcome::State::kCompleted);
  EXPECT_EQ(outcome.terminal_source, "stdout_turn_completed");
  EXPECT_EQ(outcome.result["summary"], "Added foo.txt and ran the tests.");
  EXPECT_EQ(outcome.result["result_source"], "structured_agent_message");
  EXPECT_EQ(outcome.result["turn_completed_seen"], true);
  EXPECT_EQ(outcome.result["parsed_output_schema_valid"], true);
  EXPECT_EQ(outcome.result["final_structured_result"], true);
  EXPECT_FALSE(outcome.result.contains("transport_warning"));
  EXPECT_FALSE(outcome.result.contains("partial"));
  EXPECT_EQ(turn.progress().phase, "done");
}

TEST_F(Events, PhasesFollowWhatHappens) {
  EXPECT_EQ(turn.progress().phase, "launching");
  EXPECT_FALSE(turn.session_started());
  begin();
  EXPECT_EQ(turn.progress().phase, "model_reasoning");
  feed(
      R"({"type":"item.started","item":{"id":"a","type":"command_execution","command":"make   -j2","status":"in_progress"}})");
  EXPECT_EQ(turn.progress().phase, "command_running");
  EXPECT_EQ(turn.progress().current_command, "make -j2");
  EXPECT_EQ(turn.progress().current_command_started_at, now);
  EXPECT_EQ(turn.progress().current_item_type, "command_execution");
  EXPECT_EQ(turn.progress().current_item_status, "in_progress");
  feed(
      R"({"type":"item.completed","item":{"id":"a","type":"command_execution","command":"make   -j2","status":"failed"}})");
  EXPECT_EQ(turn.progress().phase, "command_completed_waiting_for_model");
  EXPECT_EQ(turn.progress().current_command, "");
  EXPECT_EQ(turn.progress().last_command, "make -j2");
  EXPECT_EQ(turn.progress().last_command_completed_at, now);
  feed(R"({"type":"item.completed","item":{"id":"b","type":"reasoning","text":"hm"}})");
  EXPECT_EQ(turn.progress().phase, "model_reasoning");
  say("a note");
  EXPECT_EQ(turn.progress().phase, "agent_message_emitted");
  EXPECT_EQ(turn.progress().heartbeat_at, now);
  EXPECT_EQ(turn.progress().last_event, "item.completed");
}

TEST_F(Events, OfTwoRunningCommandsTheNewestIsShownUntilItEnds) {
  begin();
  feed(R"({"type":"item.started","item":{"id":"a","type":"command_execution","command":"first"}})");
  feed(R"({"type":"item.started","item":{"id":"b","type":"command_execution","command":"second"}})");
  EXPECT_EQ(turn.progress().current_command, "second");
  feed(R"({"type":"item.completed","item":{"id":"b","type":"command_execution","command":"second"}})");
  EXPECT_EQ(turn.progress().current_command, "first");
  EXPECT_EQ(turn.progress().phase, "command_running");
}

TEST_F(Events, ACommandPreviewIsBoundedAndHarmless) {
  turn.on_event(
      {{"type", "item.started"},
       {"item", {{"id", "a"}, {"type", "command_execution"}, {"command", "x\x1b[2J\n" + std::string(5000, 'y')}}}},
      1);
  EXPECT_LE(turn.progress().current_command.size(), 200u);
  EXPECT_THAT(turn.progress().current_command, Not(HasSubstr("\x1b")));
}

TEST_F(Events, CheckpointsAreTheNewestEightNotes) {
  begin();
  for (int i = 0; i < 12; ++i) say("note " + std::to_string(i));
  say(R"({"summary":"short","detailed_report":"long"})");
  say(std::string(5000, 'z'));
  say("   ");
  const auto& notes = turn.progress().checkpoints;
  ASSERT_EQ(notes.size(), 8u);
  EXPECT_EQ(notes.front().summary, "note 6");
  EXPECT_EQ(notes[6].summary, "short");
  EXPECT_EQ(notes.back().summary.size(), 2000u);
}

TEST_F(Events, ImportantLinesSurviveAFullLog) {
  EXPECT_EQ(feed(R"({"type":"thread.started","thread_id":"x"})"), Keep::kAlways);
  EXPECT_EQ(feed(R"({"type":"turn.started"})"), Keep::kAlways);
  EXPECT_EQ(feed(R"({"type":"error","message":"m"})"), Keep::kAlways);
  EXPECT_EQ(feed(R"({"type":"item.completed","item":{"type":"agent_message","text":"t"}})"), Keep::kAlways);
  EXPECT_EQ(feed(R"({"type":"result","data":{"summary":"s"}})"), Keep::kAlways);
  EXPECT_EQ(feed(R"({"type":"turn.completed"})"), Keep::kAlways);
  EXPECT_EQ(feed(R"({"type":"turn.failed"})"), Keep::kAlways);
  EXPECT_EQ(feed(R"({"type":"item.completed","item":{"type":"command_execution"}})"), Keep::kWhileRoom);
  EXPECT_EQ(feed(R"({"type":"item.completed","item":{"type":"reasoning","text":"t"}})"), Keep::kWhileRoom);
  EXPECT_EQ(feed(R"({"type":"something.new"})"), Keep::kWhileRoom);
}

TEST_F(Events, StrangeEventsNeverFailATurn) {  // SEC:S10
  begin();
  for (const char* line : {"null", "[]", "3", "\"x\"", "{}", R"({"type":7})", R"({"type":"item.completed"})",
                           R"({"type":"item.completed","item":[]})", R"({"type":"item.completed","item":{"type":[]}})",
                           R"({"type":"item.completed","item":{"type":"agent_message","text":{}}})",
                           R"({"type":"item.started","item":{"type":"command_execution","command":[1]}})",
                           R"({"type":"turn.unheard_of"})", R"({"type":"thread.started","thread_id":5})",
                           R"({"type":"turn.completed","usage":{"input_tokens":"many","x":-1,"y":1.5}})"}) {
    feed(line);
  }
  EXPECT_EQ(turn.progress().session_id, kRecordedThread);
  EXPECT_FALSE(turn.progress().usage.has_value());
  EXPECT_EQ(turn.finish(exited(0)).state, Outcome::State::kCompleted);
}

TEST_F(Events, ATranscriptCutAnywhereKeepsTheSessionAndNeverCrashes) {  // SEC:S10
  const std::string whole = transcript("complete_turn.jsonl");
  const std::size_t first_line = whole.find('\n');
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    turn = EventInterpreter({});
    feed_all(std::string_view(whole).substr(0, cut));
    const Outcome outcome = turn.finish(ended(TurnEnd::Reason::kExited));
    if (cut >= first_line) {
      ASSERT_EQ(turn.progress().session_id, kRecordedThread) << cut;
    }
    ASSERT_TRUE(outcome.result.contains("result_source")) << cut;
    ASSERT_EQ(outcome.state == Outcome::State::kCompleted, turn.turn_over()) << cut;
  }
}

TEST_F(Events, RetriesAreNotAnEnd) {
  const std::string text = transcript("failed_after_retries.jsonl");
  feed_all(text.substr(0, text.find("{\"type\":\"turn.failed\"")));
  EXPECT_FALSE(turn.turn_over());
  feed_all(text.substr(text.find("{\"type\":\"turn.failed\"")));
  EXPECT_TRUE(turn.turn_over());
  const Outcome outcome = turn.finish(exited(1));
  EXPECT_EQ(outcome.state, Outcome::State::kFailed);
  EXPECT_EQ(category(outcome), "codex_provider_unavailable");  // not the warning about the model's metadata
  EXPECT_EQ(outcome.terminal_source, "stdout_turn_failed");
}

TEST_F(Events, AFailureIsExplainedWithoutAddressesAndIds) {
  feed_all(transcript("failed_401.jsonl"));
  const Outcome outcome = turn.finish(exited(1));
  EXPECT_EQ(outcome.state, Outcome::State::kFailed);
  EXPECT_EQ(category(outcome), "codex_auth_refresh_failed");
  EXPECT_EQ(outcome.error, "The Codex turn failed: unexpected status 401 Unauthorized: nope");
  EXPECT_EQ(turn.progress().phase, "codex_auth_refresh_failed");
  EXPECT_EQ(outcome.result["failure_diagnostic"]["retry_without_operator_action"], false);
  EXPECT_EQ(outcome.result["failure_diagnostic"]["exit_code"], 1);
  EXPECT_EQ(outcome.result["partial"], true);
  EXPECT_EQ(outcome.result["status"], "failed");
  EXPECT_FALSE(turn.progress().session_id.empty());  // such a conversation can be continued
}

TEST_F(Events, TheLastMessageIsTheAnswer) {
  begin();
  say(R"({"summary":"first"})");
  say("plain words");
  complete();
  const Outcome outcome = turn.finish(exited(0));
  EXPECT_EQ(outcome.result["summary"], "plain words");
  EXPECT_EQ(outcome.result["result_source"], "agent_message_text");
  EXPECT_EQ(outcome.result["final_structured_result"], false);
}

TEST_F(Events, AResultEventOrAnObjectWithASummaryIsAReport) {
  begin();
  say("note");
  feed(R"({"type":"result","data":{"summary":"from the event"}})");
  EXPECT_EQ(turn.finish(exited(0)).result["summary"], "from the event");
  feed(R"({"summary":"bare"})");
  const Outcome outcome = turn.finish(exited(0));
  EXPECT_EQ(outcome.result["summary"], "bare");
  EXPECT_EQ(outcome.result["result_source"], "result_event");
  say("newer");
  EXPECT_EQ(turn.finish(exited(0)).result["summary"], "newer");
}

TEST_F(Events, TheLastMessageFileStandsInForLostMessages) {
  begin();
  complete();
  TurnEnd end = exited(0);
  end.last_message = R"({"summary":"from the file"})";
  const Outcome outcome = turn.finish(end);
  EXPECT_EQ(outcome.result["summary"], "from the file");
  EXPECT_EQ(outcome.result["result_source"], "last_message_file");
}

TEST_F(Events, WithoutAReportThePreviewShowsTheEnd) {
  begin();
  complete();
  TurnEnd end = exited(0);
  end.stdout_tail = "{\"type\":\"turn.started\"}\n{\"type\":\"error\",\"message\":\"trouble, url: https://x/y\"}\n";
  const Outcome outcome = turn.finish(end);
  EXPECT_EQ(outcome.state, Outcome::State::kCompleted);
  EXPECT_EQ(outcome.result["result_source"], "stdout_preview");
  EXPECT_EQ(outcome.result["final_structured_result"], false);
  EXPECT_EQ(outcome.result["raw_output_available"], true);
  EXPECT_EQ(outcome.result["stdout_preview"], "error: trouble");
  EXPECT_THAT(outcome.result["summary"].get<std::string>(), Not(HasSubstr("{")));
}

TEST_F(Events, UnstructuredOutputIsTheTextItself) {
  turn = EventInterpreter(plain_text(true));
  begin();
  say(R"({"summary":"kept as text"})");
  complete();
  const Outcome outcome = turn.finish(exited(0));
  EXPECT_EQ(outcome.result["summary"], R"({"summary":"kept as text"})");
  EXPECT_EQ(outcome.result["raw_output"], true);
}

TEST_F(Events, WithoutEventsOutputIsTheReportAndTheSessionIsOnStandardError) {
  turn = EventInterpreter(plain_text(false));
  EXPECT_TRUE(turn.session_started());
  turn.on_stderr("workdir: /srv/repo");
  turn.on_stderr(std::string("session id: ") + kRecordedThread);
  turn.on_stderr(std::string("session id: ") + kOther);
  EXPECT_EQ(turn.progress().session_id, kRecordedThread);
  TurnEnd end = exited(0);
  end.stdout_tail = "the answer\n";
  EXPECT_EQ(turn.finish(end).result["summary"], "the answer\n");
}

TEST_F(Events, WithEventsStandardErrorNamesNoSession) {
  turn.on_stderr(std::string("Error: no rollout found for session id ") + kOther);
  EXPECT_EQ(turn.progress().session_id, "");
}

TEST_F(Events, CompletionBeatsTheExitCodeTheTimeLimitAndTheCancel) {
  for (const TurnEnd& end : {exited(3), ended(TurnEnd::Reason::kExited), ended(TurnEnd::Reason::kCompletedAndLingered),
                             ended(TurnEnd::Reason::kTimeout), ended(TurnEnd::Reason::kCancelled)}) {
    turn = EventInterpreter({});
    begin();
    say("all done");
    complete();
    const Outcome outcome = turn.finish(end);
    EXPECT_EQ(outcome.state, Outcome::State::kCompleted);
    EXPECT_EQ(outcome.terminal_source, "stdout_turn_completed");
    EXPECT_EQ(outcome.result["summary"], "all done");
    EXPECT_TRUE(outcome.result.contains("transport_warning"));
  }
}

TEST_F(Events, AFurtherTurnTakesTheEndBack) {
  begin();
  complete();
  EXPECT_TRUE(turn.turn_over());
  feed(R"({"type":"turn.started"})");
  EXPECT_FALSE(turn.turn_over());
}

TEST_F(Events, ATurnFailedIsAFailureEvenWithExitCodeZero) {
  begin();
  feed(R"({"type":"turn.failed","error":{"message":"Quota exceeded. Check your plan and billing details."}})");
  const Outcome outcome = turn.finish(exited(0));
  EXPECT_EQ(outcome.state, Outcome::State::kFailed);
  EXPECT_EQ(category(outcome), "codex_usage_limit");
}

TEST_F(Events, ExitCodeZeroAloneCompletesUnlessAnErrorWasTheLastWord) {
  begin();
  say("done");
  EXPECT_EQ(turn.finish(exited(0)).terminal_source, "process_exit");
  turn = EventInterpreter({});
  begin();
  feed(R"({"type":"error","message":"stream disconnected before completion"})");
  EXPECT_EQ(turn.finish(exited(0)).state, Outcome::State::kFailed);
}

TEST_F(Events, ATimeoutKeepsWhatWasSaid) {
  begin();
  say(R"({"summary":"half way"})");
  feed(R"({"type":"item.started","item":{"id":"a","type":"command_execution","command":"sleep 9"}})");
  const Outcome outcome = turn.finish(ended(TurnEnd::Reason::kTimeout));
  EXPECT_EQ(outcome.state, Outcome::State::kFailed);
  EXPECT_EQ(outcome.terminal_source, "timeout");
  EXPECT_EQ(outcome.error_code, ErrorCode::kTimeout);
  EXPECT_EQ(outcome.result["summary"], "half way");
  EXPECT_EQ(outcome.result["partial"], true);
  EXPECT_EQ(turn.progress().current_command, "");
  EXPECT_EQ(turn.progress().last_command, "sleep 9");
}

TEST_F(Events, ACancelKeepsWhatWasSaid) {
  begin();
  say("half way");
  const Outcome outcome = turn.finish(ended(TurnEnd::Reason::kCancelled));
  EXPECT_EQ(outcome.state, Outcome::State::kCancelled);
  EXPECT_EQ(outcome.terminal_source, "manager_cancellation");
  EXPECT_EQ(outcome.result["summary"], "half way");
  EXPECT_EQ(outcome.result["status"], "cancelled");
  EXPECT_EQ(outcome.result["partial_reason"], "cancelled");
  EXPECT_FALSE(outcome.result.contains("failure_diagnostic"));
}

TEST_F(Events, NoSessionInTimeIsItsOwnFailure) {
  TurnEnd end = ended(TurnEnd::Reason::kSessionStartTimeout);
  end.stderr_tail = "2026-11-21T10:00:00Z ERROR net: https://api.example.com/x unreachable\n";
  const Outcome outcome = turn.finish(end);
  EXPECT_EQ(category(outcome), "codex_session_start_timeout");
  EXPECT_EQ(outcome.terminal_source, "session_start_timeout");
  EXPECT_EQ(outcome.error_code, ErrorCode::kTimeout);
  EXPECT_THAT(outcome.result["diagnostics"].get<std::string>(), HasSubstr("unreachable"));
  EXPECT_THAT(outcome.result["diagnostics"].get<std::string>(), Not(HasSubstr("example.com")));
}

TEST_F(Events, AMissingProgramIsItsOwnFailure) {
  TurnEnd end;
  end.reason = TurnEnd::Reason::kSpawnFailed;
  end.spawn_error = "the program codex was not found";
  Outcome outcome = turn.finish(end);
  EXPECT_EQ(category(outcome), "codex_cli_missing");
  EXPECT_EQ(outcome.error_code, ErrorCode::kCodexCliMissing);
  EXPECT_EQ(outcome.result["failure_diagnostic"]["exit_code"], nullptr);
  end.spawn_error = "starting codex failed: EAGAIN";
  outcome = turn.finish(end);
  EXPECT_EQ(outcome.error_code, ErrorCode::kSpawnFailed);
  EXPECT_EQ(outcome.terminal_source, "spawn_failed");
}

TEST_F(Events, AResumeKnowsItsSessionBeforeItIsAnnounced) {
  turn = EventInterpreter({.expected_session = kRecordedThread});
  EXPECT_EQ(turn.progress().session_id, kRecordedThread);
  EXPECT_FALSE(turn.session_started());
  begin();
  EXPECT_TRUE(turn.session_started());
  EXPECT_FALSE(turn.wrong_session());
}

TEST_F(Events, AnotherConversationThanTheOneAskedForIsRefused) {  // SEC:C13
  for (const char* id : {kOther, "not-a-uuid"}) {
    turn = EventInterpreter({.expected_session = kRecordedThread});
    feed(std::string(R"({"type":"thread.started","thread_id":")") + id + "\"}");
    EXPECT_TRUE(turn.wrong_session());
    EXPECT_FALSE(turn.session_started());
    say("text of a stranger");
    complete();
    const Outcome outcome = turn.finish(exited(0));
    EXPECT_EQ(outcome.state, Outcome::State::kFailed);
    EXPECT_EQ(outcome.error_code, ErrorCode::kSessionNotFound);
    EXPECT_THAT(json::dump(outcome.result), Not(HasSubstr("stranger")));
    EXPECT_EQ(turn.progress().session_id, kRecordedThread);
  }
}

TEST_F(Events, OnlyUuidsBecomeSessions) {  // SEC:S10
  feed(R"({"type":"thread.started","thread_id":"--last"})");
  EXPECT_EQ(turn.progress().session_id, "");
  EXPECT_FALSE(turn.session_started());
  feed(std::string(R"({"type":"note","thread_id":")") + kRecordedThread + "\"}");
  EXPECT_EQ(turn.progress().session_id, kRecordedThread);
}

TEST_F(Events, AStartUpErrorIsReadFromStandardError) {
  TurnEnd end = exited(1);
  end.stderr_tail =
      "Reading prompt from stdin...\nNot inside a trusted directory and --skip-git-repo-check was not "
      "specified.\n";
  Outcome outcome = turn.finish(end);
  EXPECT_EQ(category(outcome), "codex_workspace_trust_failed");
  EXPECT_THAT(outcome.error, HasSubstr("exit code 1"));
  EXPECT_EQ(outcome.terminal_source, "process_exit");

  end.stderr_tail =
      "Error: thread/resume: thread/resume failed: no rollout found for thread id "
      "01a1fe56-e521-76c0-993f-075154f3dd00 (code -32600)\n\nStack backtrace:\n   0: <unknown>\n";
  outcome = turn.finish(end);
  EXPECT_EQ(outcome.error_code, ErrorCode::kSessionNotFound);
  EXPECT_THAT(outcome.error, Not(HasSubstr("01a1fe56")));
}

TEST_F(Events, ALongStoryStaysSmallInMemory) {
  begin();
  for (int i = 0; i < 2'000; ++i) {
    turn.on_event({{"type", "item.started"},
                   {"item", {{"id", "c" + std::to_string(i)}, {"type", "command_execution"}, {"command", "x"}}}},
                  i);
    turn.on_event({{"type", "error"}, {"message", std::string(10'000, 'e')}}, i);
  }
  const Outcome outcome = turn.finish(exited(1));
  EXPECT_LT(json::dump(outcome.result).size(), 20'000u);
}

class LingeringTurn : public testing::Test {
 protected:
  LingeringTurn() {
    runner::InterpreterOptions options;
    options.session_home = home.root();
    options.expected_session = kRecordedThread;
    write("task_complete", "the turn before");
    turn = std::make_unique<EventInterpreter>(options);
    turn->on_start(0);
    turn->on_event({{"type", "thread.started"}, {"thread_id", kRecordedThread}}, 1);
    turn->on_event({{"type", "turn.started"}}, 1);
  }
  void write(const char* type, const std::string& message) {
    const std::string dir = home.path("sessions");
    EXPECT_TRUE(os::make_private_dirs(dir).ok());
    const std::string path = os::join(dir, std::string("rollout-x-") + kRecordedThread + ".jsonl");
    const auto line = [](const char* kind, Json payload) {
      return json::dump({{"timestamp", "2026-11-21T13:42:06.188Z"}, {"type", kind}, {"payload", std::move(payload)}}) +
             "\n";
    };
    const bool is_new = !os::exists(path);
    std::ofstream out(path, std::ios::app);
    if (is_new) out << line("session_meta", {{"id", kRecordedThread}});
    out << line("event_msg", {{"type", type}, {"last_agent_message", message}});
  }

  testing_support::TempDir home;
  std::unique_ptr<EventInterpreter> turn;
};

TEST_F(LingeringTurn, IsOverWhenItsSessionFileSaysSo) {  // workers 9.3 rank 1, lesson 9
  turn->look_for_end();
  EXPECT_FALSE(turn->turn_over()) << "the end of the turn before";  // lesson 13
  write("task_started", "");
  write("task_complete", R"({"summary":"key sk-proj-)" + std::string(40, 'a') + "\"}");
  turn->look_for_end();
  ASSERT_TRUE(turn->turn_over());
  const Outcome outcome = turn->finish(ended(TurnEnd::Reason::kCompletedAndLingered));
  EXPECT_EQ(outcome.state, Outcome::State::kCompleted);
  EXPECT_EQ(outcome.terminal_source, "session_task_complete");
  EXPECT_EQ(outcome.result["result_source"], "session_task_complete");
  EXPECT_EQ(outcome.result["turn_completed_seen"], false);
  EXPECT_THAT(json::dump(outcome.result), Not(HasSubstr(std::string(40, 'a'))));
}

TEST_F(LingeringTurn, BelievesItsEventsFirst) {
  write("task_complete", "from the file");
  turn->on_event({{"type", "item.completed"}, {"item", {{"type", "agent_message"}, {"text", "said"}}}}, 1);
  turn->on_event({{"type", "turn.completed"}}, 1);
  turn->look_for_end();
  const Outcome outcome = turn->finish(exited(0));
  EXPECT_EQ(outcome.terminal_source, "stdout_turn_completed");
  EXPECT_EQ(outcome.result["summary"], "said");
}

}  // namespace
}  // namespace patchbay::codex
