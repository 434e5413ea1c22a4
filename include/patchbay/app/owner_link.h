#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/config/config.h"
#include "patchbay/config/home.h"
#include "patchbay/json/json.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/lock.h"
#include "patchbay/os/process.h"

/// How every other process finds, reaches and asks the owner of a home (design.md 3).
namespace patchbay::app {

/// What the owner says about itself: the text of `owner.lock`. It decides nothing; the lock does.
struct OwnerInfo {
  os::ProcessIdentity process;
  std::string version;
  std::string http_url;     ///< "http://127.0.0.1:8000"; empty without HTTP
  std::string settings;     ///< settings_fingerprint() of its configuration
  std::string config;       ///< file with the settings it runs with; a later owner can be started from it
  bool background = false;  ///< started by a front end: it hands over and leaves when idle

  std::string to_text() const;
  static std::optional<OwnerInfo> from_text(const std::string& text);
};

/// The living owner of a home, or nothing when the lock is free or its text not yet written.
std::optional<OwnerInfo> find_owner(const config::Home& home);

/// The owner that runs or ran last: its text outlives it.
std::optional<OwnerInfo> last_owner(const config::Home& home);

/// Leaves word that the operator ended this owner, so that nobody who was connected to it starts another one.
Status note_stopped(const config::Home& home, const os::ProcessIdentity& owner);
/// Whether the operator ended exactly this owner.
bool was_stopped(const config::Home& home, const os::ProcessIdentity& owner);

/// The same for two configurations that mean the same to a client on the socket: where HTTP listens and how
/// much is logged play no part.
std::string settings_fingerprint(const config::Config& config);

/// Held by whoever starts an owner, until it listens, and by whoever ends one: in between nobody else begins either,
/// and who waits for the gate knows whether an owner runs. Not held: the time is over.
Result<os::FileLock> take_start_gate(const config::Home& home, MonoTime deadline);

/// Takes the owner's lock, waiting until `deadline` for whoever leaves. Not held: somebody keeps it.
Result<os::FileLock> take_owner_lock(const config::Home& home, MonoTime deadline);

/// One question of an operator command to the owner, answered with one line. Members of `request`:
///   control: "status"   -> active_turns, clients, running_calls
///   control: "leave"    -> leaving (false for an owner with HTTP), active_turns
///   control: "stop"     -> active_turns, cancelled_turns; `turns: true` cancels them first
///   control: "restore"  -> the reply of Workers::restore; `worker`, `repo_path`
/// An owner that holds the lock and does not listen yet is waited for. kNotFound when there is none; kTimeout;
/// kIoError when it ended before it answered; an error of the owner comes back with its code.
Result<Json> ask_owner(const config::Home& home, const Json& request, std::chrono::milliseconds timeout);

/// A log of background owners that is larger begins anew; the old one is kept beside it.
inline constexpr std::size_t kOwnerLogKeep = 10u << 20;

/// A connection to the owner's socket. When no owner runs, `owner_argv` is started in the background, in its
/// own session, with standard error in <home>/runtime/logs/owner.log; it gets `--start-gate FD` as well, the
/// OwnerOptions::gate_fd of its run. Empty `owner_argv`: kNotFound then.
///
/// `deadline` limits the whole. When the background owner refuses to start, the error has its last words; its
/// code is the one of the exit status (kConfigRefused, kUsage, kStateTooNew ...).
Result<os::Fd> reach_owner(const config::Home& home, const std::vector<std::string>& owner_argv, MonoTime deadline);

}  // namespace patchbay::app
