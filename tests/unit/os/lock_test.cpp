#include "patchbay/os/lock.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace patchbay::os
