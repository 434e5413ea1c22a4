#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include <cstdlib>

#include "git/apply.h"
#include "patchbay/git/helper.h"
#include "patchbay/os/confine.h"
#include "patchbay/os/fd.h"

namespace {

int steps_left = 0;

void end_when_due(const char*) {
  if (steps_left-- == 0) _exit(9);
}

// Ends the process when the network can be reached.
void try_network(const char*) {
  if (patchbay::os::Fd(::socket(AF_INET, SOCK_STREAM, 0)) || errno != EACCES) _exit(9);
}

// Ends the process when its time of the processors runs out.
void spin(const char*) {
  volatile unsigned i = 0;
  for (;;) i = i + 1;
}

}  // namespace

// The test program is also the helper that its clients start: "--git-helper" serves. With a number behind it the
// process ends without a word before that step of an apply; "network" and "spin" do there what they say, "small" writes
// no file above 64 KiB, and "lean" has 128 MiB of memory.
int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--git-helper") {
    const std::string_view what = argc > 2 ? argv[2] : "";
    if (what == "network") {
      patchbay::git::set_apply_hook(try_network);
    } else if (what == "spin") {
      patchbay::git::set_apply_hook(spin);
    } else if (what == "small") {
      patchbay::os::confine_process({.file_size = 64 * 1024});
    } else if (what == "lean") {
      patchbay::os::confine_process({.data = 128 << 20});
    } else if (argc > 2) {
      steps_left = std::atoi(argv[2]);
      patchbay::git::set_apply_hook(end_when_due);
    }
    return patchbay::git::git_helper_main();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
