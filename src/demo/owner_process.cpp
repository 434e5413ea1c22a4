#include "demo/owner_process.h"

#include <fcntl.h>
#include <signal.h>

#include <charconv>
#include <thread>

#include "patchbay/base/text.h"
#include "patchbay/json/json.h"
#include "patchbay/os/file.h"

namespace patchbay::demo {
namespace {

constexpr std::chrono::milliseconds kPoll{20};
constexpr std::chrono::seconds kStopLimit{15};
constexpr std::size_t kTailBytes = 2000;

/// The ready file is written as a whole: an object with `port`, or the bare number.
int port_in(const std::string& ready_file) {
  const auto text = os::read_file(ready_file, 64u << 10);
  if (!text) return 0;
  if (const auto parsed = json::parse(*text); parsed && parsed->is_object()) {
    return static_cast<int>(json::get_int(*parsed, "port"));
  }
  const std::string_view number = trim(*text);
  int port = 0;
  std::from_chars(number.data(), number.data() + number.size(), port);
  return port;
}

}  // namespace

std::string log_tail(const std::string& path) {
  const auto text = os::read_file(path);
  if (!text) return {};
  std::string_view tail = utf8_suffix(trim(*text), kTailBytes);
  if (tail.size() == kTailBytes) tail.remove_prefix(std::min(tail.size(), tail.find('\n') + 1));
  return sanitize_utf8(tail);
}

Error OwnerProcess::early_end() const {
  return {ErrorCode::kSpawnFailed, "PatchBay ended before it was ready", "Its last words:\n" + log_tail(log_), {}};
}

Result<OwnerProcess> OwnerProcess::start(const std::string& program, const std::string& codex,
                                         const Playground& playground, const os::Environment& env,
                                         std::chrono::milliseconds limit, const CancelToken& interrupted) {
  const os::Fd log(::open(playground.log_file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return errno_error(errno, "opening the log", playground.log_file());
  os::SpawnOptions spawn;
  spawn.argv = {program,   "start", "--root",       playground.repository(),
                "--port",  "0",     "--ready-file", playground.ready_file(),
                "--codex", codex};
  spawn.env = env;
  spawn.cwd = playground.root();
  spawn.stdout_fd = log.get();
  spawn.stderr_fd = log.get();
  OwnerProcess owner(PB_TRY(os::Child::spawn(spawn)), playground.log_file());
  const MonoTime until = system_clock().mono() + limit;
  while ((owner.port_ = port_in(playground.ready_file())) == 0) {
    if (interrupted.cancelled()) return Error{ErrorCode::kCancelled, "it was interrupted", {}, {}};
    if (owner.child_.try_wait()) return owner.early_end();
    if (system_clock().mono() > until) {
      return Error{ErrorCode::kTimeout,
                   "PatchBay did not become ready in " + std::to_string(limit.count() / 1000) + " s",
                   "Its last words:\n" + log_tail(owner.log_),
                   {}};
    }
    std::this_thread::sleep_for(kPoll);
  }
  return owner;
}

bool OwnerProcess::stop() {
  if (!child_.running()) return true;
  (void)child_.signal(SIGTERM);
  if (child_.wait_until(system_clock().mono() + kStopLimit)) return true;
  (void)child_.signal_group(SIGKILL);
  child_.wait();
  return false;
}

}  // namespace patchbay::demo
