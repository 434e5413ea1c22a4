#include "patchbay/os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <limits>

#include "patchbay/base/ids.h"

namespace patchbay::os {
namespace {

std::atomic<FaultHook> g_fault_hook{nullptr};

Error not_found(std::string_view what, const std::string& path) {
  return Error{ErrorCode::kNotFound, std::string(what) + ": not found", {}, path};
}

/// Empties the directory `name` below `parent` and removes it. Links are removed, never followed.
int remove_at(int parent, const char* name) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return errno;
  Fd dir(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir) {
    // A worker may have taken the permissions away; the tree is ours to remove all the same.
    if (::fchmodat(parent, name, 0700, 0) != 0) return errno;
    dir = Fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!dir) return errno;
  }
  ::fchmod(dir.get(), 0700);
  DIR* handle = ::fdopendir(::fcntl(dir.get(), F_DUPFD_CLOEXEC, 3));
  if (handle == nullptr) return errno;
  int failed = 0;
  while (const dirent* entry = ::readdir(handle)) {
    const std::string_view n = entry->d_name;
    if (n == "." || n == "..") continue;
    if (const int err = remove_at(dir.get(), entry->d_name); err != 0) failed = err;
  }
  ::closedir(handle);
  if (failed != 0) return failed;
  return ::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

}  // namespace

void set_file_fault_hook(FaultHook hook) { g_fault_hook = hook; }

int file_fault(std::string_view step, const std::string& path) {
  const FaultHook hook = g_fault_hook.load(std::memory_order_relaxed);
  return hook == nullptr ? 0 : hook(step, path);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return not_found("reading a file", path);
    return errno_error(errno, "opening a file", path);
  }
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "reading a file", path);
  if (!S_ISREG(st.st_mode)) return Error{ErrorCode::kNotAFile, "not a regular file", {}, path};
  if (static_cast<std::size_t>(st.st_size) > limit) {
    return Error{ErrorCode::kFileTooLarge, "the file is larger than the limit", {}, path};
  }
  return read_to_end(fd.get(), limit);
}

bool exists(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

bool is_directory(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

Status make_private_dirs(const std::string& path) {
  if (is_directory(path)) return {};
  const std::string parent = parent_of(path);
  if (!parent.empty() && parent != path) PB_TRY(make_private_dirs(parent));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return errno_error(errno, "creating a folder", path);
  if (!is_directory(path)) return Error{ErrorCode::kNotADirectory, "a file is in the way of a folder", {}, path};
  return {};
}

Result<std::vector<std::string>> list_dir(const std::string& path) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) {
    if (errno == ENOENT) return not_found("listing a folder", path);
    if (errno == ENOTDIR) return Error{ErrorCode::kNotADirectory, "not a folder", {}, path};
    return errno_error(errno, "listing a folder", path);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view n = entry->d_name;
    if (n != "." && n != "..") names.emplace_back(n);
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

Status remove_tree(const std::string& path) {
  if (const int err = remove_at(AT_FDCWD, path.c_str()); err != 0) {
    return errno_error(err, "removing a folder", path);
  }
  return {};
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error(errno, "removing a file", path);
  return {};
}

Status sync_dir(const std::string& dir) {
  if (const int err = file_fault("fsync_dir", dir); err != 0) return errno_error(err, "saving a folder", dir);
  Fd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return errno_error(errno, "saving a folder", dir);
  return {};
}

Result<std::string> real_path(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return not_found("resolving a path", path);
    return errno_error(errno, "resolving a path", path);
  }
  std::string out(resolved);
  ::free(resolved);
  return out;
}

std::string home_dir() {
  if (const char* home = ::getenv("HOME"); home != nullptr && home[0] == '/') return home;
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr &&
      found->pw_dir != nullptr && found->pw_dir[0] == '/') {
    return found->pw_dir;
  }
  return {};
}

std::string expand_home(const std::string& path) {
  if (path == "~" || path.starts_with("~/")) {
    const std::string home = home_dir();
    if (!home.empty()) return home + path.substr(1);
  }
  return path;
}

std::string join(std::string_view a, std::string_view b) {
  if (a.empty()) return std::string(b);
  if (b.empty()) return std::string(a);
  std::string out(a);
  if (out.back() != '/') out += '/';
  while (b.starts_with('/')) b.remove_prefix(1);
  return out.append(b);
}

std::string parent_of(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

bool is_within(std::string_view root, std::string_view path) {
  while (root.size() > 1 && root.ends_with('/')) root.remove_suffix(1);
  if (root == "/") return path.starts_with('/');
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

Result<FreeSpace> free_space(const std::string& path) {
  struct statvfs s {};
  if (::statvfs(path.c_str(), &s) != 0) return errno_error(errno, "asking for free space", path);
  // File systems without a fixed number of inodes (btrfs) say that there are none at all.
  const std::uint64_t inodes = s.f_files == 0 ? std::numeric_limits<std::uint64_t>::max() : s.f_favail;
  return FreeSpace{static_cast<std::uint64_t>(s.f_bavail) * s.f_frsize, inodes};
}

AtomicFile::AtomicFile(AtomicFile&& o) noexcept
    : fd_(std::move(o.fd_)), path_(std::move(o.path_)), temp_(std::exchange(o.temp_, {})) {}

AtomicFile& AtomicFile::operator=(AtomicFile&& o) noexcept {
  if (!temp_.empty()) ::unlink(temp_.c_str());
  fd_ = std::move(o.fd_);
  path_ = std::move(o.path_);
  temp_ = std::exchange(o.temp_, {});
  return *this;
}

AtomicFile::~AtomicFile() {
  if (!temp_.empty()) ::unlink(temp_.c_str());
}

Result<AtomicFile> AtomicFile::create(const std::string& path, unsigned mode) {
  AtomicFile file;
  file.path_ = path;
  file.temp_ = join(parent_of(path), "." + base_name(path) + ".pb-" + random_hex(12));
  file.fd_ = Fd(::open(file.temp_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file.fd_) {
    const int err = errno;
    file.temp_.clear();
    return errno_error(err, "creating a file", path);
  }
  return file;
}

Status AtomicFile::write(std::string_view data) {
  if (const int err = file_fault("write", path_); err != 0) return errno_error(err, "writing a file", path_);
  while (!data.empty()) {
    const ssize_t n = ::write(fd_.get(), data.data(), data.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error(errno, "writing a file", path_);
    }
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status AtomicFile::commit() {
  if (const int err = file_fault("fsync", path_); err != 0) return errno_error(err, "saving a file", path_);
  if (::fsync(fd_.get()) != 0) return errno_error(errno, "saving a file", path_);
  if (::close(fd_.release()) != 0) return errno_error(errno, "saving a file", path_);
  if (const int err = file_fault("rename", path_); err != 0) return errno_error(err, "replacing a file", path_);
  if (::rename(temp_.c_str(), path_.c_str()) != 0) return errno_error(errno, "replacing a file", path_);
  temp_.clear();
  return sync_dir(parent_of(path_));
}

Status AtomicFile::commit_volatile() {
  if (::close(fd_.release()) != 0) return errno_error(errno, "writing a file", path_);
  if (::rename(temp_.c_str(), path_.c_str()) != 0) return errno_error(errno, "replacing a file", path_);
  temp_.clear();
  return {};
}

Status write_file_volatile(const std::string& path, std::string_view data, unsigned mode) {
  AtomicFile file = PB_TRY(AtomicFile::create(path, mode));
  PB_TRY(file.write(data));
  return file.commit_volatile();
}

Status write_file_atomic(const std::string& path, std::string_view data, unsigned mode) {
  AtomicFile file = PB_TRY(AtomicFile::create(path, mode));
  PB_TRY(file.write(data));
  return file.commit();
}

}  // namespace patchbay::os
