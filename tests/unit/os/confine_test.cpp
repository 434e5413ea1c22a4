#include "patchbay/os/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "patchbay/os/fd.h"
#include "support/temp_dir.h"

namespace patchbay::os {
namespace {

/// How a copy of this process ends that does `body`; its exit code is what `body` returns, a signal is its negative.
template <class Body>
int in_child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(Confine, NetworkSocketsAreRefusedAndLocalOnesAreNot) {  // SEC:G3
  const int refused = in_child([] {
    if (!forbid_network()) return 99;
    if (Fd(::socket(AF_INET, SOCK_STREAM, 0)) || errno != EACCES) return 1;
    if (Fd(::socket(AF_INET6, SOCK_DGRAM, 0)) || errno != EACCES) return 2;
    if (Fd(::socket(AF_NETLINK, SOCK_RAW, 0)) || errno != EACCES) return 3;
    if (!Fd(::socket(AF_UNIX, SOCK_STREAM, 0))) return 4;
    int pair[2];
    return ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 ? 0 : 5;
  });
  if (refused == 99) GTEST_SKIP() << "no system call filters here";
  EXPECT_EQ(refused, 0);
}

TEST(Confine, AFileThatGrowsTooLargeIsAnErrorAndNoSignal) {  // SEC:G3
  testing_support::TempDir dir;
  const std::string path = dir.path("file");
  EXPECT_EQ(in_child([&] {
              confine_process({.file_size = 4096});
              const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
              const std::string data(8192, 'x');
              const Status written = write_all(fd.get(), data);
              return !written.ok() && ::lseek(fd.get(), 0, SEEK_END) == 4096 ? 0 : 1;
            }),
            0);
}

TEST(Confine, LimitsAreOnlyLowered) {
  EXPECT_EQ(in_child([] {
              confine_process({.address_space = 1ull << 40, .data = 1ull << 40, .file_size = 4096});
              confine_process({.file_size = 8192});
              struct rlimit now {};
              ::getrlimit(RLIMIT_FSIZE, &now);
              return now.rlim_cur == 4096 && now.rlim_max == 4096 ? 0 : 1;
            }),
            0);
}

TEST(Confine, CpuTimeIsGivenAnewByEveryCall) {  // SEC:G3
  EXPECT_EQ(in_child([] {
              allow_cpu_time(std::chrono::seconds(100));
              struct rlimit first {
              }, second{};
              ::getrlimit(RLIMIT_CPU, &first);
              allow_cpu_time(std::chrono::seconds(200));
              ::getrlimit(RLIMIT_CPU, &second);
              return second.rlim_cur == first.rlim_cur + 100 && second.rlim_max == first.rlim_max ? 0 : 1;
            }),
            0);
  EXPECT_EQ(in_child([] {
              allow_cpu_time(std::chrono::nanoseconds(1));
              volatile unsigned i = 0;
              for (;;) i = i + 1;
              return 0;
            }),
            -SIGXCPU);
}

}  // namespace
}  // namespace patchbay::os
