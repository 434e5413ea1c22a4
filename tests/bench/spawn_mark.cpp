// Plays the Codex program: appends the time of its first instruction to <CODEX_HOME>/spawn-marks, one line of
// nanoseconds of the monotonic clock per turn, and becomes the fake Codex that lies beside it.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr int kCannotRun = 127;

bool is_turn(const char* first_argument) {
  constexpr const char* kHelpers[] = {"--version", "login", "debug"};
  for (const char* helper : kHelpers) {
    if (strcmp(first_argument, helper) == 0) return false;
  }
  return true;
}

void mark(const timespec& now) {
  char path[4096], line[64];
  const char* home = getenv("CODEX_HOME");
  snprintf(path, sizeof path, "%s/spawn-marks", home != nullptr ? home : ".");
  const int length =
      snprintf(line, sizeof line, "%lld\n", static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec);
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, line, static_cast<size_t>(length)) != length) _exit(kCannotRun);
  close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc > 1 && is_turn(argv[1])) mark(now);

  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self - sizeof "fake_codex");
  if (length <= 0) return kCannotRun;
  self[length] = '\0';
  char* slash = strrchr(self, '/');
  if (slash == nullptr) return kCannotRun;
  strcpy(slash + 1, "fake_codex");
  execv(self, argv);
  return kCannotRun;
}
