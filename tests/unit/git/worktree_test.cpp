#include "git_fixture.h"
#include "patchbay/os/lock.h"

namespace patchbay::git {
namespace {

class WorktreeTest : public GitTest {
 protected:
  std::string tree_of_worktree(const std::string& where) { return line(git({"rev-parse", "HEAD^{tree}"}, where)); }
  bool branch_exists(const std::string& name) { return !git({"for-each-ref", "refs/heads/" + name}).empty(); }
  std::size_t registrations() { return must(client->list_worktrees(target())).size(); }
};

TEST_F(WorktreeTest, AddMakesACleanCheckoutOnANewBranch) {
  put("a", "1\n");
  put("dir/exec", "x\n", 0755);
  put("dir/odd \xff name", "bytes\n");
  put("empty", "");
  put("crlf", "a\r\n");
  put(".gitattributes", "*.bin filter=lfs -text\ndir/sub/*.dat filter=x\n!neg\n");
  put("big.bin", "pointer\n");
  put("dir/sub/y.dat", "pointer\n");
  link_to(root, "link", "dir/exec");
  commit_all();
  const Worktree w = must(client->add_worktree(target(), worktree_spec()));
  EXPECT_EQ(w.commit, line(git({"rev-parse", "HEAD"})));
  EXPECT_EQ(w.tree, line(git({"rev-parse", "HEAD^{tree}"})));
  EXPECT_EQ(w.files, 9u);
  EXPECT_EQ(w.filtered_files, 2u);
  EXPECT_EQ(git({"status", "--porcelain"}, w.directory), "");
  EXPECT_EQ(line(git({"symbolic-ref", "HEAD"}, w.directory)), "refs/heads/codex/worker-w1");
  EXPECT_EQ(get(w.directory + "/dir/odd \xff name"), "bytes\n");
  EXPECT_EQ(get(w.directory + "/crlf"), "a\r\n");
  struct stat st {};
  ASSERT_EQ(::lstat((w.directory + "/dir/exec").c_str(), &st), 0);
  EXPECT_NE(st.st_mode & 0100, 0u);
  ASSERT_EQ(::lstat((w.directory + "/link").c_str(), &st), 0);
  EXPECT_TRUE(S_ISLNK(st.st_mode));
  ASSERT_EQ(::stat(w.directory.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700u);  // SEC:W8
  git({"fsck", "--strict"});
  git({"worktree", "list"});
  EXPECT_EQ(git({"write-tree"}, w.directory), git({"rev-parse", "HEAD^{tree}"}));
  // Git goes on working there.
  put(w.directory, "a", "2\n");
  commit_all("in the worktree", w.directory);
  const auto list = must(client->list_worktrees(target()));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].branch, "codex/worker-w1");
  EXPECT_EQ(list[0].head, line(git({"rev-parse", "HEAD"}, w.directory)));
  EXPECT_TRUE(list[0].present);
}

TEST_F(WorktreeTest, ManyFilesAreWrittenByManyThreads) {
  for (int i = 0; i < 2500; ++i) put(fmt::format("d{}/s{}/f{}", i % 7, i % 31, i), fmt::format("content {}\n", i));
  commit_all();
  const Worktree w = must(client->add_worktree(target(), worktree_spec()));
  EXPECT_EQ(w.files, 2500u);
  EXPECT_EQ(git({"status", "--porcelain"}, w.directory), "");
  EXPECT_EQ(get(w.directory + "/d3/s3/f3"), "content 3\n");
}

TEST_F(WorktreeTest, RemoveTakesDirectoryRegistrationAndBranchAndMayBeRepeated) {
  put("a", "1\n");
  commit_all();
  const WorktreeSpec spec = worktree_spec();
  must(client->add_worktree(target(), spec));
  put(spec.directory, "dir/untracked", "x");
  const WorktreeRemoval removal{spec.directory, spec.branch, lock_path()};
  must(client->remove_worktree(target(), removal));
  EXPECT_FALSE(os::exists(spec.directory));
  EXPECT_FALSE(branch_exists(spec.branch));
  EXPECT_EQ(registrations(), 0u);
  must(client->remove_worktree(target(), removal));
  must(client->add_worktree(target(), spec));
}

TEST_F(WorktreeTest, ABranchThatSomebodyElseHasCheckedOutIsNotDeleted) {
  put("a", "1\n");
  commit_all();
  const WorktreeSpec spec = worktree_spec();
  must(client->add_worktree(target(), spec));
  git({"worktree", "move", spec.directory, dir.path("moved")});
  must(client->remove_worktree(target(), {spec.directory, spec.branch, lock_path()}));
  EXPECT_TRUE(branch_exists(spec.branch));
  EXPECT_EQ(get(dir.path("moved/a")), "1\n");
  git({"worktree", "remove", dir.path("moved")});
  git({"checkout", "-q", spec.branch});
  must(client->remove_worktree(target(), {spec.directory, spec.branch, lock_path()}));
  EXPECT_TRUE(branch_exists(spec.branch));
}

TEST_F(WorktreeTest, RemoveRefusesWhatIsNoWorktreeOfTheRepository) {
  put("a", "1\n");
  commit_all();
  const std::string other = dir.path("other");
  put(other, "precious", "x");
  EXPECT_EQ(code_of(client->remove_worktree(target(), {other, "", lock_path()})), "invalid_argument");
  EXPECT_EQ(code_of(client->remove_worktree(target(), {root, "", lock_path()})), "invalid_argument");
  EXPECT_EQ(code_of(client->remove_worktree(target(), {dir.root(), "", lock_path()})), "invalid_argument");
  EXPECT_EQ(get(other + "/precious"), "x");
}

TEST_F(WorktreeTest, FailuresLeaveNothingBehind) {
  EXPECT_EQ(code_of(client->add_worktree(target(), worktree_spec())), "invalid_state");  // unborn
  put("a", "1\n");
  put("b", "2\n");
  commit_all();
  WorktreeSpec spec = worktree_spec();
  spec.commit = "nothing";
  EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "not_found");
  spec = worktree_spec();
  spec.branch = "a..b";
  EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "invalid_argument");
  spec.branch = "main";
  EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "already_exists");
  EXPECT_TRUE(branch_exists("main"));
  spec = worktree_spec();
  spec.directory = root + "/inside";
  EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "invalid_argument");  // SEC:W8
  spec = worktree_spec();
  must(os::make_private_dirs(spec.directory));
  EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "already_exists");
  must(os::remove_tree(spec.directory));
  link_to(worktrees, "worker-w1", dir.root());  // SEC:W8, a planted symlink
  EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "already_exists");
  ::unlink(spec.directory.c_str());
  // An object is missing: the checkout fails half way.
  const std::string id = line(git({"rev-parse", "HEAD:b"}));
  ASSERT_EQ(::unlink((root + "/.git/objects/" + id.substr(0, 2) + "/" + id.substr(2)).c_str()), 0);
  const auto failed = client->add_worktree(target(), spec);
  EXPECT_FALSE(failed.ok());
  EXPECT_FALSE(os::exists(spec.directory));
  EXPECT_FALSE(branch_exists(spec.branch));
  EXPECT_EQ(registrations(), 0u);
  const std::string plain = dir.path("plain");
  must(os::make_private_dirs(plain));
  EXPECT_EQ(code_of(client->add_worktree({plain, plain, {plain}}, spec)), "not_a_git_repository");
}

TEST_F(WorktreeTest, SubmodulesAreLeftAsEmptyDirectoriesAndNamed) {
  add_submodule();
  const Worktree w = must(client->add_worktree(target(), worktree_spec()));
  EXPECT_EQ(w.submodules, (std::vector<std::string>{"lib"}));
  EXPECT_EQ(git({"status", "--porcelain"}, w.directory), "");
}

TEST_F(WorktreeTest, TheLfsDriverRunsOnlyWhenAskedForAndHooksNever) {  // K 5.5
  put(".gitattributes", "*.up filter=lfs\n");
  put("a.up", "text\n");
  commit_all();
  // Two scripts stand for git-lfs; what they see of the environment is kept.
  put(dir.path("bin"), "smudge", "#!/bin/sh\nenv > " + dir.path("env") + "\ntr a-z A-Z\n", 0755);
  git({"config", "filter.lfs.smudge", dir.path("bin/smudge")});
  git({"config", "filter.lfs.clean", "tr A-Z a-z"});
  git({"remote", "add", "origin", "https://example.invalid/repo.git"});
  git({"config", "lfs.repositoryformatversion", "0"});
  put(".git/hooks/post-checkout", "#!/bin/sh\ntouch " + dir.path("hook ran") + "\n", 0755);
  ::setenv("PATCHBAY_HTTP_TOKEN", "not for a filter", 1);
  ::setenv("SOME_API_KEY", "not for a filter", 1);
  const Worktree raw = must(client->add_worktree(target(), worktree_spec("raw")));
  EXPECT_EQ(get(raw.directory + "/a.up"), "text\n");
  EXPECT_EQ(raw.filtered_files, 1u);
  WorktreeSpec spec = worktree_spec("filtered");
  spec.git_filters = true;
  const Worktree w = must(client->add_worktree(target(), spec));
  ::unsetenv("PATCHBAY_HTTP_TOKEN");
  ::unsetenv("SOME_API_KEY");
  EXPECT_EQ(get(w.directory + "/a.up"), "TEXT\n");
  EXPECT_EQ(w.files, 2u);
  EXPECT_EQ(w.filtered_files, 0u);
  EXPECT_EQ(git({"status", "--porcelain"}, w.directory), "");
  EXPECT_FALSE(os::exists(dir.path("hook ran")));
  EXPECT_EQ(get(dir.path("env")).find("not for a filter"), std::string::npos);
  EXPECT_NE(get(dir.path("env")).find("GIT_NO_LAZY_FETCH=1"), std::string::npos);
  const Snapshot s = must(client->snapshot(target(), {.directory = spec.directory, .worker_id = "w1"}));
  EXPECT_EQ(s.tree, w.tree);

  git({"config", "filter.lfs.required", "true"});
  git({"config", "filter.lfs.smudge", "false"});
  spec = worktree_spec("failing");
  spec.git_filters = true;
  EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "git_error");
  EXPECT_FALSE(os::exists(spec.directory));
  EXPECT_FALSE(branch_exists(spec.branch));
}

TEST_F(WorktreeTest, ARestoredWorktreeIsFilledInByTheFiltersToo) {  // K 5.5, SEC:W2
  put(".gitattributes", "*.up filter=lfs\n");
  for (const char* name : {"same.up", "changed.up", "gone.up", "dir/gone.up"}) put(name, "text\n");
  commit_all();
  git({"config", "filter.lfs.smudge", "tr a-z A-Z"});
  git({"config", "filter.lfs.clean", "tr A-Z a-z"});
  WorktreeSpec spec = worktree_spec();
  spec.git_filters = true;
  const Worktree w = must(client->add_worktree(target(), spec));
  put(w.directory, "changed.up", "MINE\n");
  put(w.directory, "new/file", "new\n", 0755);
  link_to(w.directory, "link", "new/file");
  ASSERT_EQ(::unlink((w.directory + "/gone.up").c_str()), 0);
  ASSERT_TRUE(os::remove_tree(w.directory + "/dir").ok());
  put(w.directory, "dir", "a file now\n");
  const Snapshot before =
      must(client->snapshot(target(), {.directory = w.directory, .worker_id = "w1", .kind = PinKind::kTrash}));
  must(client->remove_worktree(target(), {spec.directory, spec.branch, ""}));

  must(client->restore_pin(target(), before.ref, spec));
  EXPECT_EQ(get(w.directory + "/same.up"), "TEXT\n");
  EXPECT_EQ(get(w.directory + "/changed.up"), "MINE\n");
  EXPECT_EQ(get(w.directory + "/new/file"), "new\n");
  EXPECT_EQ(get(w.directory + "/link"), "new\n");
  EXPECT_EQ(get(w.directory + "/dir"), "a file now\n");
  EXPECT_FALSE(os::exists(w.directory + "/gone.up"));
  const Snapshot after = must(client->snapshot(target(), {.directory = w.directory, .worker_id = "w1"}));
  EXPECT_EQ(after.tree, before.tree);
  EXPECT_EQ(after.head, before.head);

  must(client->remove_worktree(target(), {spec.directory, spec.branch, ""}));
  git({"config", "core.sshCommand", "x"});
  EXPECT_EQ(code_of(client->restore_pin(target(), before.ref, spec)), "repo_untrusted");
  EXPECT_FALSE(os::exists(spec.directory));
}

TEST_F(WorktreeTest, AConfigurationThatNamesOtherProgramsKeepsTheGitProgramFromStarting) {  // SEC:G2
  put("a.up", "text\n");
  commit_all();
  put(".git/more", "[filter \"evil\"]\n\tsmudge = touch " + dir.path("ran") + "\n");
  const std::pair<const char*, std::string> hostile[] = {{"filter.evil.smudge", "touch " + dir.path("ran")},
                                                         {"core.sshCommand", "touch " + dir.path("ran")},
                                                         {"include.path", "more"},
                                                         {"diff.external", "touch " + dir.path("ran")},
                                                         {"remote.origin.uploadpack", "touch x"},
                                                         {"extensions.partialClone", "origin"},
                                                         {"credential.helper", "!touch x"},
                                                         {"core.gitProxy", "x"},
                                                         {"lfs.customtransfer.x.path", "x"},
                                                         {"url.ext::sh.insteadOf", "https://"}};
  int i = 0;
  for (const auto& [name, value] : hostile) {
    git({"config", name, value});
    WorktreeSpec spec = worktree_spec("w" + std::to_string(i++));
    spec.git_filters = true;
    EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "repo_untrusted") << name;
    EXPECT_FALSE(os::exists(spec.directory)) << name;
    EXPECT_FALSE(branch_exists(spec.branch)) << name;
    spec.git_filters = false;
    EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "ok") << name << ": nothing is started without filters";
    git({"config", "--unset", name});
  }
  EXPECT_FALSE(os::exists(dir.path("ran")));
}

TEST_F(WorktreeTest, TheLockOfTheCommonDirectoryIsWaitedFor) {
  put("a", "1\n");
  commit_all();
  ClientOptions impatient = options();
  impatient.write_deadline = std::chrono::milliseconds(1500);
  {
    const os::FileLock held = must(os::FileLock::try_acquire(lock_path()));
    Client other(impatient);
    EXPECT_EQ(code_of(other.add_worktree(target(), worktree_spec())), "repo_busy");
  }
  EXPECT_FALSE(os::exists(worktree_spec().directory));
  must(client->add_worktree(target(), worktree_spec()));
}

TEST_F(WorktreeTest, TheStartOfAHelperCountsAgainstItsDeadline) {
  put("a", "1\n");
  commit_all();
  ClientOptions slow = options();
  const std::vector<std::string> late = {"/bin/sh", "-c", "sleep 1; exec \"$0\" \"$@\""};
  slow.helper.insert(slow.helper.begin(), late.begin(), late.end());
  slow.write_deadline = std::chrono::milliseconds(5000);
  const os::FileLock held = must(os::FileLock::try_acquire(lock_path()));
  Client other(slow);
  EXPECT_EQ(code_of(other.add_worktree(target(), worktree_spec())), "repo_busy")
      << "not a timeout: the refusal comes before the caller gives up";
}

TEST_F(WorktreeTest, ParallelAddsAllSucceed) {
  for (int i = 0; i < 50; ++i) put("f" + std::to_string(i), "x\n");
  commit_all();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [&, i] { good += client->add_worktree(target(), worktree_spec("w" + std::to_string(i))).ok(); });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(good, 8);
  EXPECT_EQ(registrations(), 8u);
  git({"fsck"});
}

TEST_F(WorktreeTest, NamesThatLeadOutOfTheWorktreeAreRefused) {  // SEC:G5
  put("a", "1\n");
  commit_all();
  const std::string blob = line(git({"rev-parse", "HEAD:a"}));
  const std::string tree_file = dir.path("tree");
  const auto commit_with = [&](const std::string& name) {
    std::string raw = "100644 " + name + std::string(1, '\0');
    for (std::size_t i = 0; i < 40; i += 2) raw += static_cast<char>(std::stoi(blob.substr(i, 2), nullptr, 16));
    EXPECT_TRUE(os::write_file_atomic(tree_file, raw).ok());
    const std::string tree = line(git({"hash-object", "-t", "tree", "-w", "--literally", tree_file}));
    return line(git({"commit-tree", "-m", "evil", tree}));
  };
  for (const char* name : {"..", "../x", "/etc/x", ".git", ".GIT", "a/b", "git~1", ".git ", ".g\u200cit"}) {
    WorktreeSpec spec = worktree_spec();
    spec.commit = commit_with(name);
    EXPECT_EQ(code_of(client->add_worktree(target(), spec)), "git_error") << name;
    EXPECT_FALSE(os::exists(spec.directory)) << name;
  }
  EXPECT_FALSE(os::exists(worktrees + "/x"));
}

}  // namespace
}  // namespace patchbay::git
