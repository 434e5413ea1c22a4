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
