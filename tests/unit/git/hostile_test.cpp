#include <sys/file.h>

#include "git_fixture.h"
#include "support/patience.h"

namespace patchbay::git {
namespace {

class HostileTest : public GitTest {
 protected:
  std::string marker() const { return dir.path("marker"); }

  /// A program that leaves a trace when anybody runs it.
  std::string trap() {
    const std::string path = dir.path("trap");
    put(dir.root(), "trap", "#!/bin/sh\necho ran >> " + marker() + "\ncat\n", 0755);
    return path;
  }

  /// Every operation on the repository; results do not matter here.
  void call_everything(Client& c, const std::string& where) {
    const Target t{where, where, {where, worktrees}};
    (void)c.discover(t);
    (void)c.head(t);
    (void)c.summary(t);
    (void)c.status(t);
    (void)c.log(t, 10);
    (void)c.tracked_files(t, {}, 100);
    for (const DiffSides sides : {DiffSides::kUnstaged, DiffSides::kStaged, DiffSides::kBase}) {
      (void)c.diff(t, {.sides = sides, .base = "HEAD"});
    }
    const WorktreeSpec spec = worktree_spec("hostile");
    const auto w = c.add_worktree(t, spec);
    if (w.ok()) {
      put(spec.directory, "f.txt", "worker\n");
      const auto s = c.snapshot(t, {.directory = spec.directory, .worker_id = "w1"});
      if (s.ok()) {
        (void)c.changes(t, w.value().tree, s.value().tree);
        (void)c.tree_diff(t, w.value().tree, s.value().tree, "", {});
        const IntegrationSpec i{.baseline = w.value().tree, .snapshot = s.value().tree};
        (void)c.plan(t, i);
        (void)c.apply(t, {.integration = i, .journal_path = dir.path("j")});
        (void)c.recover(dir.path("j"));
      }
    }
    (void)c.remove_worktree(t, {spec.directory, spec.branch, ""});
  }
};

TEST_F(HostileTest, NoProgramThatTheRepositoryNamesIsEverRun) {  // SEC:G1, I3
  put("f.txt", "1\n");
  put("g.bin", "1\n");
  put(".gitattributes", "* filter=evil diff=evil merge=evil\n*.txt text=auto eol=crlf ident\n");
  commit_all();
  const std::string t = trap();
  for (const char* key : {"core.fsmonitor",
                          "core.pager",
                          "core.editor",
                          "core.sshCommand",
                          "core.askPass",
                          "core.gitProxy",
                          "core.hooksPath",
                          "diff.external",
                          "diff.evil.command",
                          "diff.evil.textconv",
                          "filter.evil.clean",
                          "filter.evil.smudge",
                          "filter.evil.process",
                          "merge.evil.driver",
                          "credential.helper",
                          "gpg.program",
                          "gpg.ssh.program",
                          "alias.status",
                          "alias.diff",
                          "sequence.editor",
                          "interactive.diffFilter",
                          "uploadpack.packObjectsHook",
                          "remote.origin.uploadpack",
                          "remote.origin.receivepack",
                          "web.browser",
                          "difftool.x.cmd",
                          "mergetool.x.cmd",
                          "trailer.x.command",
                          "submodule.f.update",
                          "pager.status"}) {
    git({"config", key, std::string(key) == "core.hooksPath" ? root + "/.git/hooks" : t});
  }
  git({"config", "filter.evil.required", "true"});
  for (const char* hook : {"post-checkout", "post-index-change", "reference-transaction", "pre-commit", "post-commit",
                           "fsmonitor-watchman", "pre-auto-gc", "post-rewrite", "update", "post-merge"}) {
    put(root, std::string(".git/hooks/") + hook, "#!/bin/sh\necho hook >> " + marker() + "\n", 0755);
  }
  put("f.txt", "2\n");
  put("g.bin", "3\n");
  ASSERT_FALSE(os::exists(marker()));
  call_everything(*client, root);
  EXPECT_EQ(get(marker()), "<not_found>");
  // The trap is sharp: git itself runs into it.
  must(os::run({.argv = {"git", "status"}, .env = environment(), .cwd = root}, "", testing_support::end_of_patience()));
  EXPECT_NE(get(marker()), "<not_found>");
}

TEST_F(HostileTest, FiltersAreOffAndContentsAreRaw) {
  put("f.txt", "a\r\nb\r\n");
  commit_all();
  git({"config", "core.autocrlf", "true"});
  put(".gitattributes", "*.txt text eol=lf ident\n");
  put("f.txt", "a\r\nc $Id$\r\n");
  const Diff d = must(client->diff(target(), {.file_path = "f.txt"}));
  EXPECT_NE(d.text.find("-b\r\n+c $Id$\r\n"), std::string::npos);
  const Worktree w = must(client->add_worktree(target(), worktree_spec()));
  EXPECT_EQ(get(w.directory + "/f.txt"), "a\r\nb\r\n");
}

// ---- layouts that lead outside ------------------------------------------------------------------------

class LayoutTest : public HostileTest {
 protected:
  LayoutTest() {
    outside = dir.path("outside");
    EXPECT_TRUE(os::make_private_dirs(outside).ok());
    git({"init", "-q", "-b", "secret-branch"}, outside);
    put(outside, "secret.txt", "secret\n");
    commit_all("secret subject", outside);
    inside = dir.path("roots/inside");
    EXPECT_TRUE(os::make_private_dirs(inside).ok());
  }
  Target here() const { return {inside, inside, {dir.path("roots"), worktrees}}; }
  void expect_unsafe() {
    EXPECT_EQ(code_of(client->summary(here())), "repo_layout_unsafe");
    EXPECT_EQ(code_of(client->status(here())), "repo_layout_unsafe");
    EXPECT_EQ(code_of(client->log(here(), 5)), "repo_layout_unsafe");
    EXPECT_EQ(code_of(client->diff(here(), {})), "repo_layout_unsafe");
    EXPECT_EQ(code_of(client->add_worktree(here(), worktree_spec())), "repo_layout_unsafe");
  }
  void own_repository() {
    git({"init", "-q", "-b", "main"}, inside);
    put(inside, "f", "1\n");
    commit_all("own", inside);
    ASSERT_EQ(code_of(client->status(here())), "ok");
  }
  std::string outside, inside;
};

TEST_F(LayoutTest, AGitFileThatPointsOutsideIsRefused) {  // SEC:G2
  put(inside, ".git", "gitdir: " + outside + "/.git\n");
  expect_unsafe();
}

TEST_F(LayoutTest, AGitSymlinkThatPointsOutsideIsRefused) {  // SEC:G2
  link_to(inside, ".git", outside + "/.git");
  expect_unsafe();
}

TEST_F(LayoutTest, ACommonDirectoryOutsideIsRefused) {  // SEC:G2
  own_repository();
  put(inside, ".git/commondir", outside + "/.git\n");
  expect_unsafe();
}

TEST_F(LayoutTest, AWorkingDirectoryOutsideIsRefused) {  // SEC:G2
  own_repository();
  git({"config", "core.worktree", outside}, inside);
  expect_unsafe();
}

TEST_F(LayoutTest, AlternatesOutsideAreRefusedAndInsideAreNot) {  // SEC:G2
  own_repository();
  put(inside, ".git/objects/info/alternates", outside + "/.git/objects\n");
  expect_unsafe();
  const std::string sibling = dir.path("roots/sibling");
  git({"clone", "-q", "--shared", inside, sibling}, dir.root());
  put(inside, ".git/objects/info/alternates", "");
  EXPECT_EQ(code_of(client->status({sibling, sibling, {dir.path("roots")}})), "ok");
}

TEST_F(LayoutTest, PartsThatAreSymlinksToTheOutsideAreRefused) {  // SEC:G2
  for (const char* part : {"index", "objects", "refs", "HEAD", "config", "packed-refs"}) {
    SCOPED_TRACE(part);
    must(os::remove_tree(inside));
    must(os::make_private_dirs(inside));
    own_repository();
    git({"pack-refs", "--all"}, inside);
    git({"pack-refs", "--all"}, outside);
    must(os::remove_tree(inside + "/.git/" + part));
    link_to(inside + "/.git", part, outside + "/.git/" + part);
    EXPECT_EQ(code_of(client->summary(here())), "repo_layout_unsafe");
  }
}

TEST_F(LayoutTest, ASubdirectoryCannotMakeItsParentARepositoryOfOthers) {  // SEC:G2, ceiling
  const std::string sub = outside + "/sub";
  must(os::make_private_dirs(sub));
  EXPECT_EQ(code_of(client->summary({sub, sub, {sub}})), "not_a_git_repository");
}

TEST_F(LayoutTest, GitVariablesOfTheEnvironmentAreScrubbed) {  // SEC:G2
  own_repository();
  ::setenv("GIT_DIR", (outside + "/.git").c_str(), 1);
  ::setenv("GIT_WORK_TREE", outside.c_str(), 1);
  ::setenv("GIT_INDEX_FILE", (outside + "/.git/index").c_str(), 1);
  Client fresh(options());
  const auto s = fresh.summary(here());
  for (const char* name : {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}) ::unsetenv(name);
  ASSERT_TRUE(s.ok());
  EXPECT_EQ(s.value().head_subject, "own");
  EXPECT_FALSE(s.value().status.counts.any());
}

TEST_F(LayoutTest, ARepositoryOfAnotherUserIsUntrusted) {  // SEC:G4
  own_repository();
  if (::getuid() != 0) GTEST_SKIP() << "needs to give files away";
  ASSERT_EQ(::chown((inside + "/.git").c_str(), 12345, 12345), 0);
  ASSERT_EQ(::chown(inside.c_str(), 12345, 12345), 0);
  const auto s = client->status(here());
  EXPECT_EQ(code_of(s), "repo_untrusted");
  EXPECT_FALSE(s.error().hint.empty());
}

// ---- files that block -----------------------------------------------------------------------------------

TEST_F(HostileTest, AFifoAnywhereNeverHangsTheCaller) {  // SEC:G3
  put("f", "1\n");
  put("sub/g", "1\n");
  put("sub/.gitattributes", "*.x binary\n");
  commit_all();
  ClientOptions o = options();
  o.read_deadline = std::chrono::milliseconds(1500);
  o.write_deadline = std::chrono::milliseconds(1500);
  Client impatient(o);
  for (const char* place :
       {".git/index", ".git/config", ".gitignore", ".git/HEAD", ".git/info/exclude", ".git/packed-refs", "f",
        ".git/refs/heads/main", ".gitattributes", ".git/objects/info/alternates", ".git/commondir", "sub/.gitignore",
        ".git/info/attributes"}) {
    SCOPED_TRACE(place);
    const std::string path = root + "/" + place;
    const std::string saved = os::exists(path) ? get(path) : std::string();
    const bool existed = os::exists(path);
    ::unlink(path.c_str());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    put("untracked.x", "u\n");
    const auto start = std::chrono::steady_clock::now();
    (void)impatient.status(target());
    (void)impatient.diff(target(), {});
    (void)impatient.summary(target("sub"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    ::unlink(path.c_str());
    if (existed) put(place, saved);
  }
  EXPECT_EQ(code_of(impatient.status(target())), "ok");
  EXPECT_LE(impatient.helper_count(), 8);
}

TEST_F(HostileTest, AFifoInTheUsersIgnoreFileIsNoRule) {
  put("f", "1\n");
  commit_all();
  must(os::make_private_dirs(home + "/.config/git"));
  ASSERT_EQ(::mkfifo((home + "/.config/git/ignore").c_str(), 0600), 0);
  EXPECT_EQ(code_of(client->status(target())), "ok");
}

// ---- damage ---------------------------------------------------------------------------------------------

TEST_F(HostileTest, ADamagedIndexIsATypedError) {  // SEC:G5
  for (int i = 0; i < 10; ++i) put("dir/file" + std::to_string(i), "1\n");
  commit_all();
  const std::string good = get(root + "/.git/index");
  for (std::size_t cut = 0; cut < good.size(); cut += 7) {
    put(".git/index", good.substr(0, cut));
    const std::string code = code_of(client->status(target()));
    EXPECT_TRUE(code == "ok" || code == "git_error") << cut << " " << code;
  }
  for (std::size_t at = 0; at < good.size(); at += 5) {
    std::string bad = good;
    bad[at] = static_cast<char>(~bad[at]);
    put(".git/index", bad);
    const std::string code = code_of(client->status(target()));
    EXPECT_TRUE(code == "ok" || code == "git_error" || code == "not_found") << at << " " << code;
  }
  EXPECT_EQ(client->helper_count(), 1);  // none of it ended the helper
}

TEST_F(HostileTest, DamagedReferencesAndObjectsAreTypedErrors) {  // SEC:G5
  put("f", "1\n");
  commit_all();
  const std::string id = line(git({"rev-parse", "HEAD"}));
  for (const char* text : {"", "ref: ../../x\n", "ref: refs/heads/../../../x\n", "garbage\n", "ref: \n",
                           "0123456789012345678901234567890123456789\n"}) {
    put(".git/HEAD", text);
    EXPECT_NE(code_of(client->summary(target())), "io_error") << text;
    EXPECT_NE(code_of(client->add_worktree(target(), worktree_spec())), "ok") << text;
  }
  put(".git/HEAD", "ref: refs/heads/main\n");
  const std::string object = ".git/objects/" + id.substr(0, 2) + "/" + id.substr(2);
  put(object, "not zlib at all");
  EXPECT_EQ(code_of(client->status(target())), "git_error");
  EXPECT_EQ(client->helper_count(), 1);
}

// ---- beside the user's own git ----------------------------------------------------------------------------

TEST_F(HostileTest, AForeignIndexLockIsRespectedAndReadsGoOn) {  // SEC:G10
  put("f", "1\n");
  commit_all();
  put(".git/index.lock", "held");
  put("f", "2\n");
  EXPECT_EQ(must(client->status(target())).counts.unstaged, 1);
  const Worktree w = must(client->add_worktree(target(), worktree_spec()));
  put(w.directory, "n", "n\n");
  const Snapshot s = must(client->snapshot(target(), {.directory = w.directory, .worker_id = "w1"}));
  // Our writes leave the index alone, so they need not wait for it.
  must(client->apply(target(),
                     {.integration = {.baseline = w.tree, .snapshot = s.tree}, .journal_path = dir.path("j")}));
  EXPECT_EQ(get(root + "/n"), "n\n");
  EXPECT_EQ(get(root + "/.git/index.lock"), "held");
}

TEST_F(HostileTest, AForeignReferenceLockIsBusyAndStays) {  // SEC:G10
  put("f", "1\n");
  commit_all();
  must(os::make_private_dirs(root + "/.git/refs/heads/codex"));
  put(".git/refs/heads/codex/worker-w1.lock", "held");
  const auto w = client->add_worktree(target(), worktree_spec());
  EXPECT_EQ(code_of(w), "repo_busy");
  EXPECT_EQ(get(root + "/.git/refs/heads/codex/worker-w1.lock"), "held");
  EXPECT_FALSE(os::exists(worktree_spec().directory));
}

}  // namespace
}  // namespace patchbay::git
