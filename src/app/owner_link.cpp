#include "patchbay/app/owner_link.h"

#include <thread>

#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/os/socket.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kInfoLimit = 4096;
constexpr std::size_t kAnswerLimit = 4u << 20;
constexpr std::size_t kLogTail = 2000;
constexpr auto kPause = std::chrono::milliseconds(20);
/// Descriptor of the start gate in a background owner.
constexpr int kGateNumber = 3;

/// Somebody who only asks whether a lock is free holds it for an instant; that is not an owner.
Result<os::FileLock> take_lock(const std::string& path, MonoTime deadline) {
  for (int attempt = 0;; ++attempt) {
    os::FileLock lock = PB_TRY(os::FileLock::try_acquire(path));
    if (lock.held()) return lock;
    if (attempt >= 3 && std::chrono::steady_clock::now() >= deadline) return lock;
    std::this_thread::sleep_for(attempt < 3 ? std::chrono::milliseconds(2) : kPause);
  }
}

std::string gate_path(const config::Home& home) { return os::join(home.run_dir(), "start.lock"); }

std::string stopped_path(const config::Home& home) { return os::join(home.run_dir(), "stopped"); }

std::string stopped_text(const os::ProcessIdentity& owner) {
  return fmt::format("{} {}\n", owner.pid, owner.to_string());
}

bool is_held(const std::string& lock_path) {
  const auto held = os::FileLock::is_held(lock_path);
  return held && *held;
}

/// A connection to the owner. One that holds the lock and does not listen is starting or leaving: it is waited for.
Result<os::Fd> connect_to_holder(const config::Home& home, MonoTime deadline) {
  for (;;) {
    const bool held = is_held(home.owner_lock());
    auto socket = os::connect_unix(home.owner_socket(), deadline);
    if (socket || socket.error().code != ErrorCode::kNotFound || !held) return socket;
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{ErrorCode::kTimeout,
                   "an owner holds this home and does not listen: it is starting or leaving",
                   "Look into <home>/runtime/logs/owner.log, or try again in a moment.",
                   {}};
    }
    std::this_thread::sleep_for(kPause);
  }
}

constexpr std::string_view kServeSays = "patchbay serve: ";

/// Errors of a command that ended, by its exit status.
ErrorCode code_of_exit(int status) {
  for (const ErrorCode code : {ErrorCode::kUsage, ErrorCode::kConfigRefused, ErrorCode::kStateTooNew,
                               ErrorCode::kIoError, ErrorCode::kOwnerRunning, ErrorCode::kPortInUse}) {
    if (error_info(code).exit_code == status) return code;
  }
  return ErrorCode::kInternal;
}

ErrorCode code_of_name(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    if (name_of(static_cast<ErrorCode>(i)) == name) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::kInternal;
}

/// What was written to the log from `from` on, as far as it fits.
std::string last_words(const std::string& log_path, std::size_t from) {
  const auto text = os::read_file(log_path, kOwnerLogKeep * 2);
  if (!text || text->size() <= from) return {};
  const std::string_view added = std::string_view(*text).substr(from);
  return sanitize_utf8(trim(utf8_suffix(added, kLogTail)));
}

struct BackgroundOwner {
  os::Child child;
  std::size_t log_from = 0;
};

/// The child holds the gate as well, until it listens or dies: so nobody takes it for no owner while it starts, even
/// when whoever started it is gone.
Result<BackgroundOwner> start_background(const config::Home& home, const std::vector<std::string>& argv,
                                         const os::FileLock& gate) {
  PB_TRY(os::make_private_dirs(home.logs_dir()));
  const std::string log_path = home.owner_log();
  const os::LogFile log = PB_TRY(os::open_log(log_path, kOwnerLogKeep));
  os::SpawnOptions options;
  options.argv = argv;
  options.argv.insert(options.argv.end(), {"--start-gate", std::to_string(kGateNumber)});
  options.passed = {{gate.fd(), kGateNumber}};
  options.stderr_fd = log.fd.get();
  BackgroundOwner owner;
  owner.log_from = log.size;
  owner.child = PB_TRY(os::Child::spawn(options));
  return owner;
}

Error refusal_of(const os::ExitStatus& status, const std::string& words) {
  Error error;
  error.code = status.signalled ? ErrorCode::kInternal : code_of_exit(status.code);
  error.message = words.empty() ? "the background owner did not start" : words;
  // Whoever asked for the owner puts a name of its own in front.
  if (error.message.starts_with(kServeSays)) error.message.erase(0, kServeSays.size());
  return error;
}

}  // namespace

std::string OwnerInfo::to_text() const {
  Json j;
  j["pid"] = process.pid;
  j["start_ticks"] = process.start_ticks;
  j["boot_id"] = process.boot_id;
  j["version"] = version;
  j["http_url"] = http_url;
  j["settings"] = settings;
  j["config"] = config;
  j["background"] = background;
  return json::dump(j) + "\n";
}

std::optional<OwnerInfo> OwnerInfo::from_text(const std::string& text) {
  const auto parsed = json::parse(text);
  if (!parsed || json::get_int(*parsed, "pid") <= 0) return std::nullopt;
  OwnerInfo info;
  info.process.pid = static_cast<pid_t>(json::get_int(*parsed, "pid"));
  info.process.start_ticks = static_cast<std::uint64_t>(json::get_int(*parsed, "start_ticks"));
  info.process.boot_id = json::get_string(*parsed, "boot_id");
  info.version = json::get_string(*parsed, "version");
  info.http_url = json::get_string(*parsed, "http_url");
  info.settings = json::get_string(*parsed, "settings");
  info.config = json::get_string(*parsed, "config");
  info.background = json::get_bool(*parsed, "background");
  return info;
}

std::optional<OwnerInfo> last_owner(const config::Home& home) {
  const auto text = os::read_file(home.owner_lock(), kInfoLimit);
  return text ? OwnerInfo::from_text(*text) : std::nullopt;
}

Status note_stopped(const config::Home& home, const os::ProcessIdentity& owner) {
  return os::write_file_volatile(stopped_path(home), stopped_text(owner));
}

bool was_stopped(const config::Home& home, const os::ProcessIdentity& owner) {
  const auto text = os::read_file(stopped_path(home), kInfoLimit);
  return text && *text == stopped_text(owner);
}

std::optional<OwnerInfo> find_owner(const config::Home& home) {
  const auto held = os::FileLock::is_held(home.owner_lock());
  if (!held || !*held) return std::nullopt;
  auto info = last_owner(home);
  // The text of an owner that crashed stays until the next one writes its own.
  if (!info || !os::is_alive(info->process)) return std::nullopt;
  return info;
}

std::string settings_fingerprint(const config::Config& config) {
  config::Config relevant = config;
  const config::Config built_in;
  relevant.server.host = built_in.server.host;
  relevant.server.port = built_in.server.port;
  relevant.logging.level = built_in.logging.level;
  return sha256_hex(config::dump_yaml(relevant, {}));
}

Result<os::FileLock> take_start_gate(const config::Home& home, MonoTime deadline) {
  return take_lock(gate_path(home), deadline);
}

Result<os::FileLock> take_owner_lock(const config::Home& home, MonoTime deadline) {
  return take_lock(home.owner_lock(), deadline);
}

Result<Json> ask_owner(const config::Home& home, const Json& request, std::chrono::milliseconds timeout) {
  const MonoTime deadline = std::chrono::steady_clock::now() + timeout;
  const os::Fd socket = PB_TRY(connect_to_holder(home, deadline));
  PB_TRY(os::write_all(socket.get(), json::dump(request) + "\n"));
  if (!PB_TRY(os::wait_readable(socket.get(), deadline))) {
    return Error{ErrorCode::kTimeout, "the owner did not answer in time", {}, {}};
  }
  const std::string line = PB_TRY(os::read_to_end(socket.get(), kAnswerLimit));
  if (line.empty()) return Error{ErrorCode::kIoError, "the owner ended before it answered", "Repeat the command.", {}};
  Json answer = PB_TRY(json::parse(line));
  if (const Json* error = json::find(answer, "error")) {
    return Error{code_of_name(json::get_string(*error, "code")),
                 json::get_string(*error, "message"),
                 json::get_string(*error, "hint"),
                 {}};
  }
  return answer;
}

Result<os::Fd> reach_owner(const config::Home& home, const std::vector<std::string>& owner_argv, MonoTime deadline) {
  PB_TRY(os::make_private_dirs(home.run_dir()));
  std::optional<BackgroundOwner> started;
  for (;;) {
    auto socket = os::connect_unix(home.owner_socket(), deadline);
    if (socket) {
      if (started) os::reap_later(std::move(started->child));
      return socket;
    }
    if (socket.error().code != ErrorCode::kNotFound) return socket;
    if (started) {
      if (const auto status = started->child.try_wait()) {
        // Somebody else was faster: that owner is as good.
        const bool lost_race = !status->signalled && status->code == error_info(ErrorCode::kOwnerRunning).exit_code;
        if (!lost_race) return refusal_of(*status, last_words(home.owner_log(), started->log_from));
        started.reset();
      }
    } else if (!is_held(home.owner_lock())) {
      const os::FileLock gate = PB_TRY(os::FileLock::try_acquire(gate_path(home)));
      // Whoever holds the gate starts an owner, or ends one.
      const bool nobody_comes = gate.held() && !is_held(home.owner_lock());
      if (nobody_comes && owner_argv.empty()) return socket;
      if (nobody_comes) started = PB_TRY(start_background(home, owner_argv, gate));
    }
    if (std::chrono::steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(kPause);
  }
  if (started) os::reap_later(std::move(started->child));
  return Error{
      ErrorCode::kTimeout, "no owner answered on the socket in time", "Look into <home>/runtime/logs/owner.log.", {}};
}

}  // namespace patchbay::app
