#include "patchbay/app/recovery_gate.h"

#include <gtest/gtest.h>

#include <thread>

namespace patchbay::app {
namespace {

using namespace std::chrono_literals;

MonoTime after(std::chrono::milliseconds time) { return system_clock().mono() + time; }

TEST(RecoveryGate, LetsInWhatWaitsWhenItOpens) {
  RecoveryGate gate;
  EXPECT_FALSE(gate.is_open());
  Status waited = Error{ErrorCode::kInternal, "not asked", {}, {}};
  std::thread request([&] { waited = gate.pass(after(20s), {}); });
  gate.open();
  request.join();
  EXPECT_TRUE(waited.ok());
  EXPECT_TRUE(gate.is_open());
  EXPECT_TRUE(gate.pass(MonoTime::min(), {}).ok());
}

TEST(RecoveryGate, ARequestEndsAtItsDeadline) {
  const RecoveryGate gate;
  const Status late = gate.pass(after(5ms), {});
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
}

TEST(RecoveryGate, ACancelledRequestDoesNotWait) {
  const RecoveryGate gate;
  CancelToken cancel;
  std::thread request([&] { EXPECT_FALSE(gate.pass(after(60s), cancel).ok()); });
  cancel.cancel();
  request.join();
  EXPECT_FALSE(gate.pass(after(60s), cancel).ok());
}

}  // namespace
}  // namespace patchbay::app
