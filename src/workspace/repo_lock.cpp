// Directories are locked by what they are (device and inode), not by how they are spelled. A writer holds its
// work tree's lock exclusively and a shared lock on every directory above it, so two writers conflict when
// one tree contains the other, and not when the trees lie side by side. A runner that outlives us inherits
// the exclusive lock only; the list of directories above, kept in the lock file, says then what it still
// covers.

#include "patchbay/workspace/repo_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "patchbay/base/clock.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"
#include "patchbay/json/json.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kMaxInfoBytes = 64 * 1024;
constexpr int kMaxDepth = 4096;

std::string key_of(const struct stat& st) {
  return sha256_hex(std::to_string(st.st_dev) + ":" + std::to_string(st.st_ino)).substr(0, 32);
}

std::string lock_name(const std::string& key) { return "repo_" + key + ".lock"; }

/// Keys of the work tree's toplevel and of every directory above it, in this order.
Result<std::vector<std::string>> chain_of(const std::string& path) {
  os::Fd dir(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) {
    if (errno == ENOENT) return Error{ErrorCode::kWorkspaceMissing, "the workspace does not exist", {}, path};
    if (errno == ENOTDIR) return Error{ErrorCode::kWorkspaceNotDirectory, "the workspace is not a folder", {}, path};
    return errno_error(errno, "opening the workspace", path);
  }
  std::vector<std::string> keys;
  std::size_t toplevel = 0;
  bool found = false;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    struct stat st {
    }, above{}, git{};
    if (::fstat(dir.get(), &st) != 0) return errno_error(errno, "looking at the workspace", path);
    keys.push_back(key_of(st));
    if (!found && ::fstatat(dir.get(), ".git", &git, AT_SYMLINK_NOFOLLOW) == 0) {
      found = true;
      toplevel = keys.size() - 1;
    }
    os::Fd parent(::openat(dir.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!parent || ::fstat(parent.get(), &above) != 0) return errno_error(errno, "looking above the workspace", path);
    if (above.st_dev == st.st_dev && above.st_ino == st.st_ino) break;
    dir = std::move(parent);
  }
  keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(toplevel));
  return keys;
}

Json read_info(const std::string& path) {
  const auto text = os::read_file(path, kMaxInfoBytes);
  if (!text) return Json::object();
  auto parsed = json::parse(*text);
  return parsed && parsed->is_object() ? *parsed : Json::object();
}

Error busy(const Json& info) {
  Json holder = Json::object();
  for (const char* field : {"operation", "worker_name"}) {
    if (auto text = json::find_string(info, field); text && !text->empty()) holder[field] = display_safe(*text);
  }
  if (const auto since = json::find_double(info, "since")) {
    holder["since"] = iso8601(from_epoch_seconds(*since));
    const double age = epoch_seconds(system_clock().wall()) - *since;
    holder["age_seconds"] = static_cast<std::int64_t>(std::max(age, 0.0));
  }
  return Error{ErrorCode::kRepoBusy, "Another operation is writing to this repository.",
               "Wait until it is done, then call again.", json::dump(holder)};
}

std::string describe_holder(const LockInfo& info, const std::vector<std::string>& keys, double since) {
  const auto self = os::identify(::getpid());
  Json text = {{"pid", ::getpid()},
               {"process", self ? self->to_string() : std::string()},
               {"operation", info.operation},
               {"job_id", info.job_id},
               {"worker_name", info.worker_name},
               {"since", since},
               {"above", std::vector<std::string>(keys.begin() + 1, keys.end())}};
  return json::dump(text);
}

/// Information on a held lock below the directory `key`, when a holder's list of directories names it.
Result<std::optional<Json>> holder_below(const std::string& dir, const std::string& key) {
  for (const std::string& name : PB_TRY(os::list_dir(dir))) {
    if (!name.starts_with("repo_") || !name.ends_with(".lock") || name == lock_name(key)) continue;
    const std::string path = os::join(dir, name);
    Json info = read_info(path);
    const Json* above = json::find(info, "above");
    if (above == nullptr || !above->is_array() || std::find(above->begin(), above->end(), Json(key)) == above->end()) {
      continue;
    }
    if (PB_TRY(os::FileLock::is_held(path))) return std::optional<Json>(std::move(info));
  }
  return std::optional<Json>();
}

}  // namespace

Result<HeldRepoLock> RepoLocks::acquire(const std::string& path, const LockInfo& info) const {
  const std::vector<std::string> keys = PB_TRY(chain_of(path));
  PB_TRY(os::make_private_dirs(dir_));
  std::vector<os::FileLock> locks(keys.size());
  // From the top down, so that whoever meets a conflict has locked nothing that another one waits for.
  for (std::size_t i = keys.size(); i-- > 0;) {
    const std::string file = os::join(dir_, lock_name(keys[i]));
    locks[i] = PB_TRY(os::FileLock::try_acquire(file, i == 0 ? os::LockMode::kExclusive : os::LockMode::kShared));
    if (locks[i].held()) continue;
    if (i == 0 && !PB_TRY(os::FileLock::is_held(file))) {
      // Only shared locks stand in the way: the writer works somewhere below.
      return busy(PB_TRY(holder_below(dir_, keys[0])).value_or(Json::object()));
    }
    return busy(read_info(file));
  }
  if (auto below = PB_TRY(holder_below(dir_, keys[0]))) return busy(*below);
  const double since = epoch_seconds(system_clock().wall());
  PB_TRY(locks[0].set_info(describe_holder(info, keys, since)));
  return HeldRepoLock(std::move(locks), info, keys, since);
}

void HeldRepoLock::name_job(const std::string& job_id) {
  info_.job_id = job_id;
  (void)locks_.front().set_info(describe_holder(info_, keys_, since_));
}

}  // namespace patchbay::workspace
