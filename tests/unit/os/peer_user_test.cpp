// Whose connection it is (SEC:A12).

#include "patchbay/os/peer_user.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patchbay/os/fd.h"

namespace patchbay::os {
namespace {

using Answer = PeerUser::Answer;

/// A listener on loopback and what connects to it.
class PeerUserTest : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    address_ = {};
    if (GetParam() == AF_INET) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(address_);
      v4.sin_family = AF_INET;
      v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      size_ = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(address_);
      v6.sin6_family = AF_INET6;
      v6.sin6_addr = in6addr_loopback;
      size_ = sizeof v6;
    }
    listener = Fd(::socket(GetParam(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener || ::bind(listener.get(), address(), size_) != 0) GTEST_SKIP() << "no such loopback here";
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    ASSERT_EQ(::getsockname(listener.get(), address(), &size_), 0);
  }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }
  Fd connected() {
    Fd fd(::socket(GetParam(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), address(), size_), 0);
    return fd;
  }
  Fd accepted() { return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

  sockaddr_storage address_{};
  socklen_t size_ = 0;
  Fd listener;
};

TEST_P(PeerUserTest, FindsOurOwn) {
  const Fd client = connected();
  const PeerUser user = peer_user(accepted().get());
  ASSERT_EQ(user.answer, Answer::kFound);
  EXPECT_EQ(user.uid, ::getuid());
}

TEST_P(PeerUserTest, FindsAnotherUser) {
  if (::getuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  constexpr uid_t kNobody = 65534;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(1);
    const Fd client = connected();
    char byte = 0;
    ::_exit(::read(client.get(), &byte, 1) == 0 ? 0 : 1);  // until the test has looked
  }
  {
    const Fd server = accepted();
    const PeerUser user = peer_user(server.get());
    EXPECT_EQ(user.answer, Answer::kFound);
    EXPECT_EQ(user.uid, kNobody);
  }
  ::waitpid(child, nullptr, 0);
}

TEST_P(PeerUserTest, DoesNotTakeAClosedSocketForRoots) {
  Fd client = connected();
  const Fd server = accepted();
  client.reset();
  EXPECT_NE(peer_user(server.get()).answer, Answer::kFound);
}

TEST_P(PeerUserTest, KnowsNothingOfWhatIsNoConnection) {
  EXPECT_EQ(peer_user(-1).answer, Answer::kUnknown);
  EXPECT_EQ(peer_user(listener.get()).answer, Answer::kUnknown);
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const Fd a(pair[0]), b(pair[1]);
  EXPECT_EQ(peer_user(a.get()).answer, Answer::kUnknown);
}

INSTANTIATE_TEST_SUITE_P(Families, PeerUserTest, ::testing::Values(AF_INET, AF_INET6),
                         [](const auto& family) { return family.param == AF_INET ? "IPv4" : "IPv6"; });

}  // namespace
}  // namespace patchbay::os
