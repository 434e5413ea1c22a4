#include "patchbay/workspace/self_test.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "support/temp_dir.h"
#include "workspace/self_test_parts.h"

namespace patchbay::workspace {
namespace {

struct PathGuardTrial : testing::Test {
  ~PathGuardTrial() override { set_openat2_available(true); }
  testing_support::TempDir dir;
};

TEST_F(PathGuardTrial, PassesWithAndWithoutOpenat2AndLeavesNothing) {  // SEC:F12
  EXPECT_TRUE(prove_path_guard(dir.root()).ok());
  set_openat2_available(false);
  const Status proven = prove_path_guard(dir.root());
  EXPECT_TRUE(proven.ok()) << proven.error().message;
  EXPECT_TRUE(os::list_dir(dir.root())->empty());
}

TEST_F(PathGuardTrial, WalkThatFollowsLinksIsFoundOut) {
  const auto follows = [](int root, const CleanPath& path, int flags) {
    return os::Fd(::openat(root, path.text().c_str(), flags & ~O_NOFOLLOW));
  };
  const Status proven = prove_by_trial(dir.root(), follows);
  ASSERT_FALSE(proven.ok());
  EXPECT_EQ(proven.error().code, ErrorCode::kInternal);
  EXPECT_EQ(error_info(proven.error().code).exit_code, 70);
  EXPECT_TRUE(os::list_dir(dir.root())->empty());
}

TEST_F(PathGuardTrial, WalkThatFollowsFoldersThatAreLinksIsFoundOut) {
  const auto careless = [](int root, const CleanPath& path, int flags) {
    return os::Fd(::openat(root, path.text().c_str(), flags | O_NOFOLLOW));
  };
  EXPECT_EQ(prove_by_trial(dir.root(), careless).error().code, ErrorCode::kInternal);
}

TEST_F(PathGuardTrial, WalkThatFindsNothingIsFoundOut) {
  const auto blind = [](int, const CleanPath&, int) { return os::Fd(); };
  EXPECT_EQ(prove_by_trial(dir.root(), blind).error().code, ErrorCode::kInternal);
}

TEST_F(PathGuardTrial, NeedsAPlaceForTheTrial) {
  set_openat2_available(false);
  EXPECT_FALSE(prove_path_guard(dir.path("nowhere")).ok());
}

}  // namespace
}  // namespace patchbay::workspace
