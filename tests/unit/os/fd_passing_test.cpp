#include "patchbay/os/fd_passing.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include "patchbay/os/lock.h"
#include "support/temp_dir.h"

namespace patchbay::os {
namespace {

TEST(FdPassing, AllOfAMessageArriveInTheirOrderAndCloseOnExec) {
  SocketPair pair = std::move(make_socket_pair()).value();
  const Fd first = std::move(memory_file("one")).value();
  const Fd second = std::move(memory_file("two")).value();
  ASSERT_TRUE(send_fds(pair.a.get(), {first.get(), second.get()}).ok());
  auto got = receive_fds(pair.b.get());
  ASSERT_TRUE(got.ok());
  ASSERT_EQ(got->size(), 2u);
  EXPECT_EQ(*read_to_end((*got)[0].get(), 10), "one");
  EXPECT_EQ(*read_to_end((*got)[1].get(), 10), "two");
  EXPECT_NE(::fcntl((*got)[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(FdPassing, ALockGoesOnAfterItsFirstHolder) {
  const testing_support::TempDir dir;
  const std::string path = dir.path("lock");
  SocketPair pair = std::move(make_socket_pair()).value();
  std::vector<Fd> taken;
  {
    const FileLock lock = std::move(FileLock::try_acquire(path)).value();
    ASSERT_TRUE(send_fds(pair.a.get(), {lock.fd()}).ok());
    taken = std::move(receive_fds(pair.b.get())).value();
  }
  EXPECT_TRUE(*FileLock::is_held(path));
  taken.clear();
  EXPECT_FALSE(*FileLock::is_held(path));
}

TEST(FdPassing, AnEndWithoutAMessageIsNoDescriptor) {
  SocketPair pair = std::move(make_socket_pair()).value();
  pair.a.reset();
  const auto got = receive_fds(pair.b.get());
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(got->empty());
  EXPECT_FALSE(send_fds(pair.b.get(), {0}).ok());
  EXPECT_FALSE(send_fds(pair.b.get(), {}).ok());
}

}  // namespace
}  // namespace patchbay::os
