#include "git/tree_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace patchbay::git {

Result<os::Fd> open_root(const std::string& path) {
  os::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return errno_error(errno, "opening a directory", path);
  return fd;
}

namespace {

constexpr int kRaceRetries = 32;

// For kernels or sandboxes without openat2: one component at a time, none of them a symlink.
os::Fd walk_beneath(int root, const std::string& relative, int flags, unsigned mode) {
  os::Fd current(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::size_t begin = 0;
  while (current) {
    const std::size_t slash = relative.find('/', begin);
    const std::string part = relative.substr(begin, slash - begin);
    if (part == "..") {
      errno = EXDEV;
      return {};
    }
    if (slash == std::string::npos) {
      return os::Fd(::openat(current.get(), part.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode));
    }
    current = os::Fd(::openat(current.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    begin = slash + 1;
  }
  return {};
}

}  // namespace

os::Fd open_beneath(int root, const std::string& relative, int flags, unsigned mode) {
  const std::string path = relative.empty() ? "." : relative;
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0;; ++attempt) {
    const long fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return os::Fd(static_cast<int>(fd));
    if ((errno == EAGAIN || errno == EINTR) && attempt < kRaceRetries) continue;
    if (errno == ENOSYS || errno == EPERM) return walk_beneath(root, path, flags, mode);
    return {};
  }
}

os::Fd open_dir_beneath(int root, const std::string& relative) {
  return open_beneath(root, relative, O_RDONLY | O_DIRECTORY);
}

Result<std::vector<DirEntry>> read_dir(int dir) {
  alignas(struct dirent64) char buffer[32768];
  std::vector<DirEntry> entries;
  for (;;) {
    const ssize_t n = ::getdents64(dir, buffer, sizeof buffer);
    if (n < 0) return errno_error(errno, "listing a directory");
    if (n == 0) return entries;
    for (ssize_t at = 0; at < n;) {
      const auto* d = reinterpret_cast<const struct dirent64*>(buffer + at);
      at += d->d_reclen;
      const std::string_view name = d->d_name;
      if (name == "." || name == "..") continue;
      unsigned char type = d->d_type;
      if (type == DT_UNKNOWN) {
        struct stat st {};
        if (::fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
        type = static_cast<unsigned char>(IFTODT(st.st_mode));
      }
      entries.push_back({std::string(name), type});
    }
  }
}

Result<std::string> read_entry(int dir, const std::string& name, std::size_t limit, struct stat* out) {
  struct stat st {};
  if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Error{ErrorCode::kNotFound, "No such file.", "", name};
    return errno_error(errno, "reading a file", name);
  }
  if (out) *out = st;
  if (S_ISLNK(st.st_mode)) {
    std::string target(static_cast<std::size_t>(st.st_size > 0 ? st.st_size : 4095) + 1, '\0');
    const ssize_t n = ::readlinkat(dir, name.c_str(), target.data(), target.size());
    if (n < 0) return errno_error(errno, "reading a symlink", name);
    target.resize(static_cast<std::size_t>(n));
    return target;
  }
  if (!S_ISREG(st.st_mode)) return Error{ErrorCode::kPathSpecialFile, "Not a regular file.", "", name};
  os::Fd fd(::openat(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return errno_error(errno, "opening a file", name);
  if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "reading a file", name);
  if (!S_ISREG(st.st_mode)) return Error{ErrorCode::kPathSpecialFile, "Not a regular file.", "", name};
  if (out) *out = st;
  if (static_cast<std::uint64_t>(st.st_size) > limit) {
    return Error{ErrorCode::kFileTooLarge, "The file is larger than the limit.", "", name};
  }
  std::string data(static_cast<std::size_t>(st.st_size) + 1, '\0');
  std::size_t have = 0;
  for (;;) {
    const ssize_t n = ::read(fd.get(), data.data() + have, data.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "reading a file", name);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
    if (have > limit) return Error{ErrorCode::kFileTooLarge, "The file is larger than the limit.", "", name};
    if (have == data.size()) data.resize(data.size() * 2);
  }
  data.resize(have);
  return data;
}

namespace {

Error creation_error(int err, std::string_view what, const std::string& name) {
  if (err == EEXIST || err == ENOTDIR || err == ELOOP) {
    return Error{ErrorCode::kAlreadyExists, "Something else is there already.", "", name};
  }
  return errno_error(err, what, name);
}

}  // namespace

Status create_entry(int dir, const std::string& name, unsigned mode, std::string_view content, struct stat* st) {
  if (mode == 0120000) {
    if (::symlinkat(std::string(content).c_str(), dir, name.c_str()) != 0) {
      return creation_error(errno, "creating a symlink", name);
    }
    if (st && ::fstatat(dir, name.c_str(), st, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno_error(errno, "creating a symlink", name);
    }
    return {};
  }
  const os::Fd fd(
      ::openat(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode == 0100755 ? 0777 : 0666));
  if (!fd) return creation_error(errno, "creating a file", name);
  PB_TRY(os::write_all(fd.get(), content));
  if (st && ::fstat(fd.get(), st) != 0) return errno_error(errno, "writing a file", name);
  return {};
}

Result<os::Fd> make_dirs_beneath(int root, const std::string& relative) {
  os::Fd dir = open_dir_beneath(root, "");
  if (!dir) return errno_error(errno, "opening a directory");
  std::size_t begin = 0;
  while (begin < relative.size()) {
    const std::size_t slash = std::min(relative.find('/', begin), relative.size());
    const std::string part = relative.substr(begin, slash - begin);
    if (::mkdirat(dir.get(), part.c_str(), 0777) != 0 && errno != EEXIST) {
      return errno_error(errno, "creating a directory", relative);
    }
    os::Fd next = open_dir_beneath(dir.get(), part);
    if (!next) return creation_error(errno, "opening a directory", relative);
    dir = std::move(next);
    begin = slash + 1;
  }
  return dir;
}

Status remove_beneath(int root, const std::string& relative) {
  auto [parent, name] = split_path(relative);
  for (int flags = 0;; flags = AT_REMOVEDIR) {
    const os::Fd dir = open_dir_beneath(root, parent);
    if (!dir) return {};
    if (::unlinkat(dir.get(), name.c_str(), flags) != 0) {
      const bool fine = flags == AT_REMOVEDIR || errno == ENOENT || errno == EISDIR;
      return fine ? Status() : Status(errno_error(errno, "removing a file", relative));
    }
    if (parent.empty()) return {};
    std::tie(parent, name) = split_path(parent);
  }
}

std::pair<std::string, std::string> split_path(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

unsigned git_mode(const struct stat& st) {
  if (S_ISREG(st.st_mode)) return (st.st_mode & 0100) != 0 ? 0100755 : 0100644;
  if (S_ISLNK(st.st_mode)) return 0120000;
  if (S_ISDIR(st.st_mode)) return 0160000;
  return 0;
}

}  // namespace patchbay::git
