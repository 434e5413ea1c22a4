// The small parts: signatures, event logs, headers, the store in memory, timers, capabilities.

#include <gtest/gtest.h>

#include <future>
#include <random>

#include "mcp/capabilities.h"
#include "mcp/headers.h"
#include "mcp/signer.h"
#include "mcp/subscriptions.h"
#include "mcp/tool_result.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/mcp/timers.h"
#include "support/patience.h"
#include "support/protocol_world.h"

namespace patchbay::mcp {
namespace {

using namespace std::chrono_literals;
using testing_support::SteppedClock;

TEST(SignerTest, ReadsBackOnlyItsOwnSessionIds) {
  const Signer signer(std::string(32, 'a')), other(std::string(32, 'b'));
  const WallTime minted = from_epoch_seconds(1'700'000'000);
  const std::string id = mint_session_id(signer, {minted, find_version("2025-06-18"), 5}, "alice");
  const auto content = read_session_id(signer, id, "alice");
  ASSERT_TRUE(content);
  EXPECT_EQ(content->minted, minted);
  EXPECT_EQ(content->version->name, "2025-06-18");
  EXPECT_EQ(content->capabilities, 5u);
  EXPECT_FALSE(read_session_id(other, id, "alice"));
  EXPECT_FALSE(read_session_id(signer, id, "bob"));
  for (std::size_t i = 3; i < id.size(); i += 7) {
    std::string forged = id;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_session_id(signer, forged, "alice")) << i;
  }
  EXPECT_FALSE(read_session_id(signer, id.substr(0, id.size() - 2), "alice"));
}

TEST(SignerTest, NeverTakesOneKindOfTextForAnother) {
  const Signer signer(std::string(32, 'a'));
  EXPECT_NE(signer.tag("cursor", "x"), signer.tag("state", "x"));
  EXPECT_NE(signer.scope_key(ScopeKind::kSession, "x"), signer.scope_key(ScopeKind::kHandle, "x"));
  const std::string sealed = signer.seal("here", {{"a", 1}});
  EXPECT_EQ(signer.unseal("here", sealed)->at("a"), 1);
  EXPECT_FALSE(signer.unseal("there", sealed));
  EXPECT_FALSE(signer.unseal("here", sealed + "A"));
  EXPECT_FALSE(signer.unseal("here", ""));
  EXPECT_FALSE(signer.unseal("here", "."));
}

class EventLogTest : public ::testing::Test {
 protected:
  SteppedClock clock;
  Limits limits;
};

TEST_F(EventLogTest, DropsTheOldestEventsByNumberBytesAndAge) {
  limits.stream_events = 3;
  EventLog log(4, limits, clock);
  for (int i = 0; i < 5; ++i) log.append("x");
  EXPECT_FALSE(log.attach_after(1)) << "event 2 is gone, so reading on would skip it";
  auto reader = log.attach_after(2);
  ASSERT_TRUE(reader);
  EXPECT_EQ(log.wait(*reader, 0ms).events[0].id, "4-3");
  limits.stream_bytes = 10;
  log.append("0123456789abcdef");
  EXPECT_FALSE(log.attach_after(5)) << "one event larger than the ring leaves nothing to read";
  EventLog old(1, limits, clock);
  old.append("x");
  clock.advance(11min);
  EXPECT_FALSE(old.attach_after(0)) << "older than ten minutes";
}

TEST_F(EventLogTest, QueuesOnlySoMuchForNobody) {
  EventLog log(0, limits, clock);
  for (int i = 0; i < 100; ++i) log.append("x");
  auto reader = log.attach();
  EXPECT_EQ(log.wait(reader, 0ms).events.size(), 64u);
}

TEST_F(EventLogTest, AWakeReachesEveryReaderOnce) {
  EventLog log(0, limits, clock);
  EventLog::Reader replaced = log.attach(), current = log.attach();
  log.wake();
  EXPECT_EQ(log.wait(replaced, 0ms).state, EventLog::State::kReplaced);
  auto waiting = std::async(std::launch::async, [&] { return log.wait(current, 1h); });
  ASSERT_EQ(waiting.wait_for(testing_support::kPatience), std::future_status::ready);
  EXPECT_EQ(waiting.get().state, EventLog::State::kOpen);
  auto again = std::async(std::launch::async, [&] { return log.wait(current, 1h); });
  EXPECT_EQ(again.wait_for(20ms), std::future_status::timeout);
  log.wake();
  EXPECT_EQ(again.wait_for(testing_support::kPatience), std::future_status::ready);
}

TEST_F(EventLogTest, WakesAReaderForNewsAndForItsEnd) {
  EventLog log(0, limits, clock);
  auto reader = log.attach();
  auto waiting = std::async(std::launch::async, [&] { return log.wait(reader, 10s); });
  log.append("x");
  EXPECT_EQ(waiting.get().events.size(), 1u);
  waiting = std::async(std::launch::async, [&] { return log.wait(reader, 10s); });
  log.finish();
  EXPECT_EQ(waiting.get().state, EventLog::State::kFinished);
}

TEST(HeaderValueTest, DecodesStrictly) {
  EXPECT_EQ(decode_header_value("plain"), "plain");
  EXPECT_EQ(decode_header_value("=?base64?SGVsbG8=?="), "Hello");
  EXPECT_EQ(decode_header_value("=?base64?SGVsbG8="), "=?base64?SGVsbG8=") << "one marker alone is text";
  EXPECT_EQ(decode_header_value("SGVsbG8=?="), "SGVsbG8=?=");
  EXPECT_FALSE(decode_header_value("=?base64?SGVsbG8?="));
  EXPECT_FALSE(decode_header_value("=?base64?SGVs!!!bG8=?="));
  EXPECT_FALSE(decode_header_value("=?base64?/w==?=")) << "not UTF-8";
  EXPECT_FALSE(decode_header_value("a\tb"));
  EXPECT_FALSE(decode_header_value("\x7f"));
}

TEST(CapabilitiesTest, UnderstandsFormsAndUrls) {
  const Json bare{{"elicitation", Json::object()}};
  const Json url{{"elicitation", {{"url", Json::object()}}}};
  EXPECT_TRUE(declares(bare, "elicitation"));
  EXPECT_FALSE(declares(bare, "elicitation.url"));
  EXPECT_FALSE(declares(url, "elicitation"));
  EXPECT_TRUE(declares(url, "elicitation.url"));
  EXPECT_FALSE(declares(Json::object(), "sampling"));
  EXPECT_EQ(needed_for("elicitation/create", {{"mode", "url"}}), "elicitation.url");
  const Json back =
      capabilities_from_bits(capability_bits({{"sampling", Json::object()}, {"elicitation", Json::object()}}));
  EXPECT_TRUE(declares(back, "sampling"));
  EXPECT_TRUE(declares(back, "elicitation"));
  EXPECT_FALSE(declares(back, "roots"));
}

TEST(VersionTest, HasOneRowPerRevisionNewestFirst) {
  std::vector<std::string_view> names;
  for (const Version& version : versions()) names.push_back(version.name);
  EXPECT_TRUE(std::is_sorted(names.rbegin(), names.rend()));
  EXPECT_EQ(names.size(), 5u);
  EXPECT_EQ(newest(Era::kLegacy).name, "2025-11-25");
  EXPECT_EQ(version_without_header().name, "2025-03-26");
  EXPECT_EQ(find_version("2026-07-28", Era::kLegacy), nullptr);
}

TEST(MemoryStateStoreTest, SweepsWhatIsPastItsTime) {
  MemoryStateStore store;
  const WallTime t = from_epoch_seconds(1000);
  ASSERT_TRUE(store.put_handle("old", {"c", "s", ScopeKind::kHandle, t, t}).ok());
  ASSERT_TRUE(store.put_handle("new", {"c", "s", ScopeKind::kHandle, t + 50s, t + 50s}).ok());
  ASSERT_TRUE(store.add_tombstone("t", t + 10s).ok());
  EXPECT_TRUE(store.use_nonce("n", t + 10s).value());
  EXPECT_FALSE(store.use_nonce("n", t + 10s).value());
  store.sweep({.now = t + 20s,
               .handles_idle_since = t + 20s,
               .handles_made_before = t,
               .results_before = t,
               .scopes_before = t});
  EXPECT_FALSE(store.find_handle("old").value());
  EXPECT_TRUE(store.find_handle("new").value());
  EXPECT_FALSE(store.has_tombstone("t"));
  EXPECT_TRUE(store.use_nonce("n", t + 30s).value());
}

TEST(TimersTest, RunsInOrderAndForgetsWhatWasCancelled) {
  Timers timers;
  std::promise<std::string> done;
  std::string order;
  const MonoTime now = std::chrono::steady_clock::now();
  auto second = timers.at(now + 40ms, [&] {
    order += "b";
    done.set_value(order);
  });
  auto first = timers.at(now + 10ms, [&] { order += "a"; });
  auto never = timers.at(now + 20ms, [&] { order += "x"; });
  never.cancel();
  EXPECT_EQ(done.get_future().get(), "ab");
}

TEST(TimersTest, SurvivesACallbackThatThrows) {
  Timers timers;
  std::promise<void> after;
  const auto now = std::chrono::steady_clock::now();
  const auto bad = timers.at(now, [] { throw std::runtime_error("no"); });
  const auto good = timers.at(now + 1ms, [&] { after.set_value(); });
  EXPECT_EQ(after.get_future().wait_for(testing_support::kPatience), std::future_status::ready);
}

TEST(TimersTest, MayBeStoppedWhileACallbackAsksForTheNext) {
  std::promise<void> entered;
  std::atomic<int> runs{0};
  Timers::Pending next;
  Timers timers;
  std::function<void()> again = [&] {
    if (++runs == 1) entered.set_value();
    std::this_thread::sleep_for(20ms);
    next = timers.at(std::chrono::steady_clock::now(), again);
  };
  next = timers.at(std::chrono::steady_clock::now(), again);
  entered.get_future().wait();
  timers.stop();
  const int then = runs;
  next.cancel();
  EXPECT_EQ(runs, then);
}

TEST(TimersTest, WaitsForACallbackThatRuns) {
  Timers timers;
  std::promise<void> entered;
  std::atomic<bool> finished{false};
  {
    auto pending = timers.at(std::chrono::steady_clock::now(), [&] {
      entered.set_value();
      std::this_thread::sleep_for(30ms);
      finished = true;
    });
    entered.get_future().wait();
  }
  EXPECT_TRUE(finished);
}

TEST(ListenQueueTest, CoalescesEqualNewsAndEndsForASlowReader) {
  const Limits limits;
  std::set<std::string> uris;
  for (int i = 0; i < 300; ++i) uris.insert("test://" + std::to_string(i));
  Listen listen(1, "me", {{"toolsListChanged", true}}, uris, limits, {});
  listen.offer({.kind = Change::Kind::kTools, .credential = "somebody else"});
  listen.offer({.kind = Change::Kind::kTools});
  listen.offer({.kind = Change::Kind::kTools, .credential = "me"});
  std::string message;
  EXPECT_EQ(listen.next(&message, 0ms), Listen::State::kMessage);
  EXPECT_EQ(listen.next(&message, 0ms), Listen::State::kTimeout);
  for (const std::string& uri : uris) listen.offer({.kind = Change::Kind::kResourceUpdated, .uri = uri});
  int got = 0;
  while (listen.next(&message, 0ms) == Listen::State::kMessage) ++got;
  EXPECT_EQ(got, 256);
  EXPECT_EQ(listen.next(&message, 0ms), Listen::State::kEnded);
}

/// Ordinary lines, one of them perhaps with something that must not be shown, cut where it may hurt.
std::string lines_with_secrets(std::mt19937& random, std::size_t bytes) {
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  static const std::string kSecrets[] = {
      "password = \"correct-horse-9-battery\"", "key: ghp_0123456789abcdefghijABCDEFGHIJ012345",
      "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7v3Kq2mXc9Lw4TzR8sYpN1bVhJfG6dQeUoWaZxHtCiBlSkMn\n"
      "MIIEowIBAAKCAQEA7v3Kq2mXc9Lw4TzR8sYpN1bVhJfG6dQeUoWaZxHtCiBlSkMn\n-----END RSA PRIVATE KEY-----",
      "https://user:s3cretpass99@host/"};
  std::string text;
  while (text.size() < bytes) text += "an ordinary line of text, number " + std::to_string(text.size()) + "\n";
  if (below(3) > 0) {
    std::size_t at = below(2) == 0 ? below(text.size()) : text.size() - below(600);
    at = text.rfind('\n', at) + 1;
    text.insert(at, kSecrets[below(4)] + "\n");
  }
  if (below(2) == 0) text.resize(text.size() - below(200));
  return text;
}

TEST(ToolResultTest, ATextThatRepeatsAMemberIsRedactedAsIfItStoodAlone) {  // SEC:J11
  std::mt19937 random(11);
  Catalog::Entry entry;
  entry.name = "t";
  Limits limits;
  limits.result_text_bytes = 1 << 20;
  const char* const ends[] = {"",
                              "\n[lines 1-2 shown]",
                              "\ntoken: ghp_0123456789abcdefghijABCDEFGHIJ012345",
                              "ghp_0123456789abcdefghijABCDEFGHIJ012345",
                              "\nMIIEowIBAAKCAQEA7v3Kq2mXc9Lw4TzR8sYpN1",
                              "\nbad \xff byte"};
  for (int round = 0; round < 120; ++round) {
    const std::string member = lines_with_secrets(random, 20'000 + static_cast<std::size_t>(round) * 400);
    ToolReply reply;
    reply.structured = {{"text", round % 2 == 0 ? redact(member) : member}, {"n", 1}};
    reply.text = reply.structured["text"].get<std::string>() + ends[round % 6];
    const std::string alone = redact(sanitize_utf8(reply.text));
    const Json result = success_result(entry, std::move(reply), {}, limits);
    ASSERT_EQ(result["content"][0]["text"].get<std::string>(), alone) << "round " << round;
  }
}

}  // namespace
}  // namespace patchbay::mcp
