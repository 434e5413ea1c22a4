#include "app/state_store.h"

#include <gtest/gtest.h>

#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::app {
namespace {

const WallTime kNow = from_epoch_seconds(1'800'000'000);

/// One life of the owner: a database object and what the protocol keeps in it.
struct Life {
  explicit Life(const testing_support::TempDir& dir)
      : db(dir.path("state.db"), dir.path("corrupt"), system_clock()), store(db, os::exists(dir.path("state.db"))) {}
  store::StateDb db;
  DurableStateStore store;
};

mcp::HandleRecord handle(const std::string& credential, WallTime used = kNow) {
  return {credential, "scope-" + credential, mcp::ScopeKind::kSession, kNow, used};
}

struct StateStoreTest : testing::Test {
  testing_support::TempDir dir;
};

TEST_F(StateStoreTest, LookUpsInANewHomeMakeNoDatabase) {
  Life life(dir);
  EXPECT_FALSE(life.store.find_scope("s").has_value());
  EXPECT_FALSE((*life.store.find_handle("h")).has_value());
  EXPECT_FALSE((*life.store.find_result("r")).has_value());
  EXPECT_FALSE(life.store.has_tombstone("t"));
  EXPECT_FALSE(os::exists(dir.path("state.db")));
}

TEST_F(StateStoreTest, EverythingSurvivesARestart) {  // Q3, B7, G11
  {
    Life life(dir);
    ASSERT_TRUE(life.store.put_handle("h", handle("alice")).ok());
    ASSERT_TRUE(life.store.put_scope("s", {mcp::Mode::kFull, "label", kNow}).ok());
    ASSERT_TRUE(life.store.put_result("r", {"digest", "{\"text\":\"line\\nline\"}", kNow}).ok());
    ASSERT_TRUE(life.store.add_tombstone("t", system_clock().wall() + std::chrono::hours(1)).ok());
  }
  Life life(dir);
  const auto h = *life.store.find_handle("h");
  ASSERT_TRUE(h.has_value());
  EXPECT_EQ(h->credential, "alice");
  EXPECT_EQ(h->scope_key, "scope-alice");
  EXPECT_EQ(h->minted_by, mcp::ScopeKind::kSession);
  EXPECT_EQ(h->created, kNow);
  const auto s = life.store.find_scope("s");
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->mode, mcp::Mode::kFull);
  EXPECT_EQ(s->label, "label");
  const auto r = *life.store.find_result("r");
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->arguments_digest, "digest");
  EXPECT_EQ(r->result, "{\"text\":\"line\\nline\"}");
  EXPECT_EQ(r->stored, kNow);
  EXPECT_TRUE(life.store.has_tombstone("t"));
}

TEST_F(StateStoreTest, LastSeenTimeAloneIsWrittenByFlush) {
  Life life(dir);
  ASSERT_TRUE(life.store.put_scope("s", {{}, "label", kNow}).ok());
  EXPECT_FALSE(os::exists(dir.path("state.db")));
  life.store.flush();
  EXPECT_EQ(Life(dir).store.find_scope("s")->label, "label");
}

TEST_F(StateStoreTest, TheEndOfAScopeIsWrittenAtOnceWhereThereIsADatabase) {  // 7.4
  Life life(dir);
  ASSERT_TRUE(life.store.put_scope("s", {{}, "label", kNow}).ok());
  ASSERT_TRUE(life.store.put_scope("s", {{}, "label", kNow, true}).ok());
  EXPECT_FALSE(os::exists(dir.path("state.db"))) << "nobody who comes later knows of it";
  ASSERT_TRUE(life.store.put_scope("s", {{}, "label", kNow}).ok());
  life.store.flush();
  ASSERT_TRUE(life.store.put_scope("s", {{}, "label", kNow, true}).ok());
  EXPECT_TRUE(Life(dir).store.find_scope("s")->ended);
}

TEST_F(StateStoreTest, NonceIsGoodOnce) {  // M27
  Life life(dir);
  EXPECT_TRUE(*life.store.use_nonce("n", kNow));
  EXPECT_FALSE(*life.store.use_nonce("n", kNow));
}

TEST_F(StateStoreTest, DroppedHandleIsGoneAfterARestartToo) {
  {
    Life life(dir);
    ASSERT_TRUE(life.store.put_handle("h", handle("alice")).ok());
    life.store.drop_handle("h");
    EXPECT_FALSE((*life.store.find_handle("h")).has_value());
  }
  Life life(dir);
  EXPECT_FALSE((*life.store.find_handle("h")).has_value());
}

TEST_F(StateStoreTest, SweepRemovesWhatIsPastItsTimeAndNothingElse) {
  const std::chrono::hours hour{1};
  {
    Life life(dir);
    ASSERT_TRUE(life.store.put_handle("idle", handle("a", kNow - 48 * hour)).ok());
    ASSERT_TRUE(life.store.put_handle("fresh", handle("a", kNow)).ok());
    ASSERT_TRUE(life.store.put_scope("old", {mcp::Mode::kFull, "", kNow - 48 * hour}).ok());
    ASSERT_TRUE(life.store.put_scope("new", {mcp::Mode::kFull, "", kNow}).ok());
    ASSERT_TRUE(life.store.put_result("old", {"d", "{}", kNow - 48 * hour}).ok());
    ASSERT_TRUE(life.store.put_result("new", {"d", "{}", kNow}).ok());
    life.store.sweep({.now = kNow,
                      .handles_idle_since = kNow - 24 * hour,
                      .handles_made_before = kNow - 24 * 7 * hour,
                      .results_before = kNow - 24 * hour,
                      .scopes_before = kNow - 24 * hour});
  }
  Life life(dir);
  EXPECT_FALSE((*life.store.find_handle("idle")).has_value());
  EXPECT_TRUE((*life.store.find_handle("fresh")).has_value());
  EXPECT_FALSE(life.store.find_scope("old").has_value());
  EXPECT_TRUE(life.store.find_scope("new").has_value());
  EXPECT_FALSE((*life.store.find_result("old")).has_value());
  EXPECT_TRUE((*life.store.find_result("new")).has_value());
}

}  // namespace
}  // namespace patchbay::app
