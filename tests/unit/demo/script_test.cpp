#include "demo/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "demo/final_message.h"

namespace patchbay::demo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Step::Kind;

Script script(std::string prompt, bool read_only = false) {
  Conversation c;
  c.prompt = std::move(prompt);
  c.sandbox = read_only ? "read-only" : "workspace-write";
  return script_for(c);
}

std::vector<Kind> kinds(const std::vector<Step>& steps) {
  std::vector<Kind> out;
  for (const Step& s : steps) out.push_back(s.kind);
  return out;
}

TEST(Script, RunsMarkersInOrderAndOneToolPerAnswer) {
  const Script s =
      script("Please [[say one]] now [[shell ls -l]] and\n[[write path=a/b.txt content=x\\ny]][[say two]] end");
  EXPECT_THAT(kinds(s.response(0)), ElementsAre(Kind::kSay, Kind::kShell));
  EXPECT_THAT(kinds(s.response(1)), ElementsAre(Kind::kPatch));
  EXPECT_THAT(kinds(s.response(2)), ElementsAre(Kind::kSay));
  EXPECT_FALSE(s.is_last(0));
  EXPECT_FALSE(s.is_last(1));
  EXPECT_TRUE(s.is_last(2));
  EXPECT_EQ(s.response(0)[1].text, "ls -l");
  EXPECT_EQ(s.response(1)[0].text, "*** Begin Patch\n*** Add File: a/b.txt\n+x\n+y\n*** End Patch\n");
  EXPECT_EQ(s.report.summary, "two");
  EXPECT_THAT(s.report.files_changed, ElementsAre("a/b.txt"));
  EXPECT_THAT(s.report.commands_run, ElementsAre("ls -l"));
}

TEST(Script, EndsWithAReportWhenTheLastMarkerIsATool) {
  const Script s = script("[[delete path=old.txt]]");
  EXPECT_EQ(s.response(0)[0].text, "*** Begin Patch\n*** Delete File: old.txt\n*** End Patch\n");
  EXPECT_FALSE(s.is_last(0));
  EXPECT_THAT(s.response(1), IsEmpty());
  EXPECT_TRUE(s.is_last(1));
  EXPECT_EQ(s.report.summary, "Done.");
}

TEST(Script, FramesAPatchOnce) {
  EXPECT_EQ(script("[[patch *** Update File: a\n@@\n-x\n+y]]").steps[0].text,
            "*** Begin Patch\n*** Update File: a\n@@\n-x\n+y\n*** End Patch\n");
  EXPECT_EQ(script("[[patch *** Begin Patch\n*** End Patch]]").steps[0].text, "*** Begin Patch\n*** End Patch");
}

TEST(Script, ReadsNumbers) {
  const Script s = script("[[sleep 250]][[big 3000]]");
  EXPECT_EQ(s.steps[0].pause, std::chrono::milliseconds(250));
  EXPECT_EQ(s.steps[1].text.size(), 3000u);
}

TEST(Script, WithoutMarkersDoesASmallPieceOfWorkOnTheNamedFile) {
  const Script s =
      script("Add greeting.txt, e.g. with v1.2 of the text, and mention it in README.md.\n\nReport other.txt");
  EXPECT_EQ(s.report.files_changed, (std::vector<std::string>{"greeting.txt", "README.md"}));
  EXPECT_THAT(s.response(1).back().text, HasSubstr("*** Add File: greeting.txt\n+Hello"));
  EXPECT_EQ(script("Tidy up").report.files_changed[0], "NOTES.md");
  EXPECT_EQ(script("See /etc/passwd.txt and ../up.txt").report.files_changed[0], "NOTES.md");
}

TEST(Script, WithoutMarkersOnlyLooksInAReadOnlySandbox) {
  const Script s = script("Add greeting.txt", true);
  EXPECT_THAT(s.report.files_changed, IsEmpty());
  for (const Step& step : s.steps) EXPECT_NE(step.kind, Kind::kPatch);
}

TEST(FinalMessage, HoldsEveryMemberOfTheSchema) {
  Report report;
  report.summary = "S";
  report.files_changed = {"a"};
  const Json schema = *json::parse(R"({"type":"object","properties":{"summary":{"type":"string"},
      "files_changed":{"type":"array"},"risks":{"type":"array"},"score":{"type":"number"},"ok":{"type":["boolean","null"]},
      "verdict":{"enum":["good","bad"]},"more":{"type":"object"}}})");
  EXPECT_EQ(final_message(report, schema),
            R"({"summary":"S","files_changed":["a"],"risks":[],"score":0,"ok":false,"verdict":"good","more":{}})");
  EXPECT_EQ(final_message(report, nullptr), "S");
}

}  // namespace
}  // namespace patchbay::demo
