#include "patchbay/git/helper.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <thread>

#include "git/call.h"
#include "git/handle.h"
#include "git/lock_wait.h"
#include "patchbay/os/confine.h"

extern char** environ;

namespace patchbay::git {
namespace {

using Handler = wire::Frame (*)(const wire::Frame&);

const std::map<std::string_view, Handler>& handlers() {
  static const std::map<std::string_view, Handler> table{
      {"discover", serve<&ops::discover>},
      {"head", serve<&ops::head>},
      {"summary", serve<&ops::summary>},
      {"status", serve<&ops::status>},
      {"log", serve<&ops::log>},
      {"diff", serve<&ops::diff>},
      {"tracked_files", serve<&ops::tracked_files>},
      {"resolve_commit", serve<&ops::resolve_commit>},
      {"tree_of", serve<&ops::tree_of>},
      {"add_worktree", serve<&ops::add_worktree>},
      {"copy_files", serve<&ops::copy_files>},
      {"remove_worktree", serve<&ops::remove_worktree>},
      {"list_worktrees", serve<&ops::list_worktrees>},
      {"snapshot", serve<&ops::snapshot>},
      {"list_pins", serve<&ops::list_pins>},
      {"prune_pins", serve<&ops::prune_pins>},
      {"restore_pin", serve<&ops::restore_pin>},
      {"finish_filtered", serve<&ops::finish_filtered>},
      {"changes", serve<&ops::changes>},
      {"tree_diff", serve<&ops::tree_diff>},
      {"blob", serve<&ops::blob>},
      {"plan", serve<&ops::plan>},
      {"apply", serve<&ops::apply>},
      {"recover", serve<&ops::recover>},
  };
  return table;
}

wire::Frame answer(const wire::Frame& request) {
  const auto it = handlers().find(json::get_string(request.json, "op"));
  if (it == handlers().end()) return pack_reply<void>(Error{ErrorCode::kInternal, "Unknown git request.", "", ""});
  try {
    return it->second(request);
  } catch (const std::bad_alloc&) {
    return pack_reply<void>(Error{ErrorCode::kGitError, "The repository needs more memory than git work may use.", "",
                                  "allocation failed"});
  } catch (const std::exception& e) {
    return pack_reply<void>(Error{ErrorCode::kInternal, "Git work failed unexpectedly.", "", e.what()});
  }
}

void scrub_environment() {
  std::vector<std::string> names;
  for (char** e = environ; *e; ++e) {
    const std::string_view entry = *e;
    if (entry.starts_with("GIT_")) names.emplace_back(entry.substr(0, entry.find('=')));
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

constexpr std::uint64_t kGiB = 1u << 30;

void limit_resources() {
  os::ProcessLimits limits;
  limits.file_size = 2 * kGiB;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limits.data = kGiB;
  // Beside that 1 GiB of packs is mapped at most, and every thread reserves room that it never touches.
  limits.address_space = 3 * kGiB;
#endif
  os::confine_process(limits);
  (void)os::forbid_network();
}

// Every thread may be busy until the deadline, and not longer, whoever is left to kill us then.
void limit_cpu_time(MonoTime until) {
  constexpr unsigned kMaxThreads = 8;
  const auto left = std::clamp<MonoTime::duration>(until - system_clock().mono(), {}, std::chrono::hours(1));
  os::allow_cpu_time(left * std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads));
}

// A request may block for ever, and whoever would kill us may be gone: then its own deadline ends us.
void watch_owner(int fd) {
  std::thread([fd] {
    struct pollfd p {
      fd, POLLRDHUP, 0
    };
    while (::poll(&p, 1, -1) < 0) {
    }
    // No object of static storage is used here: main may be returning at the same time.
    const MonoTime limit = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (std::chrono::steady_clock::now() < std::min(limit, request_deadline())) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ::_exit(1);
  }).detach();
}

}  // namespace

int git_helper_main(int fd) {
  // What it writes belongs to the user's repositories and worktrees, not to our private state; journals name their own
  // mode.
  ::umask(022);
  scrub_environment();
  limit_resources();
  init_library();
  watch_owner(fd);
  for (;;) {
    set_request_deadline(MonoTime::min());
    auto request = wire::receive(fd, MonoTime::max());
    if (!request.ok()) return 0;
    const auto until = std::chrono::nanoseconds(json::get_int(request.value().json, "until", 0));
    set_request_deadline(MonoTime(until));
    limit_cpu_time(MonoTime(until));
    if (!wire::send(fd, answer(request.value()), MonoTime::max()).ok()) return 0;
  }
}

}  // namespace patchbay::git
