#include "git_fixture.h"

namespace patchbay::git {
namespace {

/// A repository with a worktree next to it.
class CopiesTest : public GitTest {
 protected:
  CopiesTest() {
    put("tracked", "committed\n");
    put("sub/tracked", "committed\n");
    commit_all();
    worktree = must(client->add_worktree(target(), worktree_spec())).directory;
  }
  Result<Copied> copy(const std::vector<std::string>& paths, std::uint64_t max_bytes = 1u << 20,
                      const std::string& subdir = {}) {
    return client->copy_files(target(subdir), {.directory = worktree, .paths = paths, .max_bytes = max_bytes});
  }
  std::string worktree;
};

TEST_F(CopiesTest, FilesComeAsTheyAreWithTheirFoldersAndExecutableBits) {  // K 5.5
  put("notes/a b.txt", std::string("bytes\0\xff", 7));
  put("run.sh", "#!/bin/sh\n", 0755);
  put("sub/inner", "inner\n");
  const Copied c = must(copy({"notes/a b.txt", "run.sh"}));
  EXPECT_EQ(c.files, (std::vector<std::string>{"notes/a b.txt", "run.sh"}));
  EXPECT_EQ(c.bytes, 17u);
  EXPECT_EQ(get(worktree + "/notes/a b.txt"), std::string("bytes\0\xff", 7));
  EXPECT_EQ(::access((worktree + "/run.sh").c_str(), X_OK), 0);
  EXPECT_EQ(must(copy({"inner"}, 100, "sub")).files, (std::vector<std::string>{"inner"}));
  EXPECT_EQ(get(worktree + "/sub/inner"), "inner\n") << "paths are relative to the target's folder";
}

TEST_F(CopiesTest, NothingButRegularFilesBelowTheCheckoutIsCopiedAndNothingIsOverwritten) {  // SEC:W1
  put(dir.path("outside"), "secret", "secret\n");
  link_to(root, "link", dir.path("outside") + "/secret");
  link_to(root, "folder", dir.path("outside"));
  ASSERT_EQ(::mkfifo((root + "/fifo").c_str(), 0600), 0);
  put("tracked", "changed, not committed\n");
  link_to(worktree, "aside", dir.path("outside"));
  put("aside/file", "must not leave the worktree\n");
  const std::vector<std::string> paths = {"link",      "folder/secret",   "fifo",        "tracked", "aside/file",
                                          "not there", "../repo/tracked", ".git/config", "sub"};
  const Copied c = must(copy(paths));
  EXPECT_TRUE(c.files.empty());
  EXPECT_EQ(c.skipped, paths);
  EXPECT_EQ(get(worktree + "/tracked"), "committed\n");
  EXPECT_FALSE(os::exists(dir.path("outside") + "/file"));
}

TEST_F(CopiesTest, TheSizeOfAllTogetherIsLimited) {
  put("a", "12345");
  put("b", "12345");
  EXPECT_EQ(code_of(copy({"a", "b"}, 9)), "content_too_large");
  ASSERT_EQ(::unlink((worktree + "/a").c_str()), 0);
  ASSERT_EQ(::unlink((worktree + "/b").c_str()), 0);
  EXPECT_EQ(must(copy({"a", "b"}, 10)).files.size(), 2u);
}

TEST_F(CopiesTest, OnlyAWorktreeOfTheRepositoryIsCopiedInto) {
  put("a", "1");
  worktree = dir.path("elsewhere");
  ASSERT_TRUE(os::make_private_dirs(worktree).ok());
  EXPECT_NE(code_of(copy({"a"})), "ok");
  EXPECT_FALSE(os::exists(worktree + "/a"));
}

TEST_F(CopiesTest, AChangedCopyCollidesWithItsOriginalUntilThatIsCommitted) {  // K 5.5
  put("draft", "one\n");
  put("other", "two\n");
  must(copy({"draft", "other"}));
  const SnapshotSpec spec{.directory = worktree, .worker_id = "w1"};
  IntegrationSpec i;
  i.base_revision = must(client->head(target())).head;
  i.baseline = i.start = must(client->snapshot(target(), spec)).tree;
  i.snapshot = i.baseline;
  IntegrationPlan plan = must(client->plan(target(), i));
  EXPECT_TRUE(plan.changes.entries.empty());
  EXPECT_FALSE(plan.base.dirty());

  put(worktree, "draft", "one\nmore\n");
  i.snapshot = must(client->snapshot(target(), spec)).tree;
  plan = must(client->plan(target(), i));
  ASSERT_EQ(plan.changes.entries.size(), 1u);
  EXPECT_EQ(plan.changes.entries[0].path, "draft");
  EXPECT_EQ(plan.changes.entries[0].status, 'M');
  EXPECT_EQ(plan.base.collisions, (std::vector<std::string>{"draft"}));

  // A follow-up counts from what was integrated, and the original is still only in the checkout.
  IntegrationSpec later = i;
  later.baseline = i.snapshot;
  put(worktree, "draft", "one\nmore\nand more\n");
  later.snapshot = must(client->snapshot(target(), spec)).tree;
  EXPECT_EQ(must(client->plan(target(), later)).base.collisions, (std::vector<std::string>{"draft"}));

  git({"add", "draft"});
  git({"commit", "-q", "-m", "draft"});
  plan = must(client->plan(target(), i));
  EXPECT_FALSE(plan.base.dirty());
  ASSERT_TRUE(plan.clean());
  must(client->apply(target(), {.integration = i, .journal_path = dir.path("journal")}));
  EXPECT_EQ(get(root + "/draft"), "one\nmore\n");
  EXPECT_EQ(get(root + "/other"), "two\n");
}

}  // namespace
}  // namespace patchbay::git
