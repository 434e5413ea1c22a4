// Each thread tells its own stack: a signal interrupts it, its handler writes the addresses into the thread's place of
// a table, and the caller waits for that. A table that a thread may still write to is never freed.

#include <execinfo.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "patchbay/base/text.h"
#include "patchbay/os/crash.h"
#include "patchbay/os/file.h"

namespace patchbay::os {
namespace {

constexpr int kMostFrames = 48;
constexpr auto kAnswerWithin = std::chrono::milliseconds(300);

struct Place {
  pid_t thread = 0;
  std::atomic<int> depth{-1};  ///< -1: no answer yet
  void* frames[kMostFrames] = {};
};

struct Table {
  explicit Table(std::size_t count) : places(count) {}
  std::vector<Place> places;
};

std::atomic<Table*> g_table{nullptr};
/// Those that are never freed, where tools that look for leaks find them.
std::vector<std::unique_ptr<Table>>& abandoned() {
  static auto* const tables = new std::vector<std::unique_ptr<Table>>;
  return *tables;
}
std::mutex g_one_at_a_time;

int stack_signal() { return SIGRTMIN + 5; }

void tell_stack(int) {
  const int saved = errno;
  if (Table* table = g_table.load()) {
    const auto self = static_cast<pid_t>(::syscall(SYS_gettid));
    for (Place& place : table->places) {
      if (place.thread != self || place.depth >= 0) continue;
      place.depth = ::backtrace(place.frames, kMostFrames);
      break;
    }
  }
  errno = saved;
}

std::vector<pid_t> own_threads() {
  std::vector<pid_t> threads;
  if (const auto names = list_dir("/proc/self/task")) {
    for (const std::string& name : *names) threads.push_back(std::atoi(name.c_str()));
  }
  return threads;
}

/// A line of /proc/self/task/N/<what>.
std::string fact(pid_t thread, const char* what) {
  const auto text = read_file("/proc/self/task/" + std::to_string(thread) + "/" + what, 4096);
  return text ? std::string(trim(*text)) : std::string();
}

/// "S" of "123 (name) S 1 ...".
std::string state_of(pid_t thread) {
  const std::string stat = fact(thread, "stat");
  const std::size_t end = stat.rfind(") ");
  return end == std::string::npos || end + 2 >= stat.size() ? "?" : stat.substr(end + 2, 1);
}

std::string stack_text(const Place& place) {
  const int depth = place.depth;
  if (depth < 0) return "    (no answer)\n";
  const std::unique_ptr<char*, decltype(&std::free)> symbols(::backtrace_symbols(place.frames, depth), &std::free);
  std::string text;
  for (int i = 0; symbols != nullptr && i < depth; ++i) text += std::string("    ") + symbols.get()[i] + "\n";
  return text;
}

bool all_answered(const Table& table) {
  for (const Place& place : table.places) {
    if (place.depth < 0) return false;
  }
  return true;
}

void ask(Table& table) {
  for (const Place& place : table.places) ::syscall(SYS_tgkill, ::getpid(), place.thread, stack_signal());
  const auto deadline = std::chrono::steady_clock::now() + kAnswerWithin;
  while (!all_answered(table) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

void name_this_thread(const char* name) { ::prctl(PR_SET_NAME, name, 0, 0, 0); }

std::string describe_threads() {
  const std::lock_guard lock(g_one_at_a_time);
  void* frames[2];
  [[maybe_unused]] const int depth = ::backtrace(frames, 2);  // loads its library here and not in a handler
  struct sigaction action {};
  action.sa_handler = &tell_stack;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(stack_signal(), &action, nullptr);

  const std::vector<pid_t> threads = own_threads();
  auto table = std::make_unique<Table>(threads.size());
  for (std::size_t i = 0; i < threads.size(); ++i) table->places[i].thread = threads[i];
  g_table = table.get();
  ask(*table);
  g_table = nullptr;

  std::string text;
  for (const Place& place : table->places) {
    const std::string waits = fact(place.thread, "wchan");
    text += "  thread " + std::to_string(place.thread) + " " + fact(place.thread, "comm") + ", state " +
            state_of(place.thread) + (waits.empty() || waits == "0" ? "" : ", in " + waits) + "\n" + stack_text(place);
  }
  if (!all_answered(*table)) abandoned().push_back(std::move(table));
  return text;
}

}  // namespace patchbay::os
