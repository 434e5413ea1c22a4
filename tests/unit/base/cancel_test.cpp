#include "patchbay/base/cancel.h"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(CancelToken, RunsCallbacksOnceAndLateOnesAtOnce) {
  CancelToken token;
  int calls = 0;
  auto kept = token.on_cancel([&] { ++calls; });
  {
    auto dropped = token.on_cancel([&] { calls += 100; });
  }
  token.cancel();
  token.cancel();
  EXPECT_EQ(calls, 1);
  auto late = token.on_cancel([&] { ++calls; });
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace patchbay
