#include <signal.h>

#include "git/helper_pool.h"
#include "git_fixture.h"
#include "support/patience.h"

namespace patchbay::git {
namespace {

class ClientTest : public GitTest {
 protected:
  ClientTest() {
    put("f", "1\n");
    commit_all();
  }
  static std::vector<pid_t> helpers() { return os::descendants(::getpid()); }
};

TEST_F(ClientTest, OneHelperServesManyCalls) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client->status(target()).ok());
  EXPECT_EQ(client->helper_count(), 1);
}

TEST_F(ClientTest, CallsRunSideBySideUpToTheLimitAndOthersWait) {
  ClientOptions o = options();
  o.max_helpers = 3;
  Client c(o);
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) good += c.status(target()).ok();
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(good, 120);
  EXPECT_LE(c.helper_count(), 3);
  EXPECT_GE(c.helper_count(), 1);
}

TEST_F(ClientTest, ExtraHelpersEndWhenTheyIdle) {
  ClientOptions o = options();
  o.idle_end = std::chrono::milliseconds(50);
  Client c(o);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) (void)c.status(target());
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_TRUE(testing_support::eventually([&] { return c.helper_count() == 1; }));
  EXPECT_TRUE(c.status(target()).ok());
}

TEST_F(ClientTest, AHelperThatDiedWhileIdleIsReplacedUnnoticed) {
  must(client->status(target()));
  const auto before = helpers();
  ASSERT_EQ(before.size(), 1u);
  ASSERT_EQ(::kill(before[0], SIGKILL), 0);
  // At once: whether it already looks dead must not matter.
  EXPECT_TRUE(client->status(target()).ok());
  EXPECT_EQ(client->helper_count(), 1);
}

TEST_F(ClientTest, HelpersEndWithTheirClient) {
  must(client->status(target()));
  ASSERT_EQ(helpers().size(), 1u);
  client.reset();
  EXPECT_TRUE(helpers().empty());
}

TEST_F(ClientTest, AHelperThatMissesItsDeadlineIsKilled) {
  ASSERT_EQ(::unlink((root + "/.git/refs/heads/main").c_str()), 0);
  ASSERT_EQ(::mkfifo((root + "/.git/refs/heads/main").c_str(), 0600), 0);
  ClientOptions o = options();
  o.read_deadline = std::chrono::milliseconds(300);
  Client c(o);
  EXPECT_EQ(code_of(c.head(target())), "timeout");
  EXPECT_EQ(c.helper_count(), 0);
  EXPECT_TRUE(helpers().empty());
}

TEST_F(ClientTest, AMissingHelperProgramIsAnError) {
  ClientOptions o;
  o.helper = {dir.path("no such program")};
  Client c(o);
  EXPECT_EQ(code_of(c.status(target())), "spawn_failed");
  EXPECT_EQ(c.helper_count(), 0);
}

TEST_F(ClientTest, AProgramThatIsNoHelperIsAnErrorAndNotAHang) {
  ClientOptions o;
  o.helper = {"/bin/true"};
  Client c(o);
  EXPECT_EQ(code_of(c.status(target())), "io_error");
}

TEST(WireTest, BytesThatAreNoUtf8SurviveTheRoundTrip) {
  StatusReport in;
  in.branch.name = "b\xff";
  in.layout.inode = 0xfedcba9876543210u;
  in.entries.push_back({"na\xc3\xafve \xfe\n\"x", '?', '?', std::nullopt});
  in.entries.push_back({"new", 'R', ' ', std::string("\0old", 4)});
  std::string raw;
  const Json json = wire::write(in, raw);
  StatusReport out;
  ASSERT_TRUE(wire::read(Json::parse(json.dump()), raw, out));
  EXPECT_EQ(out.branch.name, in.branch.name);
  EXPECT_EQ(out.layout.inode, in.layout.inode);
  EXPECT_EQ(out.entries[0].path, in.entries[0].path);
  EXPECT_EQ(out.entries[1].orig_path, in.entries[1].orig_path);
}

TEST(WireTest, LongTextsTravelRaw) {
  Diff in;
  in.text = std::string(1000, '\xff') + "text";
  std::string raw = "before";
  const Json json = wire::write(in, raw);
  EXPECT_EQ(raw.size(), 6u + 1004u);
  EXPECT_LT(json.dump().size(), 400u);
  Diff out;
  ASSERT_TRUE(wire::read(json, raw, out));
  EXPECT_EQ(out.text, in.text);
}

TEST(WireTest, WhatIsMissingOrOfAnotherTypeIsRefused) {
  Branch b;
  EXPECT_FALSE(wire::read(Json::parse(R"({"name":"x"})"), {}, b));
  EXPECT_FALSE(wire::read(Json::parse("[]"), {}, b));
  Blob blob;
  Json json = Json::parse(R"({"exists":true,"mode":1,"id":"","size":5,"bytes":[3,4]})");
  EXPECT_FALSE(wire::read(json, "12345", blob));
  EXPECT_TRUE(wire::read(json, "1234567", blob));
  EXPECT_EQ(blob.bytes, "4567");
}

}  // namespace
}  // namespace patchbay::git
