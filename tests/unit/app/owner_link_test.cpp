#include "patchbay/app/owner_link.h"

#include <gtest/gtest.h>

#include <thread>

#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/os/socket.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::app {
namespace {

MonoTime in(std::chrono::milliseconds span) { return std::chrono::steady_clock::now() + span; }

struct OwnerLinkTest : testing::Test {
  OwnerLinkTest() : home(dir.path("home")) { (void)os::make_private_dirs(home.run_dir()); }

  OwnerInfo own_info() const {
    OwnerInfo info;
    info.process = *os::identify(os::current_pid());
    info.version = "1";
    info.http_url = "http://127.0.0.1:1";
    info.settings = "abc";
    info.background = true;
    return info;
  }

  testing_support::TempDir dir;
  config::Home home;
};

TEST_F(OwnerLinkTest, InfoSurvivesItsText) {
  const auto read = OwnerInfo::from_text(own_info().to_text());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->process.pid, os::current_pid());
  EXPECT_EQ(read->process.boot_id, own_info().process.boot_id);
  EXPECT_EQ(read->http_url, "http://127.0.0.1:1");
  EXPECT_EQ(read->settings, "abc");
  EXPECT_TRUE(read->background);
}

TEST_F(OwnerLinkTest, GarbageIsNoInfo) {
  for (const char* text : {"", "x", "{}", R"({"pid":-1})", R"({"pid":"7"})"}) {
    EXPECT_FALSE(OwnerInfo::from_text(text).has_value()) << text;
  }
}

TEST_F(OwnerLinkTest, OwnerIsFoundOnlyWhileItHoldsTheLock) {
  auto lock = take_owner_lock(home, {});
  ASSERT_TRUE(lock.ok() && lock->held());
  ASSERT_TRUE(lock->set_info(own_info().to_text()).ok());
  const auto found = find_owner(home);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->process.pid, os::current_pid());
  lock->release();
  EXPECT_FALSE(find_owner(home).has_value());
}

TEST_F(OwnerLinkTest, TextOfACrashedOwnerIsNotBelieved) {
  auto lock = take_owner_lock(home, {});
  OwnerInfo stale = own_info();
  stale.process.start_ticks += 1;
  ASSERT_TRUE(lock->set_info(stale.to_text()).ok());
  EXPECT_FALSE(find_owner(home).has_value());
}

TEST_F(OwnerLinkTest, LockIsTakenWhenItsHolderLeavesInTime) {
  auto first = take_owner_lock(home, {});
  ASSERT_TRUE(first->held());
  EXPECT_FALSE(take_owner_lock(home, in(std::chrono::milliseconds(50)))->held());
  std::thread leaving([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    first->release();
  });
  EXPECT_TRUE(take_owner_lock(home, testing_support::end_of_patience())->held());
  leaving.join();
}

TEST_F(OwnerLinkTest, AskingWithoutAnOwnerIsNotFound) {
  const auto answer = ask_owner(home, Json{{"control", "status"}}, std::chrono::seconds(1));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kNotFound);
}

TEST_F(OwnerLinkTest, BackgroundOwnerThatRefusesIsReportedWithItsLastWords) {
  const auto socket = reach_owner(home, {"/bin/sh", "-c", "echo 'security.x is unknown' >&2; exit 78"},
                                  testing_support::end_of_patience());
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.error().code, ErrorCode::kConfigRefused);
  EXPECT_EQ(socket.error().message, "security.x is unknown");
}

TEST_F(OwnerLinkTest, NoBackgroundOwnerIsStartedWhileSomebodyElseStarts) {
  const auto gate = take_start_gate(home, {});
  ASSERT_TRUE(gate->held());
  const std::string trace = dir.path("started");
  const auto socket = reach_owner(home, {"/bin/sh", "-c", "touch " + trace}, in(std::chrono::milliseconds(300)));
  EXPECT_EQ(socket.error().code, ErrorCode::kTimeout);
  EXPECT_FALSE(os::exists(trace));
}

TEST(SettingsFingerprintTest, IgnoresWhereHttpListensAndSeesTheRest) {
  config::Config one;
  config::Config other = one;
  other.server.port = 1234;
  other.server.host = "0.0.0.0";
  other.logging.level = log::Level::kDebug;
  EXPECT_EQ(settings_fingerprint(one), settings_fingerprint(other));
  other.power_tools.bash_mode = config::BashMode::kOff;
  EXPECT_NE(settings_fingerprint(one), settings_fingerprint(other));
}

/// Answers one question on the owner's socket after a while.
std::thread answers_later(const config::Home& home, std::chrono::milliseconds after, std::string answer) {
  return std::thread([home, after, answer = std::move(answer)] {
    std::this_thread::sleep_for(after);
    const auto listener = os::listen_unix(home.owner_socket());
    ASSERT_TRUE(listener.ok());
    const auto peer = os::accept_same_user(listener->get());
    ASSERT_TRUE(peer.ok());
    const auto line = os::peek_line(peer->get(), 4096, testing_support::end_of_patience());
    ASSERT_TRUE(line.ok());
    os::discard(peer->get(), line->size() + 1);
    EXPECT_TRUE(os::write_all(peer->get(), answer).ok());
  });
}

TEST_F(OwnerLinkTest, OwnerThatHoldsTheLockAndDoesNotListenYetIsWaitedFor) {
  const auto lock = take_owner_lock(home, {});
  ASSERT_TRUE(lock->held());
  std::thread owner = answers_later(home, std::chrono::milliseconds(150), "{\"active_turns\":3}\n");
  const auto answer = ask_owner(home, {{"control", "status"}}, std::chrono::seconds(20));
  owner.join();
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(json::get_int(*answer, "active_turns"), 3);
}

TEST_F(OwnerLinkTest, OwnerThatNeverListensIsATimeout) {
  const auto lock = take_owner_lock(home, {});
  const auto answer = ask_owner(home, {{"control", "status"}}, std::chrono::milliseconds(100));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kTimeout);
  EXPECT_NE(answer.error().message.find("holds this home"), std::string::npos);
}

TEST_F(OwnerLinkTest, NobodyIsAskedWhereNobodyHoldsTheLock) {
  EXPECT_EQ(ask_owner(home, {{"control", "status"}}, std::chrono::seconds(20)).error().code, ErrorCode::kNotFound);
  auto lock = take_owner_lock(home, {});
  std::thread leaving([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    lock->release();
  });
  EXPECT_EQ(ask_owner(home, {{"control", "status"}}, std::chrono::seconds(20)).error().code, ErrorCode::kNotFound);
  leaving.join();
}

TEST_F(OwnerLinkTest, OwnerThatEndsBeforeItAnswersIsNoMalformedAnswer) {
  const auto lock = take_owner_lock(home, {});
  std::thread owner = answers_later(home, {}, "");
  EXPECT_EQ(ask_owner(home, {{"control", "status"}}, std::chrono::seconds(20)).error().code, ErrorCode::kIoError);
  owner.join();
}

TEST_F(OwnerLinkTest, NoOwnerIsStartedWithoutAProgramAndNoneBesideAStart) {
  EXPECT_EQ(reach_owner(home, {}, in(std::chrono::seconds(20))).error().code, ErrorCode::kNotFound);
  const auto gate = take_start_gate(home, {});
  ASSERT_TRUE(gate->held());
  EXPECT_EQ(reach_owner(home, {"/bin/false"}, in(std::chrono::milliseconds(100))).error().code, ErrorCode::kTimeout);
}

TEST_F(OwnerLinkTest, OwnerThatStartsHoldsTheGateItWasGiven) {
  const std::vector<std::string> waits = {"/bin/sh", "-c", "sleep 1; exit 70"};
  const auto socket = reach_owner(home, waits, in(std::chrono::milliseconds(50)));
  ASSERT_FALSE(socket.ok());
  EXPECT_FALSE(take_start_gate(home, {})->held()) << "it starts still";
  EXPECT_TRUE(take_start_gate(home, testing_support::end_of_patience())->held());
}

}  // namespace
}  // namespace patchbay::app
