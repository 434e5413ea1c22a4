#include "patchbay/os/lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/temp_dir.h"

namespace patchbay::os {
namespace {

TEST(FileLock, SecondTakerFindsItHeldUntilTheLastDescriptorCloses) {  // SEC:L3, L4
  testing_support::TempDir dir;
  FileLock first = *FileLock::try_acquire(dir.path("x.lock"));
  ASSERT_TRUE(first.held());
  EXPECT_FALSE(FileLock::try_acquire(dir.path("x.lock"))->held());
  EXPECT_TRUE(*FileLock::is_held(dir.path("x.lock")));
  Fd inherited = *duplicate(first.fd());
  first.release();
  EXPECT_TRUE(*FileLock::is_held(dir.path("x.lock")));
  inherited.reset();
  EXPECT_FALSE(*FileLock::is_held(dir.path("x.lock")));
  EXPECT_FALSE(*FileLock::is_held(dir.path("absent.lock")));
}

TEST(FileLock, AskingWhetherItIsHeldRefusesItToNobody) {
  testing_support::TempDir dir;
  const std::string path = dir.path("x.lock");
  std::atomic<bool> done = false;
  std::thread asker([&] {
    while (!done) (void)FileLock::is_held(path);
  });
  int refused = 0;
  for (int i = 0; i < 2000; ++i) refused += FileLock::try_acquire(path)->held() ? 0 : 1;
  done = true;
  asker.join();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace patchbay::os
