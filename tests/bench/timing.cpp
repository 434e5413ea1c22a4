#include "bench/timing.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "patchbay/os/fd.h"

namespace patchbay::bench {
namespace {

std::atomic<bool> interrupted{false};

/// posix_spawn wants arrays of pointers.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Error failed(const std::string& program, const std::string& why) {
  return Error{ErrorCode::kSpawnFailed, program + ": " + why, {}, {}};
}

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

}  // namespace

double ms_between(MonoTime start, MonoTime end) {
  return std::chrono::duration<double, std::milli>(end - start).count();
}

double ms_since(MonoTime start) { return ms_between(start, now()); }

double median(std::vector<double> values) { return percentile(std::move(values), 0.5); }

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::min(values.size(), std::max<std::size_t>(rank, 1)) - 1];
}

bool Deadline::passed() const { return interrupted || now() >= at_; }

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

Result<Pair> in_turn(int times, const Deadline& deadline, const Sample& measured, const Sample& yardstick) {
  Pair pair;
  for (int i = -1; i < times && !deadline.passed(); ++i) {
    const double yard = PB_TRY(yardstick());
    const double ours = PB_TRY(measured());
    if (i < 0) continue;
    pair.yardstick.push_back(yard);
    pair.measured.push_back(ours);
  }
  if (pair.measured.empty()) return Error{ErrorCode::kTimeout, "there was no time for one round", {}, {}};
  return pair;
}

Result<std::vector<double>> repeat(int times, const Deadline& deadline, const Sample& measured) {
  std::vector<double> values;
  for (int i = -1; i < times && !deadline.passed(); ++i) {
    const double value = PB_TRY(measured());
    if (i >= 0) values.push_back(value);
  }
  if (values.empty()) return Error{ErrorCode::kTimeout, "there was no time for one round", {}, {}};
  return values;
}

Result<double> time_command(const std::vector<std::string>& argv, const os::Environment& env, const std::string& cwd) {
  std::vector<std::string> words = argv, variables;
  for (const auto& [name, value] : env) variables.push_back(name + "=" + value);
  const std::vector<char*> word_pointers = pointers(words), variable_pointers = pointers(variables);
  os::Pipe output = PB_TRY(os::make_pipe());
  FileActions actions;
  ::posix_spawn_file_actions_adddup2(actions.get(), output.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", 0, 0);
  if (!cwd.empty()) ::posix_spawn_file_actions_addchdir_np(actions.get(), cwd.c_str());

  const MonoTime start = now();
  pid_t pid = 0;
  if (::posix_spawnp(&pid, words.front().c_str(), actions.get(), nullptr, word_pointers.data(),
                     variable_pointers.data()) != 0) {
    return failed(words.front(), "cannot be started");
  }
  output.write.reset();
  char drained[65536];
  while (::read(output.read.get(), drained, sizeof drained) > 0) {
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  const double took = ms_since(start);
  if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) return failed(words.front(), "ended with a failure");
  return took;
}

}  // namespace patchbay::bench
