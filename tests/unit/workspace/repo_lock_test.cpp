#include "patchbay/workspace/repo_lock.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "patchbay/json/json.h"
#include "patchbay/os/process.h"
#include "support/temp_dir.h"

namespace patchbay::workspace {
namespace {

using testing_support::TempDir;

class RepoLockTest : public ::testing::Test {
 protected:
  RepoLockTest() {
    for (const char* d : {"outer/repo/.git", "outer/repo/sub/deep", "outer/other/.git", "outer/plain/a", "repo-two"}) {
      EXPECT_TRUE(os::make_private_dirs(dir.path(d)).ok());
    }
    EXPECT_EQ(::symlink("outer/repo", dir.path("link").c_str()), 0);
  }

  bool free_at(const std::string& path) {
    const auto lock = locks.acquire(dir.path(path), {.operation = "probe"});
    if (!lock) {
      EXPECT_EQ(lock.error().code, ErrorCode::kRepoBusy) << lock.error().detail;
    }
    return lock.ok();
  }

  HeldRepoLock hold(const std::string& path) {
    auto lock = locks.acquire(dir.path(path), {.operation = "codex_run_command", .worker_name = "mo\x1bna"});
    EXPECT_TRUE(lock.ok());
    return std::move(lock).value();
  }

  TempDir dir;
  RepoLocks locks{dir.path("home/runtime/locks")};
};

TEST_F(RepoLockTest, EverySpellingOfAWorkTreeContends) {  // SEC:L1
  const HeldRepoLock lock = hold("outer/repo/sub");
  for (const char* spelling : {"outer/repo", "outer/repo/", "outer/repo/sub/deep", "outer/repo/sub/..", "link",
                               "link/sub", "outer/other/../repo"}) {
    EXPECT_FALSE(free_at(spelling)) << spelling;
  }
  EXPECT_TRUE(free_at("outer/other"));
  EXPECT_TRUE(free_at("repo-two"));
}

TEST_F(RepoLockTest, FoldersAboveAndBelowContend) {  // SEC:L2
  {
    const HeldRepoLock lock = hold("outer/repo");
    EXPECT_FALSE(free_at("outer"));
    EXPECT_FALSE(free_at("."));
    EXPECT_TRUE(free_at("outer/other"));
  }
  {
    const HeldRepoLock lock = hold("outer");
    EXPECT_FALSE(free_at("outer/repo"));
    EXPECT_FALSE(free_at("outer/plain/a"));
  }
  EXPECT_TRUE(free_at("outer"));
}

TEST_F(RepoLockTest, TheRefusalNamesTheHolder) {  // SEC:L5
  const HeldRepoLock lock = hold("outer/repo");
  for (const char* path : {"outer/repo", "outer"}) {
    const auto refused = locks.acquire(dir.path(path), {.operation = "direct_write"});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kRepoBusy);
    EXPECT_TRUE(is_retryable(refused.error().code));
    const auto holder = json::parse(refused.error().detail);
    ASSERT_TRUE(holder.ok());
    EXPECT_EQ(json::get_string(*holder, "operation"), "codex_run_command") << path;
    EXPECT_EQ(json::get_string(*holder, "worker_name"), "mo\\u{001B}na");
    EXPECT_FALSE(json::get_string(*holder, "since").empty());
    EXPECT_GE(json::get_int(*holder, "age_seconds", -1), 0);
    EXPECT_EQ(refused.error().message.find(dir.root()), std::string::npos);
  }
}

TEST_F(RepoLockTest, ReleasesWithTheObjectAndKeepsItsFile) {  // SEC:L4
  hold("outer/repo");
  EXPECT_TRUE(free_at("outer/repo"));
  const auto files = os::list_dir(dir.path("home/runtime/locks"));
  ASSERT_TRUE(files.ok());
  for (const std::string& name : *files) {
    EXPECT_EQ(name.size(), std::string("repo_.lock").size() + 32) << name;
    struct stat st {};
    ASSERT_EQ(::stat(dir.path("home/runtime/locks/" + name).c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
  }
}

TEST_F(RepoLockTest, AChildKeepsTheLockAfterWeLetGo) {  // SEC:L3
  auto [keep, gate] = [] {
    auto pipe = os::make_pipe();
    return std::make_pair(std::move(pipe->read), std::move(pipe->write));
  }();
  auto lock = std::make_optional(hold("outer/repo"));
  os::SpawnOptions options;
  options.argv = {"/bin/cat"};
  options.stdin_fd = keep.get();
  options.passed = {{lock->fd(), 5}};
  auto child = os::Child::spawn(options);
  ASSERT_TRUE(child.ok());
  keep.reset();
  lock.reset();
  EXPECT_FALSE(free_at("outer/repo/sub"));
  EXPECT_FALSE(free_at("outer")) << "a folder above must not be free either";
  EXPECT_TRUE(free_at("outer/other"));
  gate.reset();
  child->wait();
  EXPECT_TRUE(free_at("outer/repo"));
  EXPECT_TRUE(free_at("outer"));
}

TEST_F(RepoLockTest, OneOfManyWins) {  // SEC:L5
  std::atomic<int> won{0}, busy{0}, start{0};
  std::vector<std::thread> threads;
  std::vector<std::optional<HeldRepoLock>> held(32);
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&, i] {
      ++start;
      while (start < 32) std::this_thread::yield();
      auto lock = locks.acquire(dir.path(i % 2 == 0 ? "outer/repo" : "link/sub"), {.operation = "race"});
      if (lock) {
        held[static_cast<std::size_t>(i)] = std::move(lock).value();
        ++won;
      } else {
        EXPECT_EQ(lock.error().code, ErrorCode::kRepoBusy);
        ++busy;
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(busy, 31);
}

TEST_F(RepoLockTest, RefusesWhatIsNoFolder) {
  EXPECT_EQ(locks.acquire(dir.path("missing"), {.operation = "x"}).error().code, ErrorCode::kWorkspaceMissing);
  ASSERT_TRUE(os::write_file_atomic(dir.path("file"), "x").ok());
  EXPECT_EQ(locks.acquire(dir.path("file"), {.operation = "x"}).error().code, ErrorCode::kWorkspaceNotDirectory);
}

}  // namespace
}  // namespace patchbay::workspace
