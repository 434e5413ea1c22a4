#include "patchbay/os/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "patchbay/os/private_file.h"
#include "patchbay/os/socket.h"
#include "support/temp_dir.h"

namespace patchbay::os {
namespace {

TEST(Program, RemembersWhatTheOperatorStartedItWith) {  // SEC:P14, C12
  const std::size_t files = original_open_files();
  ::umask(027);
  EXPECT_EQ(operator_umask(), 027u);
  set_private_umask();
  set_private_umask();
  raise_open_files(1u << 20);
  EXPECT_EQ(operator_umask(), 027u);
  EXPECT_EQ(original_open_files(), files);
}

TEST(Socket, ListensForItsOwnUserOnly) {
  testing_support::TempDir dir;
  const mode_t before = ::umask(0);
  const auto listener = listen_unix(dir.path("owner.sock"));
  ::umask(before);
  ASSERT_TRUE(listener.ok());
  EXPECT_EQ(file_facts(dir.path("owner.sock"))->mode & 0777, 0600u);
  EXPECT_TRUE(connect_unix(dir.path("owner.sock")).ok());
}

}  // namespace
}  // namespace patchbay::os
