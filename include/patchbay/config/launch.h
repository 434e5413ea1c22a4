#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/config/auth.h"
#include "patchbay/config/config.h"
#include "patchbay/config/home.h"

/// From flags, environment and files to the settings of one start.
namespace patchbay::config {

/// The flags of `start`, as typed. Absent members leave the lower layers alone; values are checked by
/// compose().
struct LaunchOptions {
  std::string cwd;  ///< absolute; what relative paths start from
  std::optional<std::string> config;
  std::optional<std::string> posture;  ///< narrow, documented
  std::optional<std::string> root;
  std::vector<std::string> allow_root;
  std::optional<std::string> tool_mode;
  std::optional<std::string> host;
  std::optional<std::int64_t> port;
  std::optional<std::int64_t> max_concurrent_jobs;
  std::optional<std::string> codex;
  std::optional<std::string> log_level;
  std::optional<std::string> bash_mode;
  std::optional<bool> direct_write;
  std::optional<std::string> bash_session_id;
  std::optional<bool> require_bash_session;
  std::optional<bool> codex_session_read;
  std::optional<std::string> widget_domain;
  /// Where clients reach this server from outside: an http or https URL of host and optional path.
  std::optional<std::string> public_base_url;
  bool generate_token = false;
  bool allow_bypass = false;
  bool i_understand_root = false;
  bool use_profile = false;      ///< lay the saved profile of the workspace between the file and the flags
  bool connection_test = false;  ///< offer only what shows that a client gets through
  /// A valid named token exists in the state database (the caller looked), so an exposed start has one.
  bool named_tokens = false;
  /// False for an owner without HTTP: nobody reaches it but this user, so it needs no token.
  bool listens = true;
  /// For a report instead of a start: what speaks against the start goes to Launch::problems and compose() goes on.
  bool diagnose = false;
};

enum class Posture { kNarrow, kDocumented };
std::string_view name_of(Posture p);

/// A key whose value is not the documented one.
struct Difference {
  std::string key, value, documented;
  std::string restore;  ///< the flag that brings the documented value back
};

/// Something that a start would end with.
struct Problem {
  std::string about;  ///< "config_file", "allowed_roots", ...: one word for a report
  Error error;
};

/// Everything a start needs to know before it opens or spawns anything.
struct Launch {
  Config config;
  Provenance provenance;
  Home home;
  Posture posture = Posture::kNarrow;  ///< of the values below the file
  std::string config_file;             ///< absolute; empty when none was read
  std::string public_base_url;         ///< without a trailing slash; empty: none
  AuthPolicy auth;
  std::string codex_home;  ///< where Codex keeps its files: the key, else CODEX_HOME, else ~/.codex
  Secret ref_salt;         ///< PATCHBAY_SESSION_REF_SALT; empty: the key file <home>/ref_salt counts
  bool connection_test = false;
  std::string profile;                ///< path of the profile that was used or written; empty: none
  bool profile_saved = false;         ///< written by this launch
  std::vector<std::string> exposure;  ///< why this start is reachable beyond loopback; empty: it is not
  std::vector<std::string> warnings;
  std::vector<Difference> differences;
  std::vector<Problem> problems;  ///< only with LaunchOptions::diagnose

  bool exposed() const { return !exposure.empty(); }
};

/// Flag over environment over file over built-in values, then the overlay for an exposed start, then every
/// fail-closed rule.
///
/// kUsage (exit 2): a flag's value, a default root that is not one. kConfigRefused (exit 78): SEC:F1, F2,
/// F4-F7. Effects: `<home>` is created (0700); with `generate_token` also `<home>/token`. Nothing else is
/// written.
///
/// With `diagnose` only a home that cannot be named is an error; every other refusal is a problem of the launch, what
/// it was about keeps its lower layer's value, and the current folder is no default root where it may not be one.
Result<Launch> compose(const LaunchOptions& options, const os::Environment& env);

/// Writes what the flags of this launch and its profile said about the workspace into <home>/profiles (cli.md
/// 6.3): known keys only, never a token. Gives the path. kDiskFull, kIoError.
Result<std::string> save_profile(const Launch& launch, const Clock& clock);

/// The file a start reads: `--config`, PATCHBAY_CONFIG, <home>/config.yaml when it exists, else empty.
std::string config_path(const LaunchOptions& options, const os::Environment& env, const Home& home);

/// A public address as people copy it from a connector: what stands before /mcp, without a slash at the end.
std::string without_endpoint(std::string url);

/// The host of an http or https URL, or of a bare host name; without port and path. Empty when there is none.
std::string host_of_url(std::string_view url);

/// The posture on one screen, for `start` and `doctor`: what is open, who may reach it, and how each
/// difference from the documented values is undone. No secret.
std::vector<std::string> posture_lines(const Launch& launch);

}  // namespace patchbay::config
