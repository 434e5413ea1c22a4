// What the owner makes of changes of jobs: news for readers, and a look at Codex's settings.

#include <gtest/gtest.h>

#include "app/codex_config_watch.h"
#include "app/resources.h"
#include "patchbay/base/hash.h"
#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::app {
namespace {

using Change = jobs::Jobs::Change;
using jobs::JobState;

jobs::JobRecord job(const std::string& id, JobState state) {
  jobs::JobRecord record;
  record.job_id = id;
  record.state = state;
  return record;
}

TEST(JobNewsTest, EveryNewStateIsNewsOnce) {  // B6
  JobNews news;
  EXPECT_TRUE(news.is_news(job("a", JobState::kPending), Change::kUpdated));
  EXPECT_TRUE(news.is_news(job("a", JobState::kRunning), Change::kUpdated));
  EXPECT_FALSE(news.is_news(job("a", JobState::kRunning), Change::kUpdated)) << "only progress";
  EXPECT_TRUE(news.is_news(job("b", JobState::kRunning), Change::kUpdated));
  EXPECT_TRUE(news.is_news(job("a", JobState::kCompleted), Change::kUpdated));
  EXPECT_FALSE(news.is_news(job("a", JobState::kCompleted), Change::kUpdated));
}

TEST(JobNewsTest, RemovalIsNewsForWhoKnewTheJob) {
  JobNews news;
  EXPECT_FALSE(news.is_news(job("a", JobState::kCompleted), Change::kRemoved));
  EXPECT_TRUE(news.is_news(job("a", JobState::kCompleted), Change::kUpdated));
  EXPECT_TRUE(news.is_news(job("a", JobState::kCompleted), Change::kRemoved));
  EXPECT_FALSE(news.is_news(job("a", JobState::kCompleted), Change::kRemoved));
}

struct CodexConfigWatchTest : testing::Test {
  void look(const std::string& id, JobState state) { watch.look(job(id, state), Change::kUpdated); }
  void write(const std::string& text) { ASSERT_TRUE(os::write_file_atomic(dir.path("config.toml"), text).ok()); }
  testing_support::TempDir dir;
  std::vector<CodexConfigWatch::Change> told;
  CodexConfigWatch watch{dir.root(), [this](const CodexConfigWatch::Change& c) { told.push_back(c); }};
};

TEST_F(CodexConfigWatchTest, ChangeDuringATurnIsToldWithTheJobAndBothDigests) {  // SEC:C13
  write("model = \"a\"\n");
  look("one", JobState::kPending);
  look("one", JobState::kRunning);
  write("model = \"a\"\n[projects.\"/srv\"]\ntrust_level = \"trusted\"\n");
  look("one", JobState::kRunning);
  EXPECT_TRUE(told.empty()) << "the turn is not over";
  look("one", JobState::kCompleted);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].job_id, "one");
  EXPECT_EQ(told[0].before, sha256_hex("model = \"a\"\n"));
  EXPECT_EQ(told[0].after, sha256_hex(*os::read_file(dir.path("config.toml"))));
  look("one", JobState::kCompleted);
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(CodexConfigWatchTest, NothingIsToldWhileItStaysTheSame) {
  look("one", JobState::kRunning);
  look("one", JobState::kFailed);
  write("x = 1\n");
  look("two", JobState::kRunning);
  look("two", JobState::kCancelled);
  look("from an earlier owner", JobState::kCompleted);
  EXPECT_TRUE(told.empty());
}

TEST_F(CodexConfigWatchTest, FileThatAppearsAndOneThatGoesAreChanges) {
  look("one", JobState::kRunning);
  write("x = 1\n");
  look("one", JobState::kCompleted);
  look("two", JobState::kRunning);
  ASSERT_TRUE(os::remove_file(dir.path("config.toml")).ok());
  look("two", JobState::kCompleted);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].before, "");
  EXPECT_EQ(told[1].after, "");
}

TEST_F(CodexConfigWatchTest, OneChangeUnderTwoTurnsIsToldOnce) {
  look("one", JobState::kRunning);
  look("two", JobState::kRunning);
  write("x = 1\n");
  look("one", JobState::kCompleted);
  look("two", JobState::kCompleted);
  EXPECT_EQ(told.size(), 1u);
}

}  // namespace
}  // namespace patchbay::app
