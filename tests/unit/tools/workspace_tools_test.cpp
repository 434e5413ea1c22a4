#include "support/patience.h"
#include "unit/tools/tools_fixture.h"

namespace patchbay::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class WorkspaceTools : public ToolsTest {
 protected:
  /// What a read could have changed: names, sizes and times of everything in the repository, .git included.
  std::string state_of_repository() const {
    os::SpawnOptions spawn;
    spawn.argv = {"find", root, "-printf", "%p %s %T@ %C@\n"};
    return os::run(spawn, "", testing_support::end_of_patience(), 16u << 20)->out;
  }
};

TEST_F(WorkspaceTools, OpenWorkspaceOrients) {
  const Json reply = call("codex_open_workspace");
  EXPECT_EQ(json::get_string(reply, "root"), root);
  EXPECT_EQ(json::get_string(reply, "workspace_id").substr(0, 3), "ws_");
  EXPECT_EQ(json::get_string(reply["git"], "branch"), "main");
  EXPECT_EQ(reply["git"]["dirty"], Json(true));
  EXPECT_EQ(reply["git"]["counts"]["untracked"], Json(1));
  EXPECT_EQ(json::get_string(reply, "head_subject"), "first commit");
  EXPECT_EQ(reply["agents_files"], Json({"AGENTS.md"}));
  EXPECT_EQ(reply["tree"], Json(nullptr));
  EXPECT_EQ(json::get_string(reply, "effective_tool_mode"), "full");
  EXPECT_EQ(reply["writable"], Json(true));
  EXPECT_EQ(reply["untrusted_content"], Json(true));
}

TEST_F(WorkspaceTools, OpenWorkspaceDrawsATreeOnRequestAndNamesOnlyToolsOfTheMode) {
  as.who.mode = mcp::Mode::kMinimal;
  const Json reply = call("codex_open_workspace", {{"include_tree", true}});
  EXPECT_THAT(json::get_string(reply["tree"], "text"), HasSubstr("README.md"));
  EXPECT_EQ(reply["next"], Json({"codex_read_file"}));
}

TEST_F(WorkspaceTools, OpenWorkspaceKnowsTheArgumentsAboutSkills) {  // T 11.1
  const Json reply =
      call("codex_open_workspace", {{"include_skills", true}, {"include_global_skills", false}, {"max_skills", 5}});
  EXPECT_EQ(reply["skills"], Json::array());
  EXPECT_EQ(reply["skill_inventory"], Json::array());
  EXPECT_EQ(reply["skill_counts"], Json({{"total", 0}, {"workspace", 0}, {"user", 0}, {"plugin", 0}, {"other", 0}}));
}

TEST_F(WorkspaceTools, OpenWorkspaceNamesTheSkillsOfTheRepository) {  // T 11.1, 12.3
  put(".codex/skills/release/SKILL.md", "---\nname: release\ndescription: Cuts a release\n---\n");
  const Json reply = call("codex_open_workspace", {{"include_global_skills", false}});
  EXPECT_EQ(reply["skills"], Json({"release"}));
  EXPECT_EQ(reply["skill_inventory"], Json::array({{{"name", "release"},
                                                    {"description", "Cuts a release"},
                                                    {"source", "workspace"},
                                                    {"path", "$WORKSPACE/.codex/skills/release/SKILL.md"}}}));
  EXPECT_EQ(reply["skill_counts"]["total"], Json(1));
  const Json without = call("codex_open_workspace", {{"include_skills", false}});
  EXPECT_EQ(without["skills"], Json::array());
}

TEST_F(WorkspaceTools, OpenWorkspaceTakesAFolderWithoutGit) {
  const Json reply = call("codex_open_workspace", {{"repo_path", dir.path("other")}});
  EXPECT_EQ(reply["git"], Json({{"is_git_repo", false}}));
  EXPECT_EQ(reply["head_subject"], Json(nullptr));
}

TEST_F(WorkspaceTools, PathsOutsideOfTheRootsAreRefusedEverywhere) {
  const std::pair<const char*, Json> calls[] = {{"codex_open_workspace", {}},
                                                {"codex_repo_tree", {}},
                                                {"codex_read_file", {{"file_path", "passwd"}}},
                                                {"codex_search_repo", {{"query", "root"}}},
                                                {"codex_git_status", {}},
                                                {"codex_git_diff", {}},
                                                {"codex_show_changes", {}}};
  for (const auto& [tool, args] : calls) {
    Json with_path = args.is_null() ? Json::object() : args;
    with_path["repo_path"] = "/etc";
    EXPECT_EQ(refused(tool, with_path), "root_not_allowed") << tool;
  }
}

TEST_F(WorkspaceTools, ABlockedFolderIsNoWorkspaceOfAnyTool) {  // SEC:P5, T 5.4
  put(".aws/credentials", "aws_secret_access_key = not-for-anybody\n");
  for (const char* folder : {"/.aws", "/.git"}) {
    for (const Json& more : {Json{{"tool", "codex_read_file"}, {"file_path", "credentials"}},
                             Json{{"tool", "codex_search_repo"}, {"query", "not-for"}},
                             Json{{"tool", "codex_worker_start"}, {"name", "w"}, {"brief", "x"}},
                             Json{{"tool", "codex_plan_job"}, {"spec", "x"}}, Json{{"tool", "codex_open_workspace"}},
                             Json{{"tool", "codex_repo_tree"}}, Json{{"tool", "codex_git_status"}},
                             Json{{"tool", "codex_git_diff"}}, Json{{"tool", "codex_show_changes"}}}) {
      Json args = more;
      args.erase("tool");
      args["repo_path"] = root + folder;
      EXPECT_EQ(refused(json::get_string(more, "tool"), args), "path_blocked") << folder << json::dump(more);
    }
  }
}

TEST_F(WorkspaceTools, ListWorkspacesShowsTheAllowedRoots) {
  const Json reply = call("codex_list_workspaces");
  ASSERT_EQ(reply["workspaces"].size(), 2u);
  EXPECT_EQ(json::get_string(reply["workspaces"][0], "root"), root);
  EXPECT_EQ(reply["workspaces"][0]["default"], Json(true));
  EXPECT_EQ(json::get_string(reply["workspaces"][0]["git"], "branch"), "main");
  EXPECT_EQ(reply["workspaces"][1]["git"]["is_git_repo"], Json(false));
  EXPECT_EQ(json::get_string(reply, "paths_returned"), "configured-only");
  EXPECT_EQ(call("codex_list_workspaces", {{"query", "OTHER"}})["count"], Json(1));
}

TEST_F(WorkspaceTools, RepoTreeLeavesOutWhatIsBlocked) {
  const Json reply = call("codex_repo_tree", {{"include_hidden", true}});
  EXPECT_THAT(last_text, HasSubstr("app.py"));
  EXPECT_THAT(json::dump(reply), Not(HasSubstr(".env")));
  EXPECT_GE(reply["omitted"]["blocked"].get<int>(), 1);
}

// L12: the setting, not the schema, is the cap.
TEST_F(WorkspaceTools, RepoTreeTellsALinkToABlockedFileFromOneThatLeadsOut) {  // W52
  link_to(root, "blocked-link", ".env");
  link_to(root, "out-link", "/etc");
  const std::string tree = text("codex_repo_tree");
  EXPECT_THAT(tree, HasSubstr("blocked-link -> (blocked)"));
  EXPECT_THAT(tree, HasSubstr("out-link -> (outside)"));
}

TEST_F(WorkspaceTools, RepoTreeObeysTheConfiguredCapAndSaysSo) {
  launch.config.security.max_tree_entries = 2;
  open();
  const Json reply = call("codex_repo_tree", {{"max_entries", 100}});
  EXPECT_EQ(reply["max_entries_applied"], Json(2));
  EXPECT_EQ(reply["truncated"], Json(true));
  EXPECT_TRUE(reply.contains("next_cursor"));
}

TEST_F(WorkspaceTools, ReadFileNumbersLinesAndHashesTheWhole) {
  const Json reply = call("codex_read_file", {{"file_path", "src/app.py"}});
  EXPECT_EQ(json::get_string(reply, "text"), "1 | def main():\n2 |     return 'marker'");
  EXPECT_EQ(last_text, json::get_string(reply, "text"));
  EXPECT_EQ(reply["total_lines"], Json(2));
  EXPECT_EQ(json::get_string(reply, "sha256").size(), 64u);
  EXPECT_EQ(json::get_string(reply, "provenance"), "workspace_file");
  EXPECT_EQ(reply["untrusted_content"], Json(true));
}

TEST_F(WorkspaceTools, ReadFilePagesTogetherAreTheFile) {
  std::string content;
  for (int i = 0; i < 3000; ++i) content += fmt::format("line {} of a longer file\n", i);
  put("long.txt", content);
  std::string joined;
  Json args = {{"file_path", "long.txt"}, {"numbered", false}};
  int pages = 0;
  for (;; ++pages) {
    const Json reply = call("codex_read_file", args);
    joined += json::get_string(reply, "text");
    EXPECT_EQ(reply["max_bytes_applied"], Json(8192));
    if (!reply.contains("next_start_line")) break;
    EXPECT_THAT(last_text, HasSubstr("continue with start_line="));
    args["start_line"] = reply["next_start_line"];
    ASSERT_LT(pages, 100);
  }
  EXPECT_EQ(joined, content);
  EXPECT_GT(pages, 5);
}

TEST_F(WorkspaceTools, ReadFileObeysTheConfiguredCap) {
  launch.config.security.max_read_bytes = 5;
  open();
  EXPECT_EQ(call("codex_read_file", {{"file_path", "README.md"}, {"max_bytes", 1000}})["max_bytes_applied"], Json(5));
}

TEST_F(WorkspaceTools, ReadFileIsRefusedWhereThePathGuardSaysSo) {
  link_to(root, "outside-link.txt", "/etc/passwd");
  const std::pair<const char*, const char*> cases[] = {{".env", "path_blocked"},
                                                       {"../x", "path_escapes_workspace"},
                                                       {"/etc/passwd", "path_escapes_workspace"},
                                                       {"outside-link.txt", "path_symlink_escape"},
                                                       {"nothing.txt", "not_found"},
                                                       {"src", "not_a_file"}};
  for (const auto& [path, code] : cases) EXPECT_EQ(refused("codex_read_file", {{"file_path", path}}), code) << path;
  put("bin.dat", std::string_view("a\0b", 3));
  EXPECT_EQ(refused("codex_read_file", {{"file_path", "bin.dat"}}), "binary_file");
  EXPECT_EQ(refused("codex_read_file", {{"file_path", "README.md"}, {"start_line", 3}, {"end_line", 1}}),
            "invalid_range");
}

TEST_F(WorkspaceTools, NearMissArgumentsAreCorrected) {
  const auto reply = run("codex_read_file", {{"path", "README.md"}});
  ASSERT_FALSE(reply.ok());
  EXPECT_THAT(reply.error().message, HasSubstr("file_path"));
}

TEST_F(WorkspaceTools, SearchFindsAndSaysWhere) {
  const Json reply = call("codex_search_repo", {{"query", "marker"}});
  EXPECT_EQ(last_text, "README.md:3: It holds a marker word.\nsrc/app.py:2:     return 'marker'");
  ASSERT_EQ(reply["matches"].size(), 2u);
  EXPECT_EQ(json::get_string(reply["matches"][1], "path"), "src/app.py");
  EXPECT_EQ(json::get_string(reply, "used"), "ripgrep");
  EXPECT_EQ(reply["timeout_ms"], Json(10'000));
  EXPECT_EQ(call("codex_search_repo", {{"query", "marker"}, {"path", "src"}})["matches"].size(), 1u);
  EXPECT_EQ(text("codex_search_repo", {{"query", "marker"}, {"files_only", true}}), "README.md\nsrc/app.py");
}

// W2: a query is never an option.
TEST_F(WorkspaceTools, SearchTakesOptionLikeQueriesLiterally) {
  EXPECT_EQ(text("codex_search_repo", {{"query", "--pre=sh"}}), "No match.");
  EXPECT_EQ(refused("codex_search_repo", {{"query", "("}, {"regex", true}}), "bad_regex");
  EXPECT_EQ(refused("codex_search_repo", {{"query", ""}}), "query_required");
}

TEST_F(WorkspaceTools, SearchLooksIntoNoBlockedFile) {
  EXPECT_EQ(text("codex_search_repo", {{"query", "not-for-anybody"}, {"include_hidden", true}}), "No match.");
}

TEST_F(WorkspaceTools, SearchEndsBeforeItsCallHasTo) {
  as.until = system_clock().mono() + std::chrono::seconds(6);
  EXPECT_LE(call("codex_search_repo", {{"query", "marker"}, {"timeout_ms", 40'000}})["timeout_ms"].get<int>(), 4000);
}

// X2: read-only tools write nothing, not even the index.
TEST_F(WorkspaceTools, ReadOnlyToolsChangeNothingInTheRepository) {
  put("src/app.py", "def main():\n    return 'other!'\n");
  const std::string before = state_of_repository();
  for (const char* tool : {"codex_self_test", "codex_open_workspace", "codex_list_workspaces", "codex_repo_tree",
                           "codex_git_status", "codex_git_diff", "codex_show_changes", "codex_worker_list"}) {
    (void)call(tool);
  }
  (void)call("codex_read_file", {{"file_path", "README.md"}});
  (void)call("codex_search_repo", {{"query", "marker"}});
  EXPECT_EQ(state_of_repository(), before);
}

}  // namespace
}  // namespace patchbay::tools
