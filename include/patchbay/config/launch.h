#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  bool generate_token = false;
  bool allow_bypass = false;
  bool i_understand_root = false;
  /// A valid named token exists in the state database (the caller looked), so an exposed start has one.
  bool named_tokens = false;
};

enum class Posture { kNarrow, kDocumented };
std::string_view name_of(Posture p);

/// A key whose value is not the documented one.
struct Difference {
  std::string key, value, documented;
  std::string restore;  ///< the flag that brings the documented value back
};

/// Everything a start needs to know before it opens or spawns anything.
struct Launch {
  Config config;
  Provenance provenance;
  Home home;
  Posture posture = Posture::kNarrow;  ///< of the values below the file
  std::string config_file;             ///< absolute; empty when none was read
  AuthPolicy auth;
  std::string codex_home;  ///< where Codex keeps its files: the key, else CODEX_HOME, else ~/.codex
  Secret ref_salt;         ///< PATCHBAY_SESSION_REF_SALT; empty: the key file <home>/ref_salt counts
  std::vector<std::string> exposure;  ///< why this start is reachable beyond loopback; empty: it is not
  std::vector<std::string> warnings;
  std::vector<Difference> differences;

  bool exposed() const { return !exposure.empty(); }
};

/// Flag over environment over file over built-in values, then the overlay for an exposed start, then every
/// fail-closed rule.
///
/// kUsage (exit 2): a flag's value, a default root that is not one. kConfigRefused (exit 78): SEC:F1, F2,
/// F4-F7. Effects: `<home>` is created (0700); with `generate_token` also `<home>/token`. Nothing else is
/// written.
Result<Launch> compose(const LaunchOptions& options, const os::Environment& env);

/// The file a start reads: `--config`, PATCHBAY_CONFIG, <home>/config.yaml when it exists, else empty.
std::string config_path(const LaunchOptions& options, const os::Environment& env, const Home& home);

/// The posture on one screen, for `start` and `doctor`: what is open, who may reach it, and how each
/// difference from the documented values is undone. No secret.
std::vector<std::string> posture_lines(const Launch& launch);

}  // namespace patchbay::config
