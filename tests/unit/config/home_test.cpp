#include "patchbay/config/home.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/config/place.h"

namespace patchbay::config {
namespace {

using testing::HasSubstr;
using testing_support::TempDir;

TEST(Home, IsPatchbayHomeElseADotFolder) {
  EXPECT_EQ(Home::locate({{"PATCHBAY_HOME", "/srv/pb/"}}, "/w")->root(), "/srv/pb");
  EXPECT_EQ(Home::locate({{"PATCHBAY_HOME", "state"}}, "/w")->root(), "/w/state");
  EXPECT_EQ(Home::locate({{"HOME", "/home/u"}}, "/w")->root(), "/home/u/.patchbay");
  EXPECT_EQ(Home::locate({{"PATCHBAY_HOME", ""}, {"HOME", "/home/u"}}, "/w")->root(), "/home/u/.patchbay");
}

TEST(Home, NamesEveryFile) {
  const Home home("/h");
  EXPECT_EQ(home.config_file(), "/h/config.yaml");
  EXPECT_EQ(home.owner_lock(), "/h/run/owner.lock");
  EXPECT_EQ(home.owner_socket(), "/h/run/owner.sock");
  EXPECT_EQ(home.state_db(), "/h/runtime/state.db");
  EXPECT_EQ(home.jobs_dir(), "/h/runtime/jobs");
  EXPECT_EQ(home.audit_log(), "/h/runtime/logs/audit.log");
  EXPECT_EQ(home.token_file(), "/h/token");
  EXPECT_EQ(home.ref_salt(), "/h/ref_salt");
  EXPECT_EQ(workspace_file_id("/srv/repo").size(), 24u);
  EXPECT_EQ(home.profile("/srv/repo"), "/h/profiles/" + workspace_file_id("/srv/repo") + ".json");
  EXPECT_EQ(home.runtime_config("/srv/repo"), "/h/runtime/" + workspace_file_id("/srv/repo") + ".yaml");
}

TEST(Home, IsMadeWithMode0700) {
  TempDir dir;
  const Home home(dir.path("a/b"));
  ASSERT_TRUE(home.prepare().ok());
  struct stat st {};
  ASSERT_EQ(::stat(home.root().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0700u);
  EXPECT_TRUE(home.prepare().ok());
}

TEST(Home, ThatOthersMayWriteOrThatIsALinkIsRefused) {  // SEC:F5
  TempDir dir;
  const Home home(dir.path("h"));
  ASSERT_TRUE(home.prepare().ok());
  for (const mode_t mode : {0720, 0702, 0777}) {
    ASSERT_EQ(::chmod(home.root().c_str(), mode), 0);
    const Status s = home.prepare();
    ASSERT_FALSE(s.ok());
    EXPECT_EQ(s.error().code, ErrorCode::kConfigRefused);
    EXPECT_THAT(s.error().message, HasSubstr("can be written by other users"));
  }
  ASSERT_EQ(::chmod(home.root().c_str(), 0700), 0);
  ASSERT_EQ(::symlink(home.root().c_str(), dir.path("link").c_str()), 0);
  EXPECT_THAT(Home(dir.path("link")).prepare().error().message, HasSubstr("symbolic link"));
  ASSERT_TRUE(os::write_file_atomic(dir.path("file"), "x").ok());
  EXPECT_EQ(Home(dir.path("file")).prepare().error().code, ErrorCode::kConfigRefused);
}

TEST(Home, OfAnotherUserIsRefused) {  // SEC:F5
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  TempDir dir;
  const Home home(dir.path("h"));
  ASSERT_TRUE(home.prepare().ok());
  ASSERT_EQ(::chown(home.root().c_str(), 12345, 12345), 0);
  EXPECT_THAT(home.prepare().error().message, HasSubstr("belongs to another user"));
}

TEST(Home, BelowTmpIsWarnedAbout) {
  EXPECT_EQ(Home("/tmp/x").warnings().size(), 1u);
  EXPECT_EQ(Home("/var/tmp/x").warnings().size(), 1u);
  EXPECT_TRUE(Home("/home/u/.patchbay").warnings().empty());
  EXPECT_TRUE(Home("/tmpfiles/x").warnings().empty());
}

}  // namespace
}  // namespace patchbay::config
