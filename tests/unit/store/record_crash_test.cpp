#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patchbay/base/ids.h"
#include "patchbay/os/file.h"
#include "patchbay/store/record_store.h"
#include "support/temp_dir.h"
#include "unit/store/fakes.h"

// What a crash or a failing disk may leave behind: the old record or the new one, never a third thing, and
// never an acknowledgement for what is not there (SEC:D1, D2, I4, I5).

namespace patchbay::store {
namespace {

constexpr const char* kSteps[] = {"write", "fsync", "rename", "fsync_dir"};

struct Crash : testing::Test {
  testing_support::TempDir dir;

  std::unique_ptr<RecordStore> open() {
    return std::move(RecordStore::open(dir.path("jobs"), dir.path("corrupt"))).value();
  }
  /// What a fresh process finds under the id; null when there is nothing. Nothing may ever be unreadable.
  Json found(const std::string& id) {
    Json out;
    std::mutex mutex;
    const auto report = open()->load_all([&](const std::string& at, const RecordOrder&, Json&& record) {
      std::lock_guard lock(mutex);
      if (at == id) out = std::move(record);
    });
    EXPECT_TRUE(report.ok());
    EXPECT_TRUE(report->quarantined.empty());
    return out;
  }
  std::size_t files() { return os::list_dir(dir.path("jobs/a"))->size(); }
};

TEST_F(Crash, AStepThatFailsOnceIsMadeGoodWithAFreshFile) {  // SEC:D2
  for (const char* step : kSteps) {
    auto store = open();
    ASSERT_TRUE(store->put("a", {{"step", step}, {"v", "old"}}).ok());
    {
      const FileFaults fault(step, 0, 1);
      EXPECT_TRUE(store->put("a", {{"step", step}, {"v", "new"}}).ok()) << step;
    }
    EXPECT_EQ(found("a")["v"], Json("new")) << step;
    EXPECT_EQ(files(), 1u) << step;
  }
}

TEST_F(Crash, AStepThatKeepsFailingIsNeverAcknowledged) {  // SEC:D2, I4
  for (const char* step : kSteps) {
    auto store = open();
    const Json old_record = {{"step", step}, {"v", "old"}}, new_record = {{"step", step}, {"v", "new"}};
    ASSERT_TRUE(store->put("a", old_record).ok());
    {
      const FileFaults fault(step, 0, FileFaults::kNever);
      const auto put = store->put("a", new_record);
      ASSERT_FALSE(put.ok()) << step;
      EXPECT_EQ(put.error().code, ErrorCode::kDegradedReadonly) << step;
    }
    const Json now = found("a");
    EXPECT_TRUE(now == old_record || now == new_record) << step;
    EXPECT_EQ(files(), 1u) << step;
  }
}

TEST_F(Crash, AFullDiskIsSaidAndNotTriedAgain) {  // SEC:D7
  for (const char* step : kSteps) {
    auto store = open();
    ASSERT_TRUE(store->put("a", {{"step", step}}).ok());
    const FileFaults fault(step, 0, 1, ENOSPC);
    EXPECT_EQ(store->put("a", {{"step", step}, {"more", 1}}).error().code, ErrorCode::kDiskFull) << step;
  }
}

TEST_F(Crash,
       AnEqualRecordIsWrittenAgainAfterAFailure) {  // else the retry would acknowledge what may not be there
  auto store = open();
  ASSERT_TRUE(store->put("a", {{"v", 1}}).ok());
  {
    const FileFaults fault("fsync_dir", 0, FileFaults::kNever);
    ASSERT_FALSE(store->put("a", {{"v", 2}}).ok());
  }
  ASSERT_EQ(found("a")["v"], Json(2)) << "the rename happened, so the file reads new";
  {
    const FileFaults fault("fsync", 0, FileFaults::kNever);
    EXPECT_FALSE(store->put("a", {{"v", 2}}).ok()) << "no skipping while nothing proves it";
  }
  EXPECT_TRUE(store->put("a", {{"v", 2}}).ok());
  EXPECT_EQ(store->skipped_writes(), 0u);
  EXPECT_TRUE(store->put("a", {{"v", 2}}).ok());
  EXPECT_EQ(store->skipped_writes(), 1u);
}

TEST_F(Crash, TheFirstWriteMakesTheFoldersNameDurableToo) {  // SEC:D1
  auto store = open();
  {
    const FileFaults fault("fsync_dir", 0, FileFaults::kNever);
    ASSERT_FALSE(store->put("a", {{"v", 1}}).ok());
  }
  ASSERT_TRUE(os::is_directory(store->folder("a")));
  const FileFaults second_folder_sync("fsync_dir", 1, FileFaults::kNever);
  EXPECT_FALSE(store->put("a", {{"v", 1}}).ok()) << "both folders are synced, though the folder exists by now";
}

TEST_F(Crash, AFailedFirstWriteLeavesNoRecord) {
  for (const char* step : {"write", "fsync", "rename"}) {
    auto store = open();
    const FileFaults fault(step, 0, FileFaults::kNever);
    const std::string id = std::string("first-") + step;
    ASSERT_FALSE(store->put(id, {{"v", 1}}).ok());
    os::set_file_fault_hook(nullptr);
    EXPECT_TRUE(found(id).is_null()) << step;
  }
}

std::string g_kill_step;
int kill_at(std::string_view step, const std::string&) {
  if (step == g_kill_step) ::kill(::getpid(), SIGKILL);
  return 0;
}

TEST_F(Crash, AKillAtAnyStepLeavesTheOldOrTheNewRecord) {  // SEC:D1, I5
  for (const char* step : kSteps) {
    ASSERT_TRUE(open()->put("a", {{"step", step}, {"v", "old"}}).ok());
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = RecordStore::open(dir.path("jobs"), dir.path("corrupt"));
      g_kill_step = step;
      os::set_file_fault_hook(&kill_at);
      (void)(*store)->put("a", {{"step", step}, {"v", "new"}});
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << step;
    const Json now = found("a");
    ASSERT_TRUE(now.is_object()) << step;
    EXPECT_TRUE(now["v"] == Json("old") || now["v"] == Json("new")) << step;
    EXPECT_EQ(now["step"], Json(step));
  }
  EXPECT_GE(open()->sweep_leftovers(), 1u);
  EXPECT_EQ(files(), 1u);
}

TEST_F(Crash, AKillInARandomMomentNeverCostsAnAcknowledgedRecord) {  // SEC:I4
  for (int round = 0; round < 12; ++round) {
    int acknowledged[2];
    ASSERT_EQ(::pipe(acknowledged), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(acknowledged[0]);
      auto store = RecordStore::open(dir.path("jobs"), dir.path("corrupt"));
      for (int i = 0;; ++i) {
        if (!(*store)->put("a", {{"round", round}, {"i", i}, {"pad", std::string(2000, 'x')}}).ok()) ::_exit(1);
        if (::write(acknowledged[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(acknowledged[1]);
    int last = -1, seen = -1;
    const int until = 1 + static_cast<unsigned char>(random_bytes(1)[0]) % 5;
    while (seen < until && ::read(acknowledged[0], &seen, sizeof seen) == sizeof seen) last = seen;
    ::kill(child, SIGKILL);
    while (::read(acknowledged[0], &seen, sizeof seen) == sizeof seen) last = seen;
    ::close(acknowledged[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    const Json now = found("a");
    ASSERT_TRUE(now.is_object());
    EXPECT_EQ(now["round"], Json(round));
    EXPECT_GE(json::get_int(now, "i"), last);
  }
}

}  // namespace
}  // namespace patchbay::store
