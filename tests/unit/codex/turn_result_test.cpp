#include "patchbay/codex/turn_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::codex {
namespace {

using testing::HasSubstr;
using testing::Not;

Json full_report() {
  Json report = Json::object();
  for (const auto& [name, property] : output_schema()["properties"].items()) {
    report[name] = property["type"] == "array" ? Json::array() : Json("text");
  }
  return report;
}

TEST(OutputSchema, IsClosedAndRequiresEveryMember) {
  const Json& schema = output_schema();
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["required"].size(), schema["properties"].size());
  for (const char* name : {"summary", "files_changed", "commands_run", "tests_run", "notes", "next_steps",
                           "detailed_report", "evidence", "risks", "open_questions"}) {
    EXPECT_TRUE(schema["properties"].contains(name)) << name;
  }
}

TEST(OutputSchema, IsCheckedNotTrusted) {
  EXPECT_TRUE(matches_output_schema(full_report()));
  Json report = full_report();
  report["extra"] = 1;
  EXPECT_FALSE(matches_output_schema(report));
  report = full_report();
  report.erase("risks");
  EXPECT_FALSE(matches_output_schema(report));
  report = full_report();
  report["risks"] = "none";
  EXPECT_FALSE(matches_output_schema(report));
  report = full_report();
  report["evidence"] = {1};
  EXPECT_FALSE(matches_output_schema(report));
  EXPECT_FALSE(matches_output_schema(Json::array()));
}

TEST(ReportFromText, TakesAnObjectOrElseText) {
  Json report = report_from_text(" {\"summary\":\"s\"}\n", ResultSource::kAgentMessage, true, true);
  EXPECT_EQ(report["summary"], "s");
  EXPECT_EQ(report["result_source"], "structured_agent_message");
  EXPECT_EQ(report["parsed_output_schema_valid"], false);
  EXPECT_EQ(report["final_structured_result"], true);
  for (const char* text : {"[1,2]", "42", "{broken", "words"}) {
    report = report_from_text(text, ResultSource::kAgentMessage, true, true);
    EXPECT_EQ(report["summary"], text);
    EXPECT_EQ(report["files_changed"], Json::array());
    EXPECT_EQ(report["result_source"], "agent_message_text");
  }
  EXPECT_EQ(report_from_text("\"quoted\"", ResultSource::kAgentMessage, true, true)["summary"], "quoted");
  EXPECT_EQ(report_from_text("x", ResultSource::kSessionTaskComplete, true, true)["result_source"],
            "session_task_complete");
}

TEST(ReportFromText, TheAgentCannotSpeakInOurName) {
  const Json report = report_from_text(
      R"({"summary":"s","_private":1,"failure_diagnostic":{"category":"x"},"partial":true,"result_source":"lies","turn_completed_seen":true})",
      ResultSource::kAgentMessage, true, false);
  EXPECT_FALSE(report.contains("_private"));
  EXPECT_FALSE(report.contains("failure_diagnostic"));
  EXPECT_FALSE(report.contains("partial"));
  EXPECT_EQ(report["result_source"], "structured_agent_message");
  EXPECT_EQ(report["turn_completed_seen"], false);
}

TEST(ReportFromText, HostileNestingIsText) {  // SEC:S10
  const std::string deep = "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_EQ(report_from_text(deep, ResultSource::kAgentMessage, true, true)["summary"], deep);
}

TEST(ReportFromStdout, PrefersAgentTextAndErrorsAndStaysShort) {
  Json report = report_from_stdout(
      "noise\n{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"note\"}}\n"
      "{\"type\":\"turn.failed\",\"error\":{\"message\":\"bad\"}}\n{\"type\":\"turn.started\"}\n",
      false);
  EXPECT_EQ(report["stdout_preview"], "note\nerror: bad");
  EXPECT_EQ(report["turn_completed_seen"], false);
  report = report_from_stdout("plain\noutput\n", false);
  EXPECT_EQ(report["stdout_preview"], "plain\noutput");
  report = report_from_stdout(std::string(10'000, 'x') + "end", false);
  EXPECT_LE(report["stdout_preview"].get<std::string>().size(), 2000u);
  EXPECT_THAT(report["stdout_preview"].get<std::string>(), testing::EndsWith("end"));
  report = report_from_stdout("", false);
  EXPECT_EQ(report["raw_output_available"], false);
}

TEST(PublicMessage, LosesAddressesIdsPathsAndBackTraces) {
  EXPECT_EQ(public_message("unexpected status 503: x, url: http://127.0.0.1:1/v1, request id: req_1"),
            "unexpected status 503: x");
  EXPECT_EQ(public_message("see https://help.example.com/a?b for more"), "see [url] for more");
  EXPECT_EQ(public_message("cannot read /home/me/.codex/auth.json."), "cannot read [REDACTED_PATH].");
  EXPECT_EQ(public_message("open \"/srv/a b\""), "open \"[REDACTED_PATH] b\"");
  EXPECT_EQ(public_message("either and/or 1/2 </tag>"), "either and/or 1/2 </tag>");
  EXPECT_EQ(public_message("thread 01a1fe56-e521-76c0-993f-075154f3dd00 gone"), "thread [id] gone");
  EXPECT_EQ(public_message("Error\n\nStack backtrace:\n   0: x"), "Error");
  EXPECT_EQ(public_message(R"({"error":{"message":"inner"}})"), "inner");
  EXPECT_EQ(public_message(R"({"detail":"Bad Request"})"), "Bad Request");
}

TEST(PublicMessage, IsOneBoundedHarmlessLine) {
  EXPECT_EQ(public_message("a\n  b\tc"), "a b c");
  EXPECT_LE(public_message(std::string(5000, 'x')).size(), 500u);
  EXPECT_THAT(public_message("a\x1b[31mb"), Not(HasSubstr("\x1b")));
  EXPECT_EQ(public_message(""), "");
}

}  // namespace
}  // namespace patchbay::codex
