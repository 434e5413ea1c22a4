#include "patchbay/os/confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>

namespace patchbay::os {
namespace {

void lower_limit(__rlimit_resource resource, rlim_t value) {
  struct rlimit now {};
  if (value == 0 || ::getrlimit(resource, &now) != 0) return;
  const struct rlimit wanted { std::min(now.rlim_cur, value), std::min(now.rlim_max, value) };
  ::setrlimit(resource, &wanted);
}

}  // namespace

void confine_process(const ProcessLimits& limits) {
  const struct rlimit none { 0, 0 };
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::signal(SIGXFSZ, SIG_IGN);
  lower_limit(RLIMIT_AS, limits.address_space);
  lower_limit(RLIMIT_DATA, limits.data);
  lower_limit(RLIMIT_FSIZE, limits.file_size);
}

void allow_cpu_time(std::chrono::nanoseconds time) {
  struct timespec used {};
  struct rlimit now {};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0 || ::getrlimit(RLIMIT_CPU, &now) != 0) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  // The limit counts whole seconds; the one that has begun is given.
  now.rlim_cur =
      std::min(static_cast<rlim_t>(used.tv_sec) + 1 + static_cast<rlim_t>(std::max<long>(seconds, 1)), now.rlim_max);
  ::setrlimit(RLIMIT_CPU, &now);
}

bool forbid_network() {
#if defined(__x86_64__)
  constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
  constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
  return false;
#endif
#if defined(__x86_64__) || defined(__aarch64__)
  constexpr unsigned kRefuse = SECCOMP_RET_ERRNO | EACCES;
  // Both kernels know these calls by one number each; calls in another convention have no business here. On x86-64 the
  // numbers from 0x40000000 up are such a convention.
  const struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 0, 6),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, kRefuse),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter { static_cast<unsigned short>(std::size(program)), const_cast<sock_filter*>(program) };
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
#endif
}

}  // namespace patchbay::os
