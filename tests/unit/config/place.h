#pragma once

#include <sys/stat.h>

#include <string>

#include "patchbay/config/launch.h"
#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::config {

/// A user's account in a temporary folder: a home directory, a state directory and one repository.
struct Place {
  testing_support::TempDir dir;
  os::Environment env;
  LaunchOptions options;

  Place() {
    make("user");
    make("user/repo");
    env["HOME"] = dir.path("user");
    env["PATCHBAY_HOME"] = dir.path("state");
    options.cwd = dir.path("user/repo");
  }

  std::string make(const std::string& relative) const {
    (void)os::make_private_dirs(dir.path(relative));
    return dir.path(relative);
  }
  std::string write(const std::string& relative, std::string_view text, unsigned mode = 0600) const {
    (void)os::write_file_atomic(dir.path(relative), text, mode);
    ::chmod(dir.path(relative).c_str(), mode);  // whatever the umask says
    return dir.path(relative);
  }
  std::string state(const std::string& relative) const { return dir.path("state/" + relative); }
  std::string repo() const { return dir.path("user/repo"); }

  Result<Launch> launch() const { return compose(options, env); }
  /// The error of a start that must be refused; a default Error with code kInternal when it was not.
  Error refusal() const {
    auto r = launch();
    return r.ok() ? Error{ErrorCode::kInternal, "accepted", {}, {}} : r.error();
  }
};

inline constexpr const char* kGoodToken = "0123456789abcdef0123456789abcdef";

inline bool has_line(const std::vector<std::string>& lines, std::string_view part) {
  for (const std::string& line : lines) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace patchbay::config
