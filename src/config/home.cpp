#include "patchbay/config/home.h"

#include "patchbay/base/hash.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::config {
namespace {

Error refused(const std::string& path, const std::string& why) {
  return {ErrorCode::kConfigRefused, "the state directory " + path + " " + why,
          "Give PATCHBAY_HOME a directory of your own with mode 0700.", path};
}

}  // namespace

Result<Home> Home::locate(const os::Environment& env, const std::string& cwd) {
  const auto it = env.find("PATCHBAY_HOME");
  if (it != env.end() && !it->second.empty()) {
    std::string root = os::expand_home(it->second);
    if (!root.starts_with('/')) root = os::join(cwd, root);
    while (root.size() > 1 && root.ends_with('/')) root.pop_back();
    return Home(std::move(root));
  }
  // The environment that was handed in counts, so that a test or a front end can speak for another user.
  const auto home = env.find("HOME");
  const std::string base = home != env.end() && home->second.starts_with('/') ? home->second : os::home_dir();
  if (base.empty()) {
    return Error{ErrorCode::kConfigRefused, "there is no home directory", "Set PATCHBAY_HOME.", {}};
  }
  return Home(os::join(base, ".patchbay"));
}

Status Home::prepare() const {
  auto facts = os::file_facts(root_);
  if (!facts.ok() && facts.error().code == ErrorCode::kNotFound) {
    PB_TRY(os::make_private_dirs(root_));
    facts = os::file_facts(root_);
  }
  const os::FileFacts found = PB_TRY(std::move(facts));
  // Checked also right after making it: somebody may have been faster.
  if (const std::string why = os::distrust_reason(found, os::Owner::kUs); !why.empty()) return refused(root_, why);
  if (!found.directory) return refused(root_, "is not a directory");
  return {};
}

std::vector<std::string> Home::warnings() const {
  for (const char* place : {"/tmp", "/var/tmp"}) {
    if (!os::is_within(place, root_)) continue;
    return {"the state directory " + root_ + " lies below " + place + ": it may be cleaned up at any time"};
  }
  return {};
}

std::string Home::at(std::string_view relative) const { return os::join(root_, relative); }

std::string Home::profile(const std::string& workspace_root) const {
  return at("profiles/" + workspace_file_id(workspace_root) + ".json");
}
std::string Home::runtime_config(const std::string& workspace_root) const {
  return at("runtime/" + workspace_file_id(workspace_root) + ".yaml");
}
std::string Home::runtime_status(const std::string& workspace_root) const {
  return at("runtime/" + workspace_file_id(workspace_root) + ".json");
}

std::string workspace_file_id(const std::string& workspace_root) { return sha256_hex(workspace_root).substr(0, 24); }

}  // namespace patchbay::config
