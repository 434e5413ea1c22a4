#include "patchbay/workspace/roots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "patchbay/workspace/discovery.h"
#include "patchbay/workspace/workspace_fs.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::workspace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing_support::TempDir;

class RootsTest : public ::testing::Test {
 protected:
  RootsTest() {
    for (const char* d : {"srv/repo/sub", "srv/repo-evil", "srv/my-app/.git", "srv/deep/er/tool", "home/runtime"}) {
      EXPECT_TRUE(os::make_private_dirs(dir.path(d)).ok());
    }
    write("srv/repo/file.txt");
    write("srv/deep/er/tool/Cargo.toml");
    write("srv/my-app/README.md");
    EXPECT_EQ(::symlink("/etc", dir.path("srv/repo/out").c_str()), 0);
    EXPECT_EQ(::symlink("sub", dir.path("srv/repo/in").c_str()), 0);
    EXPECT_EQ(::symlink("repo", dir.path("srv/alias").c_str()), 0);
  }

  void write(const std::string& path) { EXPECT_TRUE(os::write_file_atomic(dir.path(path), "x\n").ok()); }

  std::unique_ptr<Roots> open(RootsOptions options) {
    auto roots = Roots::open(std::move(options));
    EXPECT_TRUE(roots.ok()) << roots.error().message;
    return std::move(roots).value();
  }
  std::unique_ptr<Roots> repo_only() {
    return open({.allowed = {dir.path("srv/repo")}, .default_root = dir.path("srv/repo")});
  }
  ErrorCode refusal(const Roots& roots, const std::string& path) {
    const auto chosen = roots.choose(path);
    EXPECT_FALSE(chosen.ok()) << path;
    return chosen.ok() ? ErrorCode::kInternal : chosen.error().code;
  }

  TempDir dir;
};

TEST_F(RootsTest, ChoosesTheDefaultAndDirectoriesBelowARoot) {
  const auto roots = repo_only();
  for (const auto& blank :
       {std::optional<std::string>(), std::optional<std::string>(""), std::optional<std::string>("  ")}) {
    const auto chosen = roots->choose(blank);
    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen->path, dir.path("srv/repo"));
    EXPECT_EQ(chosen->allowed_root, dir.path("srv/repo"));
    EXPECT_EQ(chosen->id, workspace_id(dir.path("srv/repo")));
  }
  EXPECT_EQ(roots->choose(dir.path("srv/repo/sub"))->path, dir.path("srv/repo/sub"));
  EXPECT_EQ(roots->choose(dir.path("srv/alias/in/"))->path, dir.path("srv/repo/sub"));
  EXPECT_EQ(roots->choose("sub")->path, dir.path("srv/repo/sub"));
}

TEST(WorkspaceId, IsStable) { EXPECT_EQ(workspace_id("/srv/repo"), "ws_203fce37fbfc82f3bd7cd983"); }

TEST_F(RootsTest, RefusesWhatLiesOutside) {  // SEC:P1
  const auto roots = repo_only();
  for (const std::string& path :
       {dir.path("srv/repo-evil"), dir.path("srv"), dir.path("srv/repo/.."), dir.path("srv/repo/../repo-evil"),
        dir.path("srv/repo/out"), std::string("/"), std::string("/etc"), std::string("~"), std::string("~root"),
        std::string(".."), dir.path("srv/not-there"), dir.path("srv/repo-evil/not-there")}) {
    const ErrorCode code = refusal(*roots, path);
    EXPECT_TRUE(code == ErrorCode::kRootNotAllowed || (path == "~root" && code == ErrorCode::kWorkspaceMissing))
        << path;
  }
  EXPECT_EQ(roots->choose("/etc").error().message.find("/etc"), std::string::npos);
}

TEST_F(RootsTest, NamesWhatIsWrongBelowARoot) {
  const auto roots = repo_only();
  EXPECT_EQ(refusal(*roots, dir.path("srv/repo/nothing")), ErrorCode::kWorkspaceMissing);
  EXPECT_EQ(refusal(*roots, dir.path("srv/repo/file.txt")), ErrorCode::kWorkspaceNotDirectory);
  EXPECT_EQ(refusal(*roots, std::string("a\0b", 3)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal(*roots, "\xff"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal(*roots, std::string(5000, 'a')), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal(*open({}), "/"), ErrorCode::kNoAllowedRoots);
  EXPECT_EQ(open({.allowed = {dir.path("srv")}})->choose(std::nullopt).error().code, ErrorCode::kNoDefaultWorkspace);
}

TEST_F(RootsTest, AMissingRootIsRefusedAtTheStart) {  // SEC:F7
  EXPECT_EQ(Roots::open({.allowed = {dir.path("nowhere")}}).error().code, ErrorCode::kConfigRefused);
  EXPECT_EQ(Roots::open({.allowed = {dir.path("srv/repo/file.txt")}}).error().code, ErrorCode::kConfigRefused);
}

TEST_F(RootsTest, FollowsARootThatIsReplacedAndNoticesOneThatIsGone) {
  const auto roots = repo_only();
  ASSERT_EQ(::rename(dir.path("srv/repo").c_str(), dir.path("srv/old").c_str()), 0);
  EXPECT_EQ(refusal(*roots, dir.path("srv/repo")), ErrorCode::kWorkspaceMissing);
  ASSERT_TRUE(os::make_private_dirs(dir.path("srv/repo/fresh")).ok());
  EXPECT_TRUE(roots->choose(dir.path("srv/repo/fresh")).ok());
}

TEST_F(RootsTest, ProtectedFoldersAreNoWorkspace) {  // SEC:P5
  ASSERT_EQ(::symlink(dir.path("home").c_str(), dir.path("srv/sneaky").c_str()), 0);
  const auto roots = open({.allowed = {dir.root()}, .protected_paths = {dir.path("home")}});
  for (const char* path : {"home", "home/runtime", "srv/sneaky"}) {
    EXPECT_EQ(refusal(*roots, dir.path(path)), ErrorCode::kPathBlocked) << path;
  }
  EXPECT_TRUE(roots->choose(dir.path("srv")).ok());
  const auto inside = open({.allowed = {dir.path("home/runtime")}, .protected_paths = {dir.path("home")}});
  EXPECT_EQ(refusal(*inside, dir.path("home/runtime")), ErrorCode::kPathBlocked);
}

TEST_F(RootsTest, ABlockedFolderBelowARootIsNoWorkspace) {  // SEC:P5, T 5.4
  for (const char* d : {"srv/repo/.aws/deep", "srv/repo/.git/hooks", "srv/private/secret/in", "srv/private/open"}) {
    ASSERT_TRUE(os::make_private_dirs(dir.path(d)).ok());
  }
  write("srv/repo/.aws/credentials");
  write("srv/private/secret/file");
  ASSERT_EQ(::symlink("repo/.aws", dir.path("srv/harmless").c_str()), 0);
  ASSERT_EQ(::symlink("repo", dir.path("srv/.ssh").c_str()), 0);
  const BlockedGlobs blocked({".git", ".aws", ".ssh", "private/secret/**"});
  const auto roots = open({.allowed = {dir.path("srv")},
                           .default_root = dir.path("srv/repo/.aws"),
                           .aliases = {{"/home/user/keys", dir.path("srv/repo/.aws"), ""}},
                           .discovery_roots = {dir.path("srv")},
                           .blocked = blocked});
  for (const char* path : {"repo/.aws", "repo/.aws/", "repo/.AWS", "repo/.aws/deep", "repo/.aws/credentials",
                           "harmless", "repo/.aws/nothing", "repo/.git", "repo/.git/hooks", "repo/sub/../.git", ".ssh",
                           ".ssh/sub", "private/secret", "private/secret/in"}) {
    EXPECT_EQ(refusal(*roots, dir.path("srv/") + path), ErrorCode::kPathBlocked) << path;
  }
  EXPECT_EQ(refusal(*roots, "/home/user/keys"), ErrorCode::kPathBlocked);
  EXPECT_EQ(refusal(*roots, "deep"), ErrorCode::kPathBlocked);
  EXPECT_EQ(refusal(*roots, ""), ErrorCode::kPathBlocked);
  EXPECT_THAT(roots->choose(dir.path("srv/repo/.aws")).error().hint, HasSubstr("security.blocked_globs"));
  EXPECT_TRUE(roots->choose(dir.path("srv/repo/.aws/../sub")).ok());

  EXPECT_EQ(WorkspaceFs::open(*roots, {dir.path("srv/repo/.aws"), dir.path("srv"), "ws"}, blocked).error().code,
            ErrorCode::kPathBlocked);
  const auto fs = WorkspaceFs::open(*roots, *roots->choose(dir.path("srv/private")), blocked);
  ASSERT_TRUE(fs.ok());
  EXPECT_EQ(fs->open_file("secret/file").error().code, ErrorCode::kPathBlocked);
  EXPECT_TRUE(fs->open_dir("open").ok());

  write("srv/private/secret/README.md");
  write("srv/repo/.aws/deep/README.md");
  for (const FoundWorkspace& item : list_workspaces(*roots).items) {
    EXPECT_FALSE(item.workspace.path.ends_with("secret") || item.workspace.path.ends_with("deep"));
  }
  EXPECT_THAT(roots->candidates("/x/keys"), ElementsAre());
  EXPECT_THAT(roots->candidates("/x/.aws"), ElementsAre());
}

TEST_F(RootsTest, ABlockedNameIsAWorkspaceWhenTheOperatorNamedIt) {  // T 5.4
  ASSERT_TRUE(os::make_private_dirs(dir.path("srv/.aws/tools/.git")).ok());
  const BlockedGlobs blocked({".git", ".aws"});
  const auto named = open({.allowed = {dir.path("srv"), dir.path("srv/.aws")}, .blocked = blocked});
  EXPECT_TRUE(named->choose(dir.path("srv/.aws")).ok());
  EXPECT_TRUE(named->choose(dir.path("srv/.aws/tools")).ok());
  EXPECT_EQ(refusal(*named, dir.path("srv/.aws/tools/.git")), ErrorCode::kPathBlocked);
  EXPECT_TRUE(open({.allowed = {dir.path("srv/.aws")}, .blocked = blocked})->choose(dir.path("srv/.aws")).ok());
}

TEST_F(RootsTest, AProtectedFileThatIsReplacedWhileAWorkspaceIsOpenStaysOutOfReach) {  // SEC:P5
  write("home/token");
  const auto roots = open({.allowed = {dir.path("srv")}, .protected_paths = {dir.path("home/token")}});
  auto opened = roots->choose_opened(dir.path("srv/repo"));
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->workspace.path, roots->choose(dir.path("srv/repo"))->path);
  const auto fs = WorkspaceFs::adopt(*roots, std::move(*opened), BlockedGlobs());
  ASSERT_TRUE(fs.ok());
  EXPECT_TRUE(fs->open_file("file.txt").ok());
  write("home/token");  // a new file under the name
  ASSERT_EQ(::link(dir.path("home/token").c_str(), dir.path("srv/repo/hard").c_str()), 0);
  const auto refused = [&] {
    const auto file = fs->open_file("hard");
    return !file.ok() && file.error().code == ErrorCode::kPathBlocked;
  };
  EXPECT_TRUE(testing_support::eventually(refused));
}

TEST_F(RootsTest, ProcIsNoWorkspace) {  // SEC:P4
  const auto roots = open({.allowed = {"/"}});
  EXPECT_EQ(refusal(*roots, "/proc/self"), ErrorCode::kPathSpecialFile);
  EXPECT_EQ(refusal(*roots, "/sys/kernel"), ErrorCode::kPathSpecialFile);
}

TEST_F(RootsTest, AliasesReplaceWholeComponents) {  // L7
  const auto roots = open({.allowed = {dir.path("srv")},
                           .default_root = dir.path("srv"),
                           .aliases = {{"/elsewhere/app", dir.path("srv/my-app"), ""},
                                       {"/elsewhere", dir.path("srv"), ""},
                                       {"acme/tool", dir.path("srv/deep/er/tool"), "the tool"}}});
  EXPECT_EQ(roots->choose("/elsewhere/app")->path, dir.path("srv/my-app"));
  EXPECT_EQ(roots->choose("/elsewhere/repo/sub")->path, dir.path("srv/repo/sub"));
  EXPECT_EQ(roots->choose("acme/tool")->path, dir.path("srv/deep/er/tool"));
  EXPECT_EQ(refusal(*roots, "/elsewhere2"), ErrorCode::kRootNotAllowed);
  for (const char* spelling :
       {"/elsewhere/app/../app", "/elsewhere//app/", "/elsewhere/./app", "/../elsewhere/app/x/.."}) {
    EXPECT_EQ(roots->choose(spelling)->path, dir.path("srv/my-app")) << spelling;
  }
  EXPECT_EQ(refusal(*roots, "/elsewhere/.."), ErrorCode::kRootNotAllowed);
}

TEST_F(RootsTest, SuggestsRootsWithALikeName) {  // L7
  const auto roots =
      open({.allowed = {dir.path("srv")}, .default_root = dir.path("srv"), .discovery_roots = {dir.path("srv")}});
  EXPECT_THAT(roots->choose("/guessed/path/my-app").error().hint, HasSubstr(dir.path("srv/my-app")));
  EXPECT_THAT(roots->choose("/home/me/tool").error().hint, HasSubstr(dir.path("srv/deep/er/tool")));
  EXPECT_THAT(roots->choose("/home/me/MY-AP").error().hint, HasSubstr(dir.path("srv/my-app")));
  EXPECT_LE(roots->candidates("/x/e").size(), 5u);
  EXPECT_TRUE(roots->candidates("/x/zzzzzzzz").empty());
}

TEST_F(RootsTest, SuggestsForWhatIsMissingBelowARootToo) {  // L7, T 5.1
  const auto roots = open({.allowed = {dir.path("srv/repo"), dir.path("srv")},
                           .default_root = dir.path("srv/repo"),
                           .discovery_roots = {dir.path("srv")}});
  const auto missing = roots->choose("repo");
  ASSERT_EQ(missing.error().code, ErrorCode::kWorkspaceMissing);
  EXPECT_EQ(missing.error().hint, "Did you mean: " + dir.path("srv/repo"));
  EXPECT_THAT(roots->choose(dir.path("srv/nowhere/my-app")).error().hint, HasSubstr(dir.path("srv/my-app")));
}

TEST_F(RootsTest, SuggestsNoNameThatOnlyLooksAlikeBecauseItIsShort) {  // L7, T 5.1
  for (const char* d : {"srv/wt", "srv/det", "srv/g", "srv/sup/sm", "srv/frontend", "srv/frontends", "srv/backend"}) {
    ASSERT_TRUE(os::make_private_dirs(dir.path(d)).ok());
    write(std::string(d) + "/README.md");
  }
  const auto roots = open({.allowed = {dir.path("srv")}, .discovery_roots = {dir.path("srv")}});
  EXPECT_THAT(roots->candidates("/nonexistent/wt"), ElementsAre(dir.path("srv/wt")));
  EXPECT_THAT(roots->candidates("/nonexistent/~"), ElementsAre());
  EXPECT_THAT(roots->candidates("/x/ws"), ElementsAre());
  EXPECT_THAT(roots->candidates("/x/frontend"), ElementsAre(dir.path("srv/frontend"), dir.path("srv/frontends")));
  EXPECT_THAT(roots->candidates("/x/fromtenf"), ElementsAre(dir.path("srv/frontend")));
  EXPECT_THAT(roots->candidates("/x/.."), ElementsAre());
}

TEST_F(RootsTest, ADefaultOutsideTheRootsIsRefusedWithoutEnd) {
  const auto roots =
      open({.allowed = {dir.path("srv/repo")}, .default_root = "/etc", .discovery_roots = {dir.path("srv/repo")}});
  EXPECT_EQ(roots->choose(std::nullopt).error().code, ErrorCode::kRootNotAllowed);
}

TEST_F(RootsTest, TheOutermostAllowedRootIsTheCeiling) {
  const auto roots = open({.allowed = {dir.path("srv/repo/sub"), dir.path("srv")}});
  EXPECT_EQ(roots->choose(dir.path("srv/repo/sub"))->allowed_root, dir.path("srv"));
  EXPECT_EQ(roots->allowed_root_of("/etc"), "");
  EXPECT_THAT(roots->allowed(), ElementsAre(dir.path("srv/repo/sub"), dir.path("srv")));
}

TEST_F(RootsTest, ListsConfiguredAndDiscoveredWorkspaces) {
  ASSERT_TRUE(os::make_private_dirs(dir.path("srv/node_modules/pkg")).ok());
  write("srv/node_modules/pkg/package.json");
  const auto roots = open({.allowed = {dir.path("srv/repo"), dir.path("srv")},
                           .default_root = dir.path("srv/repo/sub"),
                           .discovery_roots = {dir.path("srv"), "/etc"}});
  const WorkspaceList all = list_workspaces(*roots);
  ASSERT_EQ(all.configured_count, 3u);
  EXPECT_EQ(all.items[0].workspace.path, dir.path("srv/repo/sub"));
  EXPECT_TRUE(all.items[0].is_default);
  EXPECT_FALSE(all.items[1].is_default);
  EXPECT_EQ(all.discovered_count, 2u);
  EXPECT_EQ(all.items[3].name, "my-app");
  EXPECT_THAT(all.items[3].markers, ElementsAre(".git", "README.md"));
  EXPECT_EQ(all.items[4].workspace.path, dir.path("srv/deep/er/tool"));
  EXPECT_EQ(all.items[4].workspace.id, workspace_id(dir.path("srv/deep/er/tool")));
  EXPECT_EQ(all.items[4].discovery_root, dir.path("srv"));
  EXPECT_THAT(all.discovery_roots, ElementsAre(dir.path("srv")));
  EXPECT_FALSE(all.truncated);

  const WorkspaceList some = list_workspaces(*roots, {.query = "MY-app"});
  ASSERT_EQ(some.items.size(), 1u);
  EXPECT_EQ(some.items[0].name, "my-app");
  EXPECT_EQ(list_workspaces(*roots, {.discover = false}).discovered_count, 0u);
  EXPECT_EQ(list_workspaces(*roots, {.max_depth = 1}).discovered_count, 1u);
  const WorkspaceList four = list_workspaces(*roots, {.max_results = 4});
  EXPECT_EQ(four.configured_count, 3u);
  EXPECT_EQ(four.discovered_count, 1u);
  EXPECT_TRUE(four.truncated);
  const WorkspaceList one = list_workspaces(*roots, {.max_results = 1});  // T 11.2: the limit counts all
  ASSERT_EQ(one.items.size(), 1u);
  EXPECT_TRUE(one.items[0].is_default);
  EXPECT_TRUE(one.truncated);
  EXPECT_FALSE(list_workspaces(*roots, {.max_results = 5}).truncated);
}

TEST_F(RootsTest, AVanishedRootIsListedWithItsError) {
  const auto roots = repo_only();
  ASSERT_TRUE(os::remove_tree(dir.path("srv/repo")).ok());
  const WorkspaceList all = list_workspaces(*roots);
  ASSERT_EQ(all.items.size(), 1u);
  EXPECT_EQ(all.items[0].error, "workspace_missing");
  EXPECT_EQ(all.items[0].workspace.id, "");
}

}  // namespace
}  // namespace patchbay::workspace
