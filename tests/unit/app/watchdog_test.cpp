#include "app/watchdog.h"
#include "support/patience.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace patchbay::app {
namespace {

using std::chrono::milliseconds;

const Error kSilence{ErrorCode::kTimeout, "nobody answers", {}, {}};

/// Answers, or keeps silent while `hangs`.
struct Loop {
  std::atomic<bool> hangs{false};
  std::atomic<int> asked{0};

  Watchdog::Question question(std::string about) {
    return {std::move(about), [this](milliseconds) {
              ++asked;
              return hangs ? Status(kSilence) : Status();
            }};
  }
};

struct WatchdogTest : testing::Test {
  Watchdog::Options options(std::vector<Watchdog::Question> questions) {
    Watchdog::Options o;
    o.questions = std::move(questions);
    o.every = milliseconds(1);
    o.on_stall = [this](const std::string& about) { stalled.set_value(about); };
    return o;
  }
  std::promise<std::string> stalled;
  std::future<std::string> report = stalled.get_future();
};

TEST_F(WatchdogTest, StalledLoopIsNamed) {  // SEC:S15
  Loop good, bad;
  bad.hangs = true;
  const Watchdog watchdog(options({good.question("good"), bad.question("bad")}));
  ASSERT_EQ(report.wait_for(testing_support::kPatience), std::future_status::ready);
  EXPECT_EQ(report.get(), "bad");
  EXPECT_EQ(bad.asked, 3);
}

TEST_F(WatchdogTest, LoopThatAnswersAgainBeginsAnew) {
  Loop loop;
  Watchdog::Options o = options({});
  // Two silences, one answer, for ever.
  o.questions.push_back({"moody", [&](milliseconds) { return ++loop.asked % 3 == 0 ? Status() : Status(kSilence); }});
  const Watchdog watchdog(std::move(o));
  while (loop.asked < 30) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(report.wait_for(milliseconds(0)), std::future_status::timeout);
}

TEST_F(WatchdogTest, RefusalIsAnAnswer) {
  std::atomic<int> asked{0};
  Watchdog::Options o = options({});
  o.questions.push_back({"grumpy", [&](milliseconds) {
                           ++asked;
                           return Status(Error{ErrorCode::kNotFound, "nobody listens", {}, {}});
                         }});
  const Watchdog watchdog(std::move(o));
  while (asked < 30) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(report.wait_for(milliseconds(0)), std::future_status::timeout);
}

TEST_F(WatchdogTest, EndsAtOnceBetweenTwoQuestions) {
  Loop loop;
  Watchdog::Options o = options({loop.question("loop")});
  o.every = std::chrono::hours(1);
  { const Watchdog watchdog(std::move(o)); }
  EXPECT_EQ(loop.asked, 0);
}

}  // namespace
}  // namespace patchbay::app
