#include "transport/stream_watch.h"
#include "support/patience.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>

namespace patchbay::transport {
namespace {

using namespace std::chrono_literals;
using testing_support::eventually;

TEST(StreamWatchTest, LooksAfterEachStreamAndTellsTheLostOneOnly) {
  StreamWatch watch(1ms);
  std::atomic<bool> alive{true}, first_lost{false}, second_lost{false};
  std::atomic<int> looks{0};
  const auto first = watch.watch([&] { return ++looks, alive.load(); }, [&] { first_lost = true; });
  const auto second = watch.watch([] { return true; }, [&] { second_lost = true; });
  EXPECT_TRUE(eventually([&] { return looks > 2; }));
  EXPECT_FALSE(first_lost);
  alive = false;
  EXPECT_TRUE(eventually([&] { return first_lost.load(); }));
  EXPECT_FALSE(second_lost);
}

TEST(StreamWatchTest, TouchesNoStreamThatIsNoLongerWatched) {
  StreamWatch watch(1ms);
  for (int round = 0; round < 50; ++round) {
    auto flag = std::make_unique<std::atomic<int>>(0);
    std::optional<StreamWatch::Watched> watched(watch.watch([f = flag.get()] { return ++*f > 0; }, [] {}));
    if (round % 10 == 0) {
      EXPECT_TRUE(eventually([&] { return *flag > 0; }));
    }
    watched.reset();
    const int looks = *flag;
    std::this_thread::yield();
    EXPECT_EQ(*flag, looks);
  }
}

TEST(StreamWatchTest, EndsWhileNobodyIsWatched) {
  StreamWatch never_used(1h);
  StreamWatch once_used(1h);
  {
    const auto watched = once_used.watch([] { return true; }, [] {});
  }
}

}  // namespace
}  // namespace patchbay::transport
