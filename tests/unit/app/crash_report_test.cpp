#include "patchbay/app/crash_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::app {
namespace {

using testing::HasSubstr;

constexpr char kNote[] =
    "PatchBay ended by a fatal signal\nsignal: SIGSEGV\ntime: 1750000000\nversion: 1.2.3\nthread: patchbay\npid: 7\n"
    "stack:\n./patchbay(+0x1) [0x55]\n";

struct CrashReportTest : testing::Test {
  CrashReportTest() : home(dir.path("home")) { (void)os::make_private_dirs(home.run_dir()); }
  testing_support::TempDir dir;
  config::Home home;
};

TEST_F(CrashReportTest, CrashIsToldOnceAndStaysOnRecord) {  // SEC:S14
  ASSERT_TRUE(os::write_file_atomic(home.crash_note(), kNote).ok());
  auto crash = crash_on_record(home);
  ASSERT_TRUE(crash.has_value());
  EXPECT_FALSE(crash->told);
  EXPECT_THAT(sentence(*crash), HasSubstr("SIGSEGV"));
  EXPECT_THAT(sentence(*crash), HasSubstr("1.2.3"));
  EXPECT_THAT(sentence(*crash), HasSubstr("2025-06-15T"));
  EXPECT_THAT(sentence(*crash), HasSubstr(home.crash_note()));
  tell_crash(home);
  EXPECT_FALSE(os::exists(home.crash_note()));
  crash = crash_on_record(home);
  ASSERT_TRUE(crash.has_value());
  EXPECT_TRUE(crash->told);
  EXPECT_EQ(*os::read_file(home.last_crash()), kNote);
  tell_crash(home);
  EXPECT_TRUE(crash_on_record(home)->told);
}

TEST_F(CrashReportTest, NoNoteAndNoReadableNoteAreNoCrash) {
  EXPECT_FALSE(crash_on_record(home).has_value());
  ASSERT_TRUE(os::write_file_atomic(home.crash_note(), "half").ok());
  EXPECT_FALSE(crash_on_record(home).has_value());
  tell_crash(home);
  EXPECT_FALSE(os::exists(home.crash_note()));
  EXPECT_FALSE(os::exists(home.last_crash()));
}

}  // namespace
}  // namespace patchbay::app
