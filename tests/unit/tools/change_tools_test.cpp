#include "unit/tools/tools_fixture.h"

namespace patchbay::tools {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ChangeTools : public ToolsTest {
 protected:
  ChangeTools() {
    put("src/app.py", "def main():\n    return 'staged'\n");
    git({"add", "src/app.py"});
    put("README.md", "# Project\n\nIt holds another word.\n");
    put("new.txt", "fresh\n");
  }
};

TEST_F(ChangeTools, StatusNamesEveryChange) {
  const Json reply = call("codex_git_status");
  EXPECT_THAT(last_text, StartsWith("## main\n"));
  EXPECT_THAT(last_text, HasSubstr(" M README.md"));
  EXPECT_THAT(last_text, HasSubstr("M  src/app.py"));
  EXPECT_THAT(last_text, HasSubstr("?? new.txt"));
  EXPECT_EQ(json::get_string(reply["branch"], "name"), "main");
  EXPECT_EQ(reply["git"]["counts"]["staged"], Json(1));
  EXPECT_EQ(json::get_string(reply["entries"][0], "path"), "README.md");
  EXPECT_EQ(reply["status_short"][0], Json("## main"));
}

TEST_F(ChangeTools, StatusCanBeReadAndScoped) {
  EXPECT_THAT(text("codex_git_status", {{"porcelain", false}}), HasSubstr("Staged:\n  M src/app.py"));
  const Json reply = call("codex_git_status", {{"file_path", "src"}});
  EXPECT_EQ(reply["entries"].size(), 1u);
  EXPECT_EQ(json::get_string(reply, "path"), "src");
}

TEST_F(ChangeTools, WhatWasTakenOutOfADiffIsCounted) {  // T 7.2
  put("new.txt", "key = ghp_0123456789abcdefghijklmnopqrstuvwxyzAB\n");
  EXPECT_EQ(call("codex_git_diff")["redactions"], Json(1));
  EXPECT_EQ(call("codex_show_changes")["redactions"], Json(1));
  EXPECT_FALSE(call("codex_git_diff", {{"staged", true}}).contains("redactions"));
}

TEST_F(ChangeTools, FoldersWithoutGitAreToldSo) {
  for (const char* tool : {"codex_git_status", "codex_git_diff", "codex_show_changes"}) {
    EXPECT_EQ(refused(tool, {{"repo_path", dir.path("other")}}), "not_a_git_repository") << tool;
  }
}

TEST_F(ChangeTools, DiffShowsTheWantedSide) {
  const Json unstaged = call("codex_git_diff");
  EXPECT_THAT(last_text, HasSubstr("+It holds another word."));
  EXPECT_THAT(last_text, HasSubstr("+fresh"));
  EXPECT_THAT(last_text, Not(HasSubstr("'staged'")));
  EXPECT_EQ(unstaged["changed"], Json(true));
  EXPECT_EQ(json::get_string(unstaged, "diff"), json::get_string(unstaged, "text"));

  const Json staged = call("codex_git_diff", {{"staged", true}});
  EXPECT_EQ(staged["files_changed"], Json({"src/app.py"}));
  EXPECT_EQ(staged["additions"], Json(1));
  EXPECT_EQ(staged["deletions"], Json(1));

  const Json since = call("codex_git_diff", {{"base", "HEAD"}, {"include_untracked", false}});
  EXPECT_EQ(since["files_changed"], Json({"README.md", "src/app.py"}));
  EXPECT_EQ(refused("codex_git_diff", {{"base", "HEAD"}, {"staged", true}}), "invalid_argument");
  EXPECT_NE(refused("codex_git_diff", {{"base", "--output=x"}}), "ok");
}

TEST_F(ChangeTools, DiffIsEmptyWithWordsWhenNothingDiffers) {
  const Json reply = call("codex_git_diff", {{"file_path", "AGENTS.md"}});
  EXPECT_EQ(reply["changed"], Json(false));
  EXPECT_EQ(json::get_string(reply, "diff"), "");
  EXPECT_EQ(last_text, "No differences.");
}

// The path guard holds for diffs as well: a blocked file is named, its content stays out.
TEST_F(ChangeTools, DiffWithholdsBlockedFiles) {
  const Json reply = call("codex_git_diff");
  EXPECT_THAT(json::dump(reply), Not(HasSubstr("not-for-anybody")));
  bool found = false;
  for (const Json& file : reply["files"]) {
    if (json::get_string(file, "path") != ".env") continue;
    found = true;
    EXPECT_EQ(file["withheld"], Json(true));
    EXPECT_EQ(file["additions"], Json(0));
  }
  EXPECT_TRUE(found);
  EXPECT_THAT(json::dump(call("codex_show_changes")), Not(HasSubstr("not-for-anybody")));
  EXPECT_EQ(refused("codex_git_diff", {{"file_path", ".env"}}), "path_blocked");
}

TEST_F(ChangeTools, DiffPagesTogetherAreTheDiff) {
  std::string content;
  for (int i = 0; i < 2000; ++i) content += fmt::format("line {}\n", i);
  put("long.txt", content);
  const std::string whole =
      json::get_string(call("codex_git_diff", {{"file_path", "long.txt"}, {"max_bytes", 200'000}}), "diff");
  std::string joined;
  Json args = {{"file_path", "long.txt"}};
  for (int pages = 0; pages < 50; ++pages) {
    const Json reply = call("codex_git_diff", args);
    joined += json::get_string(reply, "diff");
    EXPECT_EQ(reply["additions"], Json(2000)) << "totals are those of the whole diff";
    if (!reply.contains("next_cursor")) break;
    args["cursor"] = reply["next_cursor"];
  }
  EXPECT_EQ(joined, whole);
  EXPECT_GT(joined.size(), 16'384u);
}

TEST_F(ChangeTools, DiffShowsADeletedFile) {
  git({"rm", "-q", "--cached", "AGENTS.md"});
  git::must(os::remove_file(os::join(root, "AGENTS.md")));
  EXPECT_THAT(text("codex_git_diff", {{"file_path", "AGENTS.md"}, {"staged", true}}), HasSubstr("-Be careful."));
}

TEST_F(ChangeTools, ShowChangesCountsEvenWithoutTheDiff) {
  const Json reply = call("codex_show_changes", {{"include_diff", false}});
  EXPECT_EQ(reply["changed"], Json(true));
  EXPECT_EQ(reply["staged_summary"]["files"], Json(1));
  EXPECT_EQ(reply["unstaged_summary"]["files"], Json(1));
  EXPECT_EQ(reply["untracked"], Json({".env", "new.txt"}));
  EXPECT_GT(reply["additions"].get<int>(), 0);
  EXPECT_EQ(json::get_string(reply, "diff"), "");
  EXPECT_THAT(last_text, HasSubstr("Workspace Changes"));
}

TEST_F(ChangeTools, ShowChangesIsScopedToOneFile) {
  const Json reply = call("codex_show_changes", {{"file_path", "README.md"}});
  EXPECT_EQ(reply["files_changed"], Json({"README.md"}));
  EXPECT_THAT(last_text, Not(HasSubstr("new.txt")));
}

// L20: an unchanged repeat sends nothing again.
TEST_F(ChangeTools, ShowChangesRecognisesAnUnchangedState) {
  const std::string token = json::get_string(call("codex_show_changes"), "review_token");
  ASSERT_THAT(token, StartsWith("rev_"));
  const Json again = call("codex_show_changes", {{"since", token}});
  EXPECT_EQ(again["unchanged_since_last_review"], Json(true));
  EXPECT_EQ(json::get_string(again, "diff"), "");

  put("new.txt", "other\n");  // same size, same counts
  const Json changed = call("codex_show_changes", {{"since", token}});
  EXPECT_EQ(changed["unchanged_since_last_review"], Json(false));
  EXPECT_THAT(json::get_string(changed, "diff"), HasSubstr("+other"));
}

TEST_F(ChangeTools, ShowChangesNamesARepositoryInsideOfThisOne) {  // T 11.9
  git({"reset", "-q", "--hard"});
  git({"clean", "-qfd"});
  const std::string before = json::get_string(call("codex_show_changes"), "review_token");
  put("nest/file", "1\n");
  git({"init", "-q"}, root + "/nest");
  git({"add", "."}, root + "/nest");
  git({"commit", "-q", "-m", "inner"}, root + "/nest");
  const Json reply = call("codex_show_changes", {{"since", before}});
  EXPECT_EQ(reply["changed"], Json(true));
  EXPECT_EQ(reply["git"]["dirty"], Json(true));
  EXPECT_EQ(reply["untracked"], Json({"nest/"}));
  EXPECT_EQ(reply["unchanged_since_last_review"], Json(false));
  EXPECT_THAT(last_text, HasSubstr("?? nest/"));
}

TEST_F(ChangeTools, ANameThatGitQuotesCostsNoReviewToken) {  // T 11.9
  put("a\"b.txt", "diff --git a/x b/x\n");
  put("tab\there", "1\n");
  put("line\ndiff --git ", "1\n");
  put("back\\slash", "1\n");
  const std::string token = json::get_string(call("codex_show_changes"), "review_token");
  EXPECT_NE(token, "");
  EXPECT_EQ(call("codex_show_changes", {{"since", token}})["unchanged_since_last_review"], Json(true));
  put("tab\there", "2\n");
  EXPECT_EQ(call("codex_show_changes", {{"since", token}})["unchanged_since_last_review"], Json(false));
}

TEST_F(ChangeTools, StatusOfOnePathTellsOfTheWholeWorkspaceBeside) {  // T 5.6, 11.7
  const Json reply = call("codex_git_status", {{"file_path", "nosuch"}});
  EXPECT_EQ(reply["entries"], Json::array());
  EXPECT_EQ(reply["git"], call("codex_git_status")["git"]);
  EXPECT_EQ(reply["git"]["dirty"], Json(true));
  EXPECT_THAT(json::get_string(reply, "text"), HasSubstr("No changed file at nosuch."));
}

TEST_F(ChangeTools, ACleanCheckoutHasNoChanges) {
  git({"reset", "-q", "--hard"});
  git({"clean", "-qfd"});
  const Json reply = call("codex_show_changes");
  EXPECT_EQ(reply["changed"], Json(false));
  EXPECT_EQ(reply["additions"], Json(0));
}

}  // namespace
}  // namespace patchbay::tools
