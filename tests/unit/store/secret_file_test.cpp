#include "patchbay/store/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"
#include "support/temp_dir.h"
#include "unit/store/fakes.h"

namespace patchbay::store {
namespace {

using testing_support::TempDir;

TEST(SecretFile, IsMadeOnceAndStaysTheSame) {  // SEC:A11
  TempDir dir;
  const auto first = load_or_create_secret(dir.path("ref_salt"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->size(), 43u);
  EXPECT_TRUE(load_or_create_secret(dir.path("ref_salt"))->equals(first->reveal()));
  EXPECT_FALSE(load_or_create_secret(dir.path("other"))->equals(first->reveal()));
  struct stat st {};
  ASSERT_EQ(::stat(dir.path("ref_salt").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
}

TEST(SecretFile, ManyAtOnceGetTheSame) {
  TempDir dir;
  std::vector<std::string> got(8);
  std::vector<std::thread> threads;
  for (std::string& slot : got) {
    threads.emplace_back([&] {
      auto s = load_or_create_secret(dir.path("key"));
      if (s.ok()) slot = s->reveal();
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()).size(), 1u);
  EXPECT_EQ(got[0].size(), 43u);
  EXPECT_EQ(os::list_dir(dir.root())->size(), 1u) << "no temporary is left";
}

TEST(SecretFile, ThatOthersMayHaveWrittenIsRefused) {  // SEC:F5
  TempDir dir;
  ASSERT_TRUE(load_or_create_secret(dir.path("key")).ok());
  ASSERT_EQ(::chmod(dir.path("key").c_str(), 0620), 0);
  EXPECT_EQ(load_or_create_secret(dir.path("key")).error().code, ErrorCode::kConfigRefused);
  ASSERT_EQ(::symlink(dir.path("key").c_str(), dir.path("link").c_str()), 0);
  EXPECT_EQ(load_or_create_secret(dir.path("link")).error().code, ErrorCode::kConfigRefused);
}

TEST(SecretFile, ThatIsTooShortIsRefused) {
  TempDir dir;
  ASSERT_TRUE(os::write_file_atomic(dir.path("key"), "abc\n").ok());
  EXPECT_EQ(load_or_create_secret(dir.path("key")).error().code, ErrorCode::kStateCorrupt);
}

TEST(SecretFile, AFailingStepLeavesNoKeyAndNoTemporary) {
  for (const char* step : {"write", "fsync", "rename"}) {
    TempDir dir;
    const FileFaults fault(step, 0, 1, ENOSPC);
    EXPECT_EQ(load_or_create_secret(dir.path("key")).error().code, ErrorCode::kDiskFull) << step;
    EXPECT_TRUE(os::list_dir(dir.root())->empty()) << step;
  }
}

TEST(CreateFileOnce, LeavesWhatIsThereAlone) {
  TempDir dir;
  ASSERT_TRUE(os::create_file_once(dir.path("f"), "first").ok());
  EXPECT_EQ(os::create_file_once(dir.path("f"), "second").error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(*os::read_file(dir.path("f")), "first");
}

}  // namespace
}  // namespace patchbay::store
