#include "patchbay/runner/launcher.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "patchbay/os/fd_passing.h"
#include "runner/order_json.h"

namespace patchbay::runner {
namespace {

constexpr std::chrono::seconds kReceiptDeadline{10};
constexpr std::chrono::milliseconds kFarewell{500};
constexpr int kSocketNumber = 3;

/// What a runner may see of our environment: enough to find its libraries and to write readable text. Everything else,
/// tokens above all, stays with us (SEC:A4, I8).
os::Environment runner_environment() {
  static constexpr std::string_view kNames[] = {
      "PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "LANGUAGE", "LD_LIBRARY_PATH"};
  os::Environment out;
  for (const auto& [name, value] : os::current_environment()) {
    const bool wanted = name.starts_with("LC_") || name.ends_with("SAN_OPTIONS") ||
                        std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
    if (wanted) out.emplace(name, value);
  }
  return out;
}

Error not_started(const std::string& why, std::string detail = {}) {
  return {ErrorCode::kSpawnFailed, "The turn could not be started: " + why, "Try again.", std::move(detail)};
}

}  // namespace

Result<Launcher::Runner> Launcher::load() const {
  os::SocketPair pair = PB_TRY(os::make_socket_pair());
  os::SpawnOptions spawn{.argv = argv_};
  spawn.env = runner_environment();
  spawn.cwd = "/";
  spawn.passed = {{pair.b.get(), kSocketNumber}};
  auto process = os::Child::spawn(spawn);
  // Whatever keeps our own program from starting, no turn came to be.
  if (!process) return not_started(process.error().message, process.error().detail);
  return Runner{std::move(*process), std::move(pair.a)};
}

Launcher::~Launcher() {
  if (!spare_) return;
  // It ends by itself, and leaves nothing behind.
  spare_->socket.reset();
  (void)spare_->process.wait_until(system_clock().mono() + kFarewell);
}

std::optional<Launcher::Runner> Launcher::take_spare() {
  std::lock_guard lock(mutex_);
  return std::exchange(spare_, std::nullopt);
}

void Launcher::prepare() {
  std::lock_guard lock(mutex_);
  if (spare_ && !spare_->process.try_wait()) return;
  spare_.reset();
  if (auto runner = load()) spare_ = std::move(*runner);
}

Result<os::Child> Launcher::start(const TurnOrder& order, const std::vector<int>& repo_locks) {
  // One line of JSON, then the prompt: both in a memory file, so that the prompt touches no disk and the runner has all
  // of it or nothing.
  const os::Fd message = PB_TRY(os::memory_file(json::dump(order_to_json(order)) + "\n" + order.prompt));
  std::vector<int> passed = {message.get()};
  passed.insert(passed.end(), repo_locks.begin(), repo_locks.end());
  if (auto spare = take_spare(); spare && os::send_fds(spare->socket.get(), passed).ok()) {
    return confirmed(std::move(*spare));
  }
  Runner fresh = PB_TRY(load());
  if (const Status sent = os::send_fds(fresh.socket.get(), passed); !sent) {
    return not_started("its runner ended before it began", sent.error().detail);
  }
  return confirmed(std::move(fresh));
}

Result<os::Child> Launcher::confirmed(Runner runner) {
  const auto failed = [&](const char* why) {
    (void)runner.process.signal_group(SIGKILL);
    return not_started(why);
  };
  const bool answered = PB_TRY(os::wait_readable(runner.socket.get(), system_clock().mono() + kReceiptDeadline));
  if (!answered) return failed("its runner did not confirm the order in time");
  char byte = 0;
  if (::read(runner.socket.get(), &byte, 1) != 1 || byte != 'k') return failed("its runner ended before it began");
  return std::move(runner.process);
}

}  // namespace patchbay::runner
