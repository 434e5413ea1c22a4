#include "runner/turn_cgroup.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "patchbay/os/file.h"
#include "patchbay/os/process.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::runner {
namespace {

using namespace std::chrono_literals;

/// A folder that looks like a group, with the files that the kernel would put there.
class FakeCgroup : public testing::Test {
 protected:
  FakeCgroup() {
    put("cgroup.procs", "");
    own_ = dir_.path("patchbay-turn-" + std::to_string(::getpid()));
  }
  void put(const std::string& name, const std::string& text) {
    EXPECT_TRUE(os::write_file_atomic(dir_.path(name), text).ok());
  }
  std::string get(const std::string& path) { return os::read_file(path, 4096).ok() ? *os::read_file(path, 4096) : "-"; }

  testing_support::TempDir dir_;
  std::string own_;
};

TEST_F(FakeCgroup, OurOwnGroupIsFoundThroughTheMounts) {  // workers 1.10
  put("cgroup", "5:memory:/x\n0::/user.slice/run-1.scope\n");
  put("mountinfo",
      "30 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "31 20 0:27 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(own_cgroup(dir_.root()), "/sys/fs/cgroup/unified/user.slice/run-1.scope");
  put("mountinfo", "31 20 0:27 /user.slice /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(own_cgroup(dir_.root()), "/sys/fs/cgroup/run-1.scope");
  put("mountinfo", "31 20 0:27 /user.slice/run-1.scope /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(own_cgroup(dir_.root()), "/sys/fs/cgroup");
  put("mountinfo", "31 20 0:27 /other /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(own_cgroup(dir_.root()), "");
  put("cgroup", "5:memory:/x\n");
  EXPECT_EQ(own_cgroup(dir_.root()), "");
  EXPECT_EQ(own_cgroup(dir_.path("absent")), "");
}

TEST_F(FakeCgroup, WithoutTheKernelsMeansThereIsNoGroupAndNothingIsLeftBehind) {
  TurnCgroup group;
  group.open(dir_.root());  // a folder without cgroup.kill
  EXPECT_FALSE(group.active());
  EXPECT_FALSE(os::exists(own_));
  group.enter();
  group.leave();
  EXPECT_FALSE(group.kill());
  EXPECT_TRUE(group.empty());
  group.open("");
  group.open(dir_.path("absent"));
  EXPECT_FALSE(group.active());
}

TEST_F(FakeCgroup, GroupsOfRunnersThatAreGoneAreRemoved) {
  os::SpawnOptions quick{.argv = {"/bin/true"}};
  auto child = os::Child::spawn(quick);
  ASSERT_TRUE(child.ok());
  const std::string gone = dir_.path("patchbay-turn-" + std::to_string(child->pid()));
  const std::string lives = dir_.path("patchbay-turn-" + std::to_string(::getppid()));
  child->wait();
  for (const std::string& d : {gone, lives}) ASSERT_EQ(::mkdir(d.c_str(), 0755), 0);
  TurnCgroup group;
  group.open(dir_.root());
  EXPECT_FALSE(os::exists(gone));
  EXPECT_TRUE(os::exists(lives));
}

TEST(RealCgroup, WhatIsStartedInsideIsKilledAtOnceAndTheGroupGoesAway) {  // SEC:S5, C9
  TurnCgroup group;
  group.open(own_cgroup());
  if (!group.active()) GTEST_SKIP() << "no control group of the second version is ours to write";
  const std::string own = os::join(own_cgroup(), "patchbay-turn-" + std::to_string(::getpid()));
  EXPECT_TRUE(group.empty());
  group.enter();
  EXPECT_FALSE(group.empty());
  // Sessions of their own, and parents that are gone: nothing but the group has them all.
  os::SpawnOptions tree{.argv = {"/bin/sh", "-c", "for i in 1 2 3; do (setsid sleep 300 &) ; done; exec sleep 300"}};
  auto child = os::Child::spawn(tree);
  group.leave();
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(group.active());
  EXPECT_FALSE(group.empty());
  EXPECT_TRUE(group.kill());
  child->wait();
  const MonoTime until = testing_support::end_of_patience();
  while (!group.empty() && system_clock().mono() < until) ::usleep(1000);
  EXPECT_TRUE(group.empty());
  group.remove();
  EXPECT_FALSE(os::exists(own));
}

}  // namespace
}  // namespace patchbay::runner
