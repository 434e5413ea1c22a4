#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <list>
#include <thread>

#include "patchbay/os/file.h"
#include "server_fixture.h"
#include "support/patience.h"

namespace patchbay::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::eventually;

class ConnectionTest : public ServerTest {
 protected:
  static std::size_t threads_of_this_process() { return os::list_dir("/proc/self/task")->size(); }
};

TEST_F(ConnectionTest, CarriesManyRequestsAndPipelinedOnes) {
  start();
  RawConnection c(port());
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(c.ask(get("/" + std::to_string(i))), 200);
    EXPECT_EQ(c.body(), "GET /" + std::to_string(i) + " []");
  }
  c.text.clear();
  c.send(get("/a") + post("b") + get("/c"));
  ASSERT_TRUE(c.read_until("GET /c []"));
  EXPECT_LT(c.text.find("GET /a []"), c.text.find("POST / [b]"));
  EXPECT_EQ(handled, 23);
}

TEST_F(ConnectionTest, ServesAConnectionAgainAfterItWasParked) {
  start();
  RawConnection c(port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(c.ask(get()), 200);
    std::this_thread::sleep_for(30ms);
  }
}

TEST_F(ConnectionTest, EndsWhenTheClientAsksForIt) {
  start();
  EXPECT_EQ(status_then_close("GET / HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n"), 200);
  EXPECT_EQ(status_then_close("GET / HTTP/1.0\r\nHost: x\r\n\r\n"), 200);
}

TEST_F(ConnectionTest, ClosesAnIdleConnectionWithoutAWord) {
  options.limits.idle_deadline = 50ms;
  start();
  RawConnection c(port());
  ASSERT_EQ(c.ask(get()), 200);
  const std::size_t answered = c.text.size();
  EXPECT_TRUE(c.read_to_end());
  EXPECT_EQ(c.text.size(), answered);
}

TEST_F(ConnectionTest, IdleClientsCostNoThread) {
  start();
  const std::size_t before = threads_of_this_process();
  std::list<RawConnection> idle;
  for (int i = 0; i < 300; ++i) {
    idle.emplace_back(port());
    ASSERT_EQ(idle.back().ask(get()), 200);
  }
  EXPECT_LE(threads_of_this_process(),
            before + 60);  // workers that were busy at the same time, on a slow machine
  for (RawConnection& c : idle) ASSERT_EQ(c.ask(get()), 200);
}

TEST_F(ConnectionTest, AnswersASlowHeadOrBodyWith408) {  // SEC:H5
  options.limits.head_deadline = 100ms;
  options.limits.body_deadline = 100ms;
  start();
  EXPECT_EQ(status_then_close("GET / HT"), 408);
  EXPECT_EQ(status_then_close("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab"), 408);
  EXPECT_EQ(status_then_close("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), 408);
  RawConnection silent(port());
  EXPECT_TRUE(silent.read_to_end());
  EXPECT_EQ(silent.text, "");
  EXPECT_EQ(handled, 0);
}

TEST_F(ConnectionTest, EndsADripAtTheSameDeadline) {  // SEC:H5
  options.limits.head_deadline = 300ms;
  start();
  RawConnection c(port());
  c.send("GET / HTTP/1.1\r\nHost: x\r\nA: ");
  const auto start_time = std::chrono::steady_clock::now();
  while (c.send("a") && !c.read_until("\r\n\r\n", 5ms)) {
    ASSERT_LT(std::chrono::steady_clock::now() - start_time, testing_support::kPatience);
  }
  EXPECT_EQ(c.status(), 408);
}

TEST_F(ConnectionTest, FourHundredDripsDoNotKeepAVictimWaiting) {  // SEC:H5
  start();
  std::list<RawConnection> attackers;
  for (int i = 0; i < 400; ++i) {
    attackers.emplace_back(port());
    attackers.back().send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n");
  }
  RawConnection victim(port());
  for (int round = 0; round < 5; ++round) {
    for (RawConnection& c : attackers) ASSERT_TRUE(c.send("a"));
    ASSERT_EQ(victim.ask(get()), 200);
  }
  EXPECT_EQ(handled, 5);
}

TEST_F(ConnectionTest, GivesUpOnAClientThatDoesNotRead) {  // SEC:H5
  options.limits.write_deadline = 100ms;
  std::atomic<bool> returned{false};
  options.handler = [&](Exchange& e) {
    e.reply({200, {}, std::string(64u << 20, 'x')});
    returned = true;
  };
  start();
  RawConnection c(port());
  c.send(get());
  EXPECT_TRUE(eventually([&] { return returned.load(); }));
}

TEST_F(ConnectionTest, AnswersBusyWhenEveryThreadIsTaken) {
  options.limits.max_threads = 2;
  std::atomic<bool> release{false};
  std::atomic<int> inside{0};
  options.handler = [&](Exchange& e) {
    ++inside;
    while (!release) std::this_thread::sleep_for(1ms);
    e.reply({});
  };
  start();
  RawConnection a(port()), b(port());
  a.send(get());
  b.send(get());
  ASSERT_TRUE(eventually([&] { return inside == 2; }));
  RawConnection c(port());
  c.send(get());
  EXPECT_TRUE(c.read_to_end());
  EXPECT_EQ(c.status(), 503);
  EXPECT_THAT(c.text, HasSubstr("Retry-After: 1\r\n"));
  release = true;
  ASSERT_TRUE(a.read_until("200 OK"));
  ASSERT_TRUE(b.read_until("200 OK"));
  EXPECT_TRUE(eventually([&] { return RawConnection(port()).ask(get()) == 200; }));
}

TEST_F(ConnectionTest, MakesRoomByClosingTheLongestIdleConnection) {
  options.limits.max_connections = 2;
  start();
  RawConnection oldest(port());
  ASSERT_EQ(oldest.ask(get()), 200);
  std::this_thread::sleep_for(30ms);  // both have been parked by then, in this order
  RawConnection younger(port());
  ASSERT_EQ(younger.ask(get()), 200);
  std::this_thread::sleep_for(30ms);
  RawConnection third(port());
  EXPECT_EQ(third.ask(get()), 200);
  EXPECT_TRUE(oldest.read_to_end());
  EXPECT_EQ(younger.ask(get()), 200);
}

TEST_F(ConnectionTest, SurvivesTheLossOfEveryDescriptor) {  // SEC:H13
  start();
  RawConnection early(port());
  early.send("GET /");  // not idle, so it cannot be given up
  ASSERT_TRUE(eventually([&] { return os::list_dir("/proc/self/fd")->size() > 8; }));
  std::this_thread::sleep_for(50ms);
  RawConnection shed, later;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
  ::close(lowest_free);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  ASSERT_TRUE(shed.open(port()));
  const bool ended = shed.read_until("\r\n\r\n");
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(ended);
  EXPECT_EQ(shed.status(), 503);
  ASSERT_TRUE(later.open(port()));
  EXPECT_EQ(later.ask(get()), 200);
  EXPECT_EQ(early.ask(" HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
}

TEST_F(ConnectionTest, LeavesNoDescriptorToChildren) {  // SEC:H11
  start();
  RawConnection c(port());
  ASSERT_EQ(c.ask(get()), 200);
  int sockets = 0;
  const auto names = os::list_dir("/proc/self/fd");
  for (const std::string& name : *names) {
    const int fd = std::stoi(name);
    const int flags = ::fcntl(fd, F_GETFD);
    int type = 0;
    socklen_t size = sizeof type;
    if (flags < 0 || ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) continue;
    ++sockets;
    EXPECT_NE(flags & FD_CLOEXEC, 0) << "descriptor " << fd;
  }
  EXPECT_GE(sockets, 3);  // the listener, the accepted socket and the test's own
}

TEST_F(ConnectionTest, NeverSharesAPort) {  // SEC:H12
  start();
  Server::Options second = options;
  second.port = port();
  EXPECT_EQ(Server::start(second).error().code, ErrorCode::kPortInUse);
}

TEST_F(ConnectionTest, TakesAPortAgainRightAfterAStop) {
  start();
  RawConnection c(port());
  ASSERT_EQ(c.ask(get()), 200);
  options.port = port();
  server->stop(0ms);
  server.reset();
  start();
  EXPECT_EQ(RawConnection(port()).ask(get()), 200);
}

TEST_F(ConnectionTest, RefusesAHostItCannotBind) {
  options.host = "192.0.2.1";
  EXPECT_EQ(Server::start(options).error().code, ErrorCode::kConfigRefused);
  options.host = "no such host";
  EXPECT_EQ(Server::start(options).error().code, ErrorCode::kConfigRefused);
}

}  // namespace
}  // namespace patchbay::http
