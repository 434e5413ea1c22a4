#include "patchbay/store/record_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "patchbay/os/file.h"
#include "store/crc32c.h"
#include "store/record_text.h"
#include "support/temp_dir.h"
#include "unit/store/fakes.h"

namespace patchbay::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Loaded {
  LoadReport report;
  std::map<std::string, Json> records;
  std::map<std::string, RecordOrder> orders;
};

struct Records : testing::Test {
  testing_support::TempDir dir;
  std::unique_ptr<RecordStore> store = open();

  std::unique_ptr<RecordStore> open() {
    auto s = RecordStore::open(dir.path("jobs"), dir.path("corrupt"));
    EXPECT_TRUE(s.ok());
    return std::move(s).value();
  }
  static Result<Loaded> load(RecordStore& s) {
    Loaded out;
    std::mutex mutex;
    auto report = s.load_all([&](const std::string& id, const RecordOrder& order, Json&& record) {
      std::lock_guard lock(mutex);
      out.records[id] = std::move(record);
      out.orders[id] = order;
    });
    if (!report.ok()) return report.error();
    out.report = std::move(report).value();
    return out;
  }
  std::string file(const std::string& id) const { return dir.path("jobs/" + id + "/record.json"); }
  unsigned mode_of(const std::string& path) const {
    struct stat st {};
    EXPECT_EQ(::stat(path.c_str(), &st), 0) << path;
    return st.st_mode & 07777u;
  }
};

TEST_F(Records, AreKeptOverARestart) {
  ASSERT_TRUE(store->put("a", {{"n", 1}}).ok());
  ASSERT_TRUE(store->put("b", {{"n", 2}}).ok());
  ASSERT_TRUE(store->put("a", {{"n", 3}}).ok());
  const auto again = open();
  const auto loaded = load(*again);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->report.loaded, 2u);
  EXPECT_EQ(loaded->records.at("a"), Json({{"n", 3}}));
  EXPECT_EQ(*again->get("b"), Json({{"n", 2}}));
}

TEST_F(Records, ArePrivateToTheUser) {
  ASSERT_TRUE(store->put("a", {{"n", 1}}).ok());
  EXPECT_EQ(mode_of(dir.path("jobs")), 0700u);
  EXPECT_EQ(mode_of(store->folder("a")), 0700u);
  EXPECT_EQ(mode_of(file("a")), 0600u);
}

TEST_F(Records, AreOrderedByNumbersThatSurviveARestart) {
  const auto a = store->put("a", {{"n", 1}});
  const auto b = store->put("b", {{"n", 1}});
  const auto a2 = store->put("a", {{"n", 2}});
  ASSERT_TRUE(a.ok() && b.ok() && a2.ok());
  EXPECT_LT(a->created, b->created);
  EXPECT_EQ(a2->created, a->created);
  EXPECT_LT(b->revision, a2->revision);
  const auto again = open();
  const auto loaded = load(*again);
  EXPECT_EQ(loaded->orders.at("a").revision, a2->revision);
  EXPECT_GT(again->put("c", {{"n", 1}})->created, a2->revision);
}

TEST_F(Records, ThatSayTheSameAreNotWrittenAgain) {
  const auto first = store->put("a", {{"n", 1}});
  struct stat before {
  }, after{};
  ASSERT_EQ(::stat(file("a").c_str(), &before), 0);
  const auto second = store->put("a", {{"n", 1}});
  ASSERT_EQ(::stat(file("a").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(first->revision, second->revision);
  EXPECT_EQ(store->skipped_writes(), 1u);
}

TEST_F(Records, RefuseIdsThatAreNoFileName) {
  for (const char* id : {"", ".", "..", "a/b", "../x", "a b", "a.json", "\xc3\xa4"}) {
    EXPECT_EQ(store->put(id, {{"n", 1}}).error().code, ErrorCode::kInvalidArgument) << id;
    EXPECT_EQ(store->get(id).error().code, ErrorCode::kInvalidArgument) << id;
    EXPECT_EQ(store->remove(id).error().code, ErrorCode::kInvalidArgument) << id;
  }
  EXPECT_EQ(store->put(std::string(129, 'a'), Json::object()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store->put("a", Json::array()).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store->put("a", {{"_check", 1}}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Records, ThatCouldNotBeReadBackAreNotWritten) {
  const auto nested = [](int levels) {
    Json v = 1;
    for (int i = 1; i < levels; ++i) v = Json::array({v});
    return Json{{"deep", v}};
  };
  ASSERT_TRUE(store->put("a", nested(64)).ok());
  EXPECT_EQ(*store->get("a"), nested(64));
  EXPECT_EQ(store->put("a", nested(65)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store->put("a", {{"big", std::string(9u << 20, 'x')}}).error().code, ErrorCode::kContentTooLarge);
  EXPECT_EQ(*store->get("a"), nested(64));
}

TEST_F(Records, AreRemovedWithTheirFolder) {
  ASSERT_TRUE(store->put("a", {{"n", 1}}).ok());
  ASSERT_TRUE(os::write_file_atomic(store->folder("a") + "/stdout.log", "x").ok());
  ASSERT_TRUE(store->remove("a").ok());
  EXPECT_FALSE(os::exists(store->folder("a")));
  EXPECT_TRUE(store->remove("a").ok());
  EXPECT_EQ(store->get("a").error().code, ErrorCode::kNotFound);
}

TEST_F(Records, ThatCannotBeReadAreSetAsideWithTheReason) {  // SEC:D3, I5
  ASSERT_TRUE(store->put("good", {{"n", 1}}).ok());
  ASSERT_TRUE(store->put("bad", {{"n", 2}}).ok());
  std::string text = *os::read_file(file("bad"));
  text[text.size() - 4] ^= 1;
  ASSERT_TRUE(os::write_file_atomic(file("bad"), text).ok());
  EXPECT_EQ(store->get("bad").error().code, ErrorCode::kStateCorrupt);

  const auto loaded = load(*open());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->report.loaded, 1u);
  ASSERT_EQ(loaded->report.quarantined.size(), 1u);
  const Quarantined& q = loaded->report.quarantined[0];
  EXPECT_EQ(q.id, "bad");
  EXPECT_THAT(q.reason, HasSubstr("checksum"));
  EXPECT_EQ(*os::read_file(q.moved_to), text) << "kept, byte for byte";
  EXPECT_THAT(*os::read_file(q.moved_to + ".reason"), HasSubstr("checksum"));
  EXPECT_EQ(mode_of(q.moved_to), 0600u);

  const auto next = load(*open());
  EXPECT_THAT(next->report.quarantined, IsEmpty());
  EXPECT_THAT(next->report.without_record, ElementsAre("bad"));
}

TEST_F(Records, ThatAreNoRegularFilesNeitherBlockNorLead) {  // SEC:D3
  for (const char* id : {"fifo", "link", "folder", "empty"})
    ASSERT_TRUE(os::make_private_dirs(dir.path("jobs/") + id).ok());
  ASSERT_EQ(::mkfifo(file("fifo").c_str(), 0600), 0);
  ASSERT_TRUE(os::write_file_atomic(dir.path("target"), "x").ok());
  ASSERT_EQ(::symlink(dir.path("target").c_str(), file("link").c_str()), 0);
  ASSERT_TRUE(os::make_private_dirs(file("folder")).ok());
  ASSERT_TRUE(os::write_file_atomic(file("empty"), "").ok());
  ASSERT_TRUE(os::write_file_atomic(dir.path("jobs/stray"), "x").ok());
  ASSERT_TRUE(store->put("good", {{"n", 1}}).ok());
  const auto loaded = load(*open());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->report.loaded, 1u);
  EXPECT_EQ(loaded->report.quarantined.size(), 4u);
  EXPECT_EQ(*os::read_file(dir.path("target")), "x");
  EXPECT_TRUE(os::exists(dir.path("jobs/stray")));
}

/// A record as a later version would write it.
std::string newer(std::string text) {
  text.replace(text.find("\"schema\": 1"), 11, "\"schema\": 2");
  const std::size_t digits = text.find("\"crc32c\": \"") + 11;
  text.replace(digits, 8, fmt::format("{:08x}", crc32c(text.substr(0, digits) + text.substr(digits + 8))));
  return text;
}

TEST_F(Records, OfANewerVersionStopEverythingUntouched) {  // SEC:F11
  ASSERT_TRUE(store->put("bad", {{"n", 1}}).ok());
  ASSERT_TRUE(store->put("new", {{"n", 2}}).ok());
  ASSERT_TRUE(os::write_file_atomic(file("bad"), "garbage").ok());
  ASSERT_TRUE(os::write_file_atomic(file("new"), newer(*os::read_file(file("new")))).ok());
  const auto again = open();
  const auto loaded = load(*again);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kStateTooNew);
  EXPECT_EQ(error_info(loaded.error().code).exit_code, 65);
  EXPECT_EQ(*os::read_file(file("bad")), "garbage") << "not even the broken one is moved";
  EXPECT_FALSE(os::exists(dir.path("corrupt")));
  EXPECT_EQ(again->put("new", {{"n", 3}}).error().code, ErrorCode::kStateTooNew);
  EXPECT_EQ(again->get("new").error().code, ErrorCode::kStateTooNew);
}

TEST_F(Records, AreLoadedByManyThreadsOnceEach) {
  constexpr int kCount = 700;
  for (int i = 0; i < kCount; ++i) {
    const std::string id = "job-" + std::to_string(i);
    ASSERT_EQ(::mkdir(store->folder(id).c_str(), 0700), 0);
    std::ofstream(file(id)) << seal({static_cast<std::uint64_t>(i + 1), static_cast<std::uint64_t>(i + 1)}, {{"n", i}});
  }
  const auto loaded = load(*open());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->report.loaded, static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i) EXPECT_EQ(loaded->records.at("job-" + std::to_string(i))["n"], Json(i));
}

TEST_F(Records, MayBeWrittenFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        EXPECT_TRUE(store->put("own-" + std::to_string(t), {{"i", i}}).ok());
        EXPECT_TRUE(store->put("shared", {{"t", t}, {"i", i}}).ok());
      }
    });
  }
  for (std::thread& t : threads) t.join();
  const auto loaded = load(*open());
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->report.loaded, 5u);
  for (int t = 0; t < 4; ++t) EXPECT_EQ(loaded->records.at("own-" + std::to_string(t))["i"], Json(24));
  std::set<std::uint64_t> revisions;
  for (const auto& [id, order] : loaded->orders) EXPECT_TRUE(revisions.insert(order.revision).second);
}

TEST_F(Records, LeftoversOfACrashAreSwept) {
  ASSERT_TRUE(store->put("a", {{"n", 1}}).ok());
  ASSERT_TRUE(os::write_file_atomic(store->folder("a") + "/.record.json.pb-0123456789ab", "half").ok());
  ASSERT_TRUE(os::write_file_atomic(store->folder("a") + "/stdout.log", "keep").ok());
  EXPECT_EQ(store->sweep_leftovers(), 1u);
  EXPECT_THAT(*os::list_dir(store->folder("a")), ElementsAre("record.json", "stdout.log"));
}

}  // namespace
}  // namespace patchbay::store
