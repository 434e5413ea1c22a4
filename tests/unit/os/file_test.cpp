#include "patchbay/os/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "support/temp_dir.h"

namespace patchbay::os {
namespace {

using testing_support::TempDir;

std::string g_failing_step;
int fail_at(std::string_view step, const std::string&) { return step == g_failing_step ? ENOSPC : 0; }

TEST(AtomicFile, ReplacesAsAWholeWithMode0600) {
  TempDir dir;
  const std::string path = dir.path("record.json");
  ASSERT_TRUE(write_file_atomic(path, "old").ok());
  ASSERT_TRUE(write_file_atomic(path, "new").ok());
  EXPECT_EQ(*read_file(path), "new");
  struct stat st {};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
}

TEST(AtomicFile, AFailingStepLeavesTheOldContentAndNoTemporary) {  // SEC:D1, D7, P17
  TempDir dir;
  const std::string path = dir.path("record.json");
  ASSERT_TRUE(write_file_atomic(path, "old").ok());
  for (const char* step : {"write", "fsync", "rename"}) {
    g_failing_step = step;
    set_file_fault_hook(&fail_at);
    const Status s = write_file_atomic(path, "new");
    set_file_fault_hook(nullptr);
    ASSERT_FALSE(s.ok()) << step;
    EXPECT_EQ(s.error().code, ErrorCode::kDiskFull);
    EXPECT_EQ(*read_file(path), "old");
    EXPECT_EQ(list_dir(dir.root())->size(), 1u) << step;
  }
}

TEST(ReadFile, NeverBlocksOnAFifo) {
  TempDir dir;
  ASSERT_EQ(::mkfifo(dir.path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(dir.path("pipe")).error().code, ErrorCode::kNotAFile);
}

TEST(RemoveTree, RemovesLinksNotTheirTargets) {
  TempDir dir;
  ASSERT_TRUE(make_private_dirs(dir.path("a/b")).ok());
  ASSERT_TRUE(write_file_atomic(dir.path("keep"), "x").ok());
  ASSERT_EQ(::symlink(dir.path("keep").c_str(), dir.path("a/b/link").c_str()), 0);
  ASSERT_EQ(::chmod(dir.path("a/b").c_str(), 0), 0);
  ASSERT_TRUE(remove_tree(dir.path("a")).ok());
  EXPECT_FALSE(exists(dir.path("a")));
  EXPECT_TRUE(exists(dir.path("keep")));
}

TEST(Paths, WithinIsByComponent) {  // SEC:P1
  EXPECT_TRUE(is_within("/srv/repo", "/srv/repo"));
  EXPECT_TRUE(is_within("/srv/repo/", "/srv/repo/x"));
  EXPECT_FALSE(is_within("/srv/repo", "/srv/repo-evil"));
  EXPECT_TRUE(is_within("/", "/anything"));
  EXPECT_EQ(parent_of("/a/b/"), "/a");
  EXPECT_EQ(base_name("/a/b/"), "b");
}

}  // namespace
}  // namespace patchbay::os
