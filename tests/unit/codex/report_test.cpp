#include "patchbay/codex/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::codex {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST(ReportText, HasItsPartsInOrder) {
  const Json result = {{"next_steps", {"a", "b"}}, {"open_questions", {"q1", "q2"}}, {"risks", {"r"}}, {"notes", "n"},
                       {"evidence", {"e1", "e2"}}, {"detailed_report", "d"},         {"summary", "s"}};
  EXPECT_EQ(report_text(result),
            "s\n\nd\n\nEvidence:\n- e1\n- e2\n\nNotes: n\n\nRisks: r\n\nOpen questions:\n- q1\n- q2\n\n"
            "Recommended next: a; b");
}

TEST(ReportText, LeavesOutWhatIsEmptyOrStrange) {
  EXPECT_EQ(report_text({{"summary", "s"}, {"notes", "  "}, {"risks", Json::array()}, {"evidence", {{"a", 1}}}}), "s");
  EXPECT_EQ(report_text({{"summary", 5}}), "5");
  for (const Json& empty : {Json(), Json::object(), Json::array(), Json{{"summary", ""}}}) {
    EXPECT_EQ(report_text(empty), "The turn ended without a readable report.");
  }
}

TEST(PublicReport, ReplacesPathsLongestFirst) {
  const PrivateStrings secrets{{"/srv/repo", "/srv/repo/.wt/one", "/srv/other/", "/", ""}, {}};
  EXPECT_EQ(public_report("in /srv/repo/.wt/one/a.c, /srv/repo/b.c and /srv/other/c.", secrets),
            "in [workspace]/a.c, [workspace]/b.c and [workspace]/c.");
}

TEST(PublicReport, ReplacesPathsOnBoundariesOnly) {
  const PrivateStrings secrets{{"/srv/repo"}, {}};
  for (const char* text : {"/srv/repo-two/x", "/srv/repository", "/srv/repo.git", "/mnt/srv/repo", "x/srv/repo"}) {
    EXPECT_EQ(public_report(text, secrets), text);
  }
  EXPECT_EQ(public_report("(/srv/repo) \"/srv/repo\" file:///srv/repo/a /srv/repo. `/srv/repo`", secrets),
            "([workspace]) \"[workspace]\" file://[workspace]/a [workspace]. `[workspace]`");
}

TEST(PublicReport, HidesBranchesIdsAndTheImportFolder) {
  const PrivateStrings secrets{{}, {"patchbay/worker-1", "patchbay/worker-1-two"}};
  EXPECT_EQ(public_report("on patchbay/worker-1-two and patchbay/worker-1: 01a1fe57-c01c-7581-a192-78f467b3672b in "
                          ".ai-bridge/imported-artifacts/x",
                          secrets),
            "on [worker-branch] and [worker-branch]: [id] in [imported-artifact-context]/x");
}

TEST(PublicReport, FindsPathsThatContainIdsAndBranches) {
  const PrivateStrings secrets{{"/w/worker-01a1fe57-c01c-7581-a192-78f467b3672b/patchbay/b"}, {"patchbay/b"}};
  EXPECT_EQ(public_report("at /w/worker-01a1fe57-c01c-7581-a192-78f467b3672b/patchbay/b/x.c", secrets),
            "at [workspace]/x.c");
}

TEST(PublicReport, RedactsSecretsAndSoDoesCode) {
  const std::string key = "sk-proj-" + std::string(40, 'a');
  EXPECT_THAT(public_report("the key is " + key, {}), Not(HasSubstr(key)));
  EXPECT_THAT(public_code("the key is " + key, {}), Not(HasSubstr(key)));
}

TEST(PublicReport, IsCutWithAMarkerAndSaysSo) {
  bool truncated = true;
  (void)public_report("short", {}, kReportMaxBytes, &truncated);
  EXPECT_FALSE(truncated);
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "\u00e9";
  const std::string cut = public_report(text, {}, kReportMaxBytes, &truncated);
  EXPECT_TRUE(truncated);
  EXPECT_LE(cut.size(), kReportMaxBytes);
  EXPECT_THAT(cut, EndsWith("longer than this view shows]"));
}

TEST(PublicReport, ShowsControlCharactersEscaped) {  // SEC:J12
  EXPECT_THAT(public_report("a\x1b[2Jb\nc\u202e", {}),
              testing::AllOf(Not(HasSubstr("\x1b")), HasSubstr("b\nc"), Not(HasSubstr("\u202e"))));
  EXPECT_THAT(public_report("bad \xff byte", {}), Not(HasSubstr("\xff")));
}

TEST(PublicCode, ChangesPathsOnly) {
  const PrivateStrings secrets{{"/srv/repo"}, {"patchbay/b"}};
  const std::string code = "id = \"01a1fe57-c01c-7581-a192-78f467b3672b\"  # patchbay/b\r\n\tpath = \"/srv/repo/x\"\n";
  EXPECT_EQ(public_code(code, secrets),
            "id = \"01a1fe57-c01c-7581-a192-78f467b3672b\"  # patchbay/b\r\n\tpath = \"[workspace]/x\"\n");
  const std::string big(100'000, 'x');
  EXPECT_EQ(public_code(big, secrets), big);
}

}  // namespace
}  // namespace patchbay::codex
