#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/process.h"

namespace patchbay::config {

/// Every file name below the state directory is built here (cli.md 6.1). All paths are absolute.
class Home {
 public:
  /// `PATCHBAY_HOME` with `~` expanded and a relative path taken from `cwd`; else `~/.patchbay`. Touches
  /// nothing. kConfigRefused when there is neither.
  static Result<Home> locate(const os::Environment& env, const std::string& cwd);
  explicit Home(std::string root) : root_(std::move(root)) {}
  Home() = default;

  /// Creates the directory 0700 when absent. kConfigRefused when it is a symlink, not ours, or when group or
  /// world may write to it (SEC:F5); kIoError or kDiskFull when it cannot be made.
  Status prepare() const;
  /// What an operator should know about the place: a line when it lies below /tmp or /var/tmp.
  std::vector<std::string> warnings() const;

  const std::string& root() const { return root_; }
  std::string config_file() const { return at("config.yaml"); }
  std::string token_file() const { return at("token"); }
  std::string ref_salt() const { return at("ref_salt"); }
  std::string corrupt_dir() const { return at("corrupt"); }
  std::string worktrees_dir() const { return at("worktrees"); }
  std::string bin_dir() const { return at("bin"); }
  std::string cloudflared() const { return at("bin/cloudflared"); }

  std::string run_dir() const { return at("run"); }
  std::string owner_lock() const { return at("run/owner.lock"); }
  std::string owner_socket() const { return at("run/owner.sock"); }

  std::string runtime_dir() const { return at("runtime"); }
  std::string state_db() const { return at("runtime/state.db"); }
  std::string jobs_dir() const { return at("runtime/jobs"); }
  std::string job_worktrees_dir() const { return at("runtime/worktrees/jobs"); }
  std::string artifacts_dir() const { return at("runtime/artifacts"); }
  std::string locks_dir() const { return at("runtime/locks"); }
  std::string logs_dir() const { return at("runtime/logs"); }
  std::string audit_log() const { return at("runtime/logs/audit.log"); }
  std::string owner_log() const { return at("runtime/logs/owner.log"); }   ///< standard error of background owners
  std::string state_dump() const { return at("runtime/logs/dump.txt"); }   ///< what SIGQUIT asked for
  std::string last_crash() const { return at("runtime/logs/crash.txt"); }  ///< a crash that was told
  std::string crash_note() const { return at("run/crash"); }               ///< one that was not

  std::string profiles_dir() const { return at("profiles"); }
  std::string profile(const std::string& workspace_root) const;
  std::string runtime_config(const std::string& workspace_root) const;
  std::string runtime_status(const std::string& workspace_root) const;

 private:
  std::string at(std::string_view relative) const;
  std::string root_;
};

/// First 24 hex digits of the SHA-256 of a normalised root: names its profile and runtime files.
std::string workspace_file_id(const std::string& workspace_root);

}  // namespace patchbay::config
