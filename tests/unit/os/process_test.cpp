#include "patchbay/os/process.h"
#include "support/patience.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>

namespace patchbay::os {
namespace {

using namespace std::chrono_literals;

MonoTime in(std::chrono::milliseconds d) { return std::chrono::steady_clock::now() + d; }
MonoTime later() { return testing_support::end_of_patience(); }

TEST(Run, CapturesBothStreamsAndTheExitCode) {
  const auto r = run({.argv = {"/bin/sh", "-c", "cat; echo oops >&2; exit 3"}}, "hello", later());
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->out, "hello");
  EXPECT_EQ(r->err, "oops\n");
  EXPECT_EQ(r->status.code, 3);
}

TEST(Run, DrainsAFloodWithoutKeepingIt) {  // SEC:C7
  const auto r = run({.argv = {"/bin/sh", "-c", "head -c 20000000 /dev/zero"}}, "", later(), 1000);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->out.size(), 1000u);
  EXPECT_TRUE(r->out_truncated);
  EXPECT_EQ(r->status.code, 0);
}

TEST(Run, EndsAtTheDeadlineEvenWhenAGrandchildHoldsThePipe) {  // SEC:C8
  const auto start = std::chrono::steady_clock::now();
  const auto r = run({.argv = {"/bin/sh", "-c", "sleep 30 & sleep 30"}}, "", in(200ms));
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r->timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST(Spawn, ChildSeesOnlyTheDescriptorsItWasGiven) {  // SEC:S2, H11
  const int leaked = ::open("/dev/null", O_RDONLY);   // deliberately without close-on-exec
  Pipe p = *make_pipe();
  const auto r =
      run({.argv = {"/bin/sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"}, .passed = {{p.read.get(), 5}}}, "", later());
  ::close(leaked);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->out.substr(0, 8), "0 1 2 3 ");  // 3 is the listing's own directory handle
  EXPECT_NE(r->out.find("5"), std::string::npos);
  EXPECT_EQ(r->out.find("7"), std::string::npos);
}

TEST(Spawn, AMissingProgramIsNotFound) {
  EXPECT_EQ(Child::spawn({.argv = {"no-such-program-anywhere"}}).error().code, ErrorCode::kNotFound);
}

TEST(Identity, ADeadOrRecycledProcessIsNotAlive) {  // SEC:S3
  Child child = *Child::spawn({.argv = {"/bin/sleep", "60"}});
  ProcessIdentity id = *identify(child.pid());
  EXPECT_TRUE(is_alive(id));
  ProcessIdentity other = id;
  other.start_ticks += 1;
  EXPECT_FALSE(is_alive(other));
  EXPECT_FALSE(signal_exact(other, SIGKILL));
  EXPECT_TRUE(signal_exact(id, SIGKILL));
  EXPECT_TRUE(child.wait().signalled);
  EXPECT_FALSE(is_alive(id));
}

TEST(Descendants, FindsGrandchildrenFirst) {
  Child child = *Child::spawn({.argv = {"/bin/sh", "-c", "sleep 60 & sleep 60 & wait"}});
  EXPECT_TRUE(testing_support::eventually([&] { return descendants(child.pid()).size() == 2; }));
  (void)child.signal_group(SIGKILL);
}

}  // namespace
}  // namespace patchbay::os
