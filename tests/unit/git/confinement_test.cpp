#include <random>

#include "git_fixture.h"

namespace patchbay::git {
namespace {

/// The helper's own limits. Some arguments of the helper make it try what it may not.
class ConfinementTest : public GitTest {
 protected:
  ClientOptions with(const std::string& argument) const {
    ClientOptions o = options();
    o.helper.push_back(argument);
    return o;
  }
  /// An apply with one write.
  Result<Applied> apply_with(Client& c) {
    put("f", "old\n");
    commit_all();
    const Worktree w = must(client->add_worktree(target(), worktree_spec()));
    put(w.directory, "f", "new\n");
    const Snapshot s = must(client->snapshot(target(), {.directory = w.directory, .worker_id = "w1"}));
    return c.apply(target(), {.integration = {.baseline = w.tree, .snapshot = s.tree}, .journal_path = dir.path("j")});
  }
};

TEST_F(ConfinementTest, TheHelperCannotReachTheNetwork) {  // SEC:G3
  Client trying(with("network"));
  EXPECT_EQ(code_of(apply_with(trying)), "ok") << "the helper ends without a word where a socket was given";
}

TEST_F(ConfinementTest, AHelperThatOnlyBurnsTimeEndsWithItsRequest) {  // SEC:G3
  ClientOptions slow = with("spin");
  slow.write_deadline = std::chrono::milliseconds(1500);
  Client trying(slow);
  EXPECT_FALSE(apply_with(trying).ok());
  EXPECT_EQ(code_of(client->status(target())), "ok");
}

TEST_F(ConfinementTest, AFileAboveTheLimitIsARefusalThatLeavesNothing) {  // SEC:G3
  std::string noise(256 * 1024, ' ');
  std::minstd_rand random(1);
  for (char& c : noise) c = static_cast<char>(random());
  put("large", noise);
  put("small", "1\n");
  commit_all();
  Client limited(with("small"));
  const WorktreeSpec spec = worktree_spec();
  const auto refused = limited.add_worktree(target(), spec);
  EXPECT_EQ(code_of(refused), "io_error");
  EXPECT_FALSE(os::exists(spec.directory));
  EXPECT_EQ(limited.helper_count(), 1) << "the helper survives it";
  EXPECT_EQ(code_of(limited.status(target())), "ok");

  const Worktree w = must(client->add_worktree(target(), spec));
  noise[0] = static_cast<char>(noise[0] + 1);
  put(w.directory, "large", noise);
  EXPECT_NE(code_of(limited.snapshot(target(), {.directory = w.directory, .worker_id = "w1"})), "ok");
  EXPECT_EQ(code_of(client->snapshot(target(), {.directory = w.directory, .worker_id = "w1"})), "ok");
}

TEST_F(ConfinementTest, AnObjectThatNeedsTooMuchMemoryIsARefusal) {  // SEC:G3, G5
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "memory is not limited under a sanitizer";
#endif
  put("f", "1\n");
  {
    const os::Fd fd(::open((root + "/huge").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    ASSERT_EQ(::ftruncate(fd.get(), off_t{160} << 20), 0);
  }
  git({"-c", "core.compression=1", "add", "-A"});
  git({"commit", "-q", "-m", "huge"});
  Client lean(with("lean"));
  const WorktreeSpec spec = worktree_spec();
  EXPECT_EQ(code_of(lean.add_worktree(target(), spec)), "git_error");
  EXPECT_FALSE(os::exists(spec.directory));
  EXPECT_EQ(code_of(lean.status(target())), "ok");
}

}  // namespace
}  // namespace patchbay::git
