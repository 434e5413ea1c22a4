#include "patchbay/codex/session_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "patchbay/os/file.h"
#include "support/temp_dir.h"
#include "unit/codex/thread_id.h"

namespace patchbay::codex {
namespace {

constexpr char kOther[] = "01a1fe6a-966a-7e73-b11b-b9abeb581669";
constexpr double kFirstEnd = 1795268526.188;  // 2026-11-21T13:42:06.188Z
constexpr double kSecondEnd = 1795268526.433;

std::string meta(const std::string& id) {
  return R"({"timestamp":"2026-11-21T13:42:06.134Z","type":"session_meta","payload":{"id":")" + id + "\"}}\n";
}

class SessionFiles : public testing::Test {
 protected:
  std::string put(const std::string& relative, const std::string& text) {
    const std::string path = temp.path(relative);
    EXPECT_TRUE(os::make_private_dirs(os::parent_of(path)).ok());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
    return path;
  }
  std::string session() { return *os::read_file(TRANSCRIPTS "/session.jsonl"); }
  std::optional<TaskComplete> last(const std::string& text, std::int64_t offset = 0, double not_before = 0) {
    auto found = last_task_complete(put("s.jsonl", text), offset, not_before);
    EXPECT_TRUE(found.ok());
    return *found;
  }

  testing_support::TempDir temp;
};

TEST_F(SessionFiles, AreFoundByName) {
  const std::string path =
      put(std::string("sessions/2026/11/21/rollout-2026-11-21T13-42-06-") + kThread + ".jsonl", session());
  put(std::string("sessions/2026/11/21/rollout-2026-11-21T13-42-07-") + kOther + ".jsonl", meta(kOther));
  const auto file = find_session_file(temp.root(), kThread);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->path, *os::real_path(path));
  EXPECT_EQ(file->size, static_cast<std::int64_t>(session().size()));
  EXPECT_FALSE(file->archived);
}

TEST_F(SessionFiles, AreFoundByTheirFirstRecordAndInTheArchive) {
  put("archived_sessions/old-name.jsonl", meta(kThread));
  const auto file = find_session_file(temp.root(), kThread);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->archived);
}

TEST_F(SessionFiles, AForeignDeclaredIdIsNotBelieved) {
  put(std::string("sessions/rollout-x-") + kThread + ".jsonl", meta(kOther));
  EXPECT_EQ(find_session_file(temp.root(), kThread).error().code, ErrorCode::kSessionNotFound);
}

TEST_F(SessionFiles, TwoClaimsAreNotDecided) {
  put(std::string("sessions/2026/a-") + kThread + ".jsonl", meta(kThread));
  put(std::string("archived_sessions/b-") + kThread + ".jsonl", meta(kThread));
  EXPECT_EQ(find_session_file(temp.root(), kThread).error().code, ErrorCode::kInvalidState);
}

TEST_F(SessionFiles, OnlyUuidsAreLookedFor) {
  EXPECT_EQ(find_session_file(temp.root(), "../../etc").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(find_session_file(temp.root(), kThread).error().code, ErrorCode::kSessionNotFound);
}

TEST_F(SessionFiles, LinksMayNotLeadOutOfTheHome) {
  const std::string outside = put(std::string("elsewhere/rollout-") + kThread + ".jsonl", meta(kThread));
  ASSERT_TRUE(os::make_private_dirs(temp.path("sessions/2026")).ok());
  ASSERT_EQ(::symlink(outside.c_str(), temp.path(std::string("sessions/2026/rollout-") + kThread + ".jsonl").c_str()),
            0);
  ASSERT_EQ(::symlink(temp.path("elsewhere").c_str(), temp.path("sessions/dir").c_str()), 0);
  ASSERT_EQ(::symlink("..", temp.path("sessions/2026/loop").c_str()), 0);
  EXPECT_EQ(find_session_file(temp.root(), kThread).error().code, ErrorCode::kSessionNotFound);
}

TEST_F(SessionFiles, FoldersBelowTheDepthAreNotVisited) {
  put(std::string("sessions/1/2/3/rollout-") + kThread + ".jsonl", meta(kThread));
  EXPECT_FALSE(find_session_file(temp.root(), kThread, {.max_depth = 2}).ok());
  EXPECT_TRUE(find_session_file(temp.root(), kThread, {.max_depth = 3}).ok());
}

TEST_F(SessionFiles, TheNewestTaskCompleteIsTheEnd) {
  const auto end = last(session());
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->last_agent_message, "hello there");
  EXPECT_NEAR(end->at, kSecondEnd, 0.001);
}

TEST_F(SessionFiles, AnEarlierTurnsEndDoesNotCompleteALaterOne) {
  const std::string text = session();
  const std::size_t second = text.rfind("\"task_started\"");
  const std::size_t start_of_second = text.rfind('\n', second) + 1;
  // The later turn began but has not ended.
  EXPECT_FALSE(last(text.substr(0, text.find('\n', second) + 1)).has_value());
  // Only what was written after the launch counts.
  EXPECT_NEAR(last(text.substr(0, start_of_second))->at, kFirstEnd, 0.001);
  EXPECT_FALSE(last(text.substr(0, start_of_second), static_cast<std::int64_t>(start_of_second)).has_value());
  EXPECT_TRUE(last(text, static_cast<std::int64_t>(start_of_second)).has_value());
  EXPECT_FALSE(last(text, 0, kSecondEnd + 1).has_value());
  EXPECT_FALSE(last(text, 1 << 30).has_value());
}

TEST_F(SessionFiles, AFileCutAnywhereIsReadWithoutHarm) {
  const std::string text = session();
  const std::size_t end_of_last = text.rfind("\"task_complete\"");
  for (std::size_t cut = end_of_last - 100; cut <= text.size(); ++cut) {
    const auto end = last(text.substr(0, cut));
    if (cut == text.size() || cut < end_of_last) {
      ASSERT_EQ(end.has_value(), cut == text.size()) << cut;
    }
  }
}

TEST_F(SessionFiles, MalformedAndOversizedRecordsArePassedOver) {
  const std::string good =
      R"({"timestamp":"2026-11-21T13:42:06.188Z","type":"event_msg","payload":{"type":"task_complete","last_agent_message":"x"}})";
  const std::string huge = R"({"type":"event_msg","payload":{"type":"task_complete","last_agent_message":")" +
                           std::string(9'000'000, 'y') + "\"}}";
  EXPECT_EQ(last("task_complete {broken\n" + good + "\n[\"task_complete\"]\n" + huge + "\n")->last_agent_message, "x");
  EXPECT_EQ(last(R"({"type":"response_item","payload":{"type":"task_complete","last_agent_message":"quoted"}})"
                 "\n")
                .has_value(),
            false);
}

TEST_F(SessionFiles, ARecordWithoutATimeCountsOnlyWithoutALimit) {
  const std::string text = R"({"type":"event_msg","payload":{"type":"task_complete","last_agent_message":"x"}})"
                           "\n";
  EXPECT_TRUE(last(text).has_value());
  EXPECT_FALSE(last(text, 0, 1.0).has_value());
}

std::string task(const char* type, const char* time, const char* message = "") {
  return std::string(R"({"timestamp":")") + time + R"(","type":"event_msg","payload":{"type":")" + type +
         R"(","last_agent_message":")" + message + "\"}}\n";
}

TEST_F(SessionFiles, AWatchSeesOnlyTheEndOfItsOwnTurn) {  // workers 9.1 #13, 9.3
  const std::string name = std::string("sessions/rollout-x-") + kThread + ".jsonl";
  const std::string before = meta(kThread) + task("task_started", "2026-11-21T13:42:06.000Z") +
                             task("task_complete", "2026-11-21T13:42:06.188Z", "earlier");
  put(name, before);
  SessionWatch watch(temp.root(), kThread, 0);
  EXPECT_FALSE(watch.look(kThread).has_value());
  const std::string begun = before + task("task_started", "2026-11-21T13:42:06.300Z");
  const std::string end = task("task_complete", "2026-11-21T13:42:06.433Z", "this one");
  put(name, begun + end.substr(0, 40));
  EXPECT_FALSE(watch.look(kThread).has_value()) << "half a line is no proof";
  put(name, begun + end);
  ASSERT_TRUE(watch.look(kThread).has_value());
  EXPECT_EQ(watch.look(kThread)->last_agent_message, "this one");
  put(name, begun + end + task("task_started", "2026-11-21T13:42:07.000Z"));
  EXPECT_FALSE(watch.look(kThread).has_value()) << "a further turn began";
}

TEST_F(SessionFiles, AWatchOfANewConversationFindsItsFileLater) {
  SessionWatch watch(temp.root(), "", kFirstEnd + 0.1);
  EXPECT_FALSE(watch.look(kThread).has_value());
  const std::string name = std::string("sessions/rollout-x-") + kThread + ".jsonl";
  const std::string text = meta(kThread) + task("task_complete", "2026-11-21T13:42:06.188Z", "too old");
  put(name, text);
  EXPECT_FALSE(watch.look(kThread).has_value());
  put(name, text + task("task_complete", "2026-11-21T13:42:06.433Z", "new"));
  EXPECT_EQ(watch.look(kThread)->last_agent_message, "new");
  EXPECT_FALSE(SessionWatch(temp.root(), "", 0).look(kOther).has_value());
}

}  // namespace

}  // namespace patchbay::codex
