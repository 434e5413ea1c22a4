#include "patchbay/store/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "support/temp_dir.h"
#include "unit/store/fakes.h"

namespace patchbay::store {
namespace {

using testing::HasSubstr;

struct Audit : testing::Test {
  testing_support::TempDir dir;
  FakeClock clock;
  std::string path = dir.path("logs/audit.log");

  std::unique_ptr<AuditLog> open(AuditLog::Options options = {}) {
    auto log = AuditLog::open(path, options, clock);
    EXPECT_TRUE(log.ok());
    return std::move(log).value();
  }
  static std::vector<Json> lines_of(const std::string& file) {
    std::vector<Json> out;
    const std::string text = *os::read_file(file);
    EXPECT_TRUE(text.empty() || text.ends_with('\n'));
    for (const std::string_view line : split(text, '\n')) {
      if (line.empty()) continue;
      auto parsed = json::parse(line);
      if (parsed.ok())
        out.push_back(*parsed);
      else
        out.push_back(Json("unreadable"));
    }
    return out;
  }
};

TEST_F(Audit, HoldsOneObjectPerLineWithTimeAndNumber) {  // SEC:R3
  auto log = open();
  ASSERT_TRUE(log->write({{"tool", "codex_write_file"}, {"bytes", 5}}, AuditLog::Kind::kMutating).ok());
  ASSERT_TRUE(log->write({{"tool", "codex_read_file"}, {"seq", 99}}, AuditLog::Kind::kMutating).ok());
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(json::get_string(lines[0], "time"), iso8601(clock.wall()));
  EXPECT_EQ(json::get_int(lines[0], "seq"), 1);
  EXPECT_EQ(json::get_int(lines[1], "seq"), 2);
  EXPECT_EQ(json::get_string(lines[0], "tool"), "codex_write_file");
  struct stat st {};
  ASSERT_EQ(::stat(path.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
}

TEST_F(Audit, CannotBeInjectedIntoAndShowsNoSecret) {  // SEC:R1, R2
  auto log = open();
  const Json hostile = {{"path", "a\n{\"tool\":\"fake\"}\r\x1b[2J\xe2\x80\xae"},
                        {"deep", {{"list", {"x\ny", "ghp_x7Kq9ZbT2mWv4RsYp1LdNfGhJcAeUi83oQtX"}}}}};
  ASSERT_TRUE(log->write(hostile, AuditLog::Kind::kMutating).ok());
  const std::string text = *os::read_file(path);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(lines_of(path).size(), 1u);
  EXPECT_EQ(text.find("ghp_x7Kq"), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
}

TEST_F(Audit, GoesOnAfterALineThatWasCutShort) {
  ASSERT_TRUE(open()->write({{"n", 1}}, AuditLog::Kind::kMutating).ok());
  {
    auto file = os::AppendFile::open(path);
    ASSERT_TRUE(file.ok() && file->append("{\"n\":2,\"half").ok());
  }
  ASSERT_TRUE(open()->write({{"n", 3}}, AuditLog::Kind::kMutating).ok());
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(json::get_int(lines[2], "n"), 3);
}

TEST_F(Audit, AMutatingEventFailsWithItsSyncAndTheLogRecovers) {  // SEC:F17, D2
  auto log = open();
  ASSERT_TRUE(log->write({{"n", 1}}, AuditLog::Kind::kMutating).ok());
  {
    const FileFaults fault("fsync", 0, FileFaults::kNever);
    EXPECT_EQ(log->write({{"n", 2}}, AuditLog::Kind::kMutating).error().code, ErrorCode::kIoError);
    EXPECT_TRUE(log->failed());
  }
  EXPECT_TRUE(log->write({{"n", 3}}, AuditLog::Kind::kMutating).ok());
  EXPECT_FALSE(log->failed());
  EXPECT_TRUE(os::exists(path + ".1")) << "the file whose sync failed gets no further line";
  EXPECT_EQ(json::get_int(lines_of(path).at(0), "n"), 3);
}

TEST_F(Audit, AFullDiskIsSaid) {
  auto log = open();
  const FileFaults fault("append", 0, FileFaults::kNever, ENOSPC);
  EXPECT_EQ(log->write({{"n", 1}}, AuditLog::Kind::kReading).error().code, ErrorCode::kDiskFull);
  EXPECT_TRUE(log->failed());
}

TEST_F(Audit, RotatesBySizeAndLosesNoLineOnTheWay) {  // SEC:D11
  auto log = open({.max_bytes = 1000, .old_files = 3});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const auto kind = i % 2 == 0 ? AuditLog::Kind::kMutating : AuditLog::Kind::kReading;
        EXPECT_TRUE(log->write({{"t", t}, {"i", i}, {"pad", std::string(100, 'x')}}, kind).ok());
      }
    });
  }
  for (std::thread& t : threads) t.join();
  log.reset();
  std::set<std::int64_t> numbers;
  for (const char* suffix : {"", ".1", ".2", ".3"}) {
    if (!os::exists(path + suffix)) continue;
    for (const Json& line : lines_of(path + suffix)) EXPECT_TRUE(numbers.insert(json::get_int(line, "seq")).second);
  }
  EXPECT_TRUE(os::exists(path + ".3"));
  EXPECT_FALSE(os::exists(path + ".4"));
  EXPECT_EQ(*numbers.rbegin(), 40);
  EXPECT_EQ(static_cast<std::int64_t>(numbers.size()), 40 - *numbers.begin() + 1) << "no gap after the oldest kept";
}

TEST_F(Audit, ARotationThatFailsDoesNotStopTheLog) {  // SEC:D11
  auto log = open({.max_bytes = 100, .old_files = 2});
  ASSERT_TRUE(os::make_private_dirs(path + ".1/full").ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(log->write({{"n", i}}, AuditLog::Kind::kMutating).ok());
  std::size_t lines = 0;
  for (const char* suffix : {"", ".1", ".2"}) {
    if (os::exists(path + suffix) && !os::is_directory(path + suffix)) lines += lines_of(path + suffix).size();
  }
  EXPECT_EQ(lines, 5u);
}

TEST_F(Audit, RefusesALinkInPlaceOfItsFile) {
  ASSERT_TRUE(os::make_private_dirs(dir.path("logs")).ok());
  ASSERT_TRUE(os::write_file_atomic(dir.path("victim"), "x").ok());
  ASSERT_EQ(::symlink(dir.path("victim").c_str(), path.c_str()), 0);
  EXPECT_FALSE(AuditLog::open(path, {}, clock).ok());
  EXPECT_EQ(*os::read_file(dir.path("victim")), "x");
}

TEST_F(Audit, ReadingEventsAreOnDiskWhenTheLogCloses) {
  open()->write({{"n", 1}}, AuditLog::Kind::kReading).value();
  EXPECT_EQ(lines_of(path).size(), 1u);
}

}  // namespace
}  // namespace patchbay::store
