#include "beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMaxComponent = 255;
constexpr int kMaxLinks = 40;
constexpr int kMaxRestarts = 8;
constexpr int kMaxAgain = 32;
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC;

std::atomic<bool> g_openat2_available{true};

FileId id_of(const struct stat& st) { return {st.st_dev, st.st_ino}; }

Error escapes() {
  return Error{ErrorCode::kPathEscapesWorkspace,
               "The path leads out of the workspace.",
               "Use a path relative to the workspace root.",
               {}};
}

Error link_escapes(std::string_view why = "A symlink in the path leads out of the workspace.") {
  return Error{ErrorCode::kPathSymlinkEscape, std::string(why), "Use the path of a file inside the workspace.", {}};
}

Error not_found() { return Error{ErrorCode::kNotFound, "No such file or folder in the workspace.", {}, {}}; }

Error open_failed(int err) {
  if (err == ENOENT || err == ENOTDIR) return not_found();
  if (err == ENAMETOOLONG) return Error{ErrorCode::kInvalidArgument, "The path is too long.", {}, {}};
  if (err == ENXIO || err == ENODEV) {
    return Error{ErrorCode::kPathSpecialFile, "The path is neither a file nor a folder.", {}, {}};
  }
  return errno_error(err, "opening a path of the workspace");
}

/// Appends one component to a path that stays beneath its root; false when it would leave.
bool append(std::vector<std::string>& components, std::string_view part) {
  if (part.empty() || part == ".") return true;
  if (part != "..") {
    components.emplace_back(part);
    return true;
  }
  if (components.empty()) return false;
  components.pop_back();
  return true;
}

bool is_listed(const std::vector<FileId>& sorted, FileId id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

Result<std::string> read_link_text(int link) {
  std::array<char, kMaxPath + 1> buffer;
  const ssize_t n = ::readlinkat(link, "", buffer.data(), buffer.size());
  if (n < 0) return errno_error(errno, "reading a symlink");
  if (static_cast<std::size_t>(n) > kMaxPath) return link_escapes("A symlink in the path is too long.");
  return std::string(buffer.data(), static_cast<std::size_t>(n));
}

/// "/a//b/../c" without dots; nothing when it climbs above "/".
std::string collapse(std::string_view absolute) {
  std::vector<std::string> components;
  for (const std::string_view part : split(absolute, '/')) {
    if (!append(components, part)) continue;  // "/.." is "/"
  }
  std::string out;
  for (const std::string& c : components) out += "/" + c;
  return out.empty() ? "/" : out;
}

}  // namespace

std::string CleanPath::text() const {
  std::string out;
  for (const std::string& c : components) {
    if (!out.empty()) out += '/';
    out += c;
  }
  return out.empty() ? "." : out;
}

Error protected_error() {
  return Error{ErrorCode::kPathBlocked,
               "The path belongs to PatchBay itself.",
               "These files are out of reach for every tool.",
               {}};
}

Status refuse_machine_filesystem(int fd) {
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) return errno_error(errno, "looking at a file system");
  // Magic numbers of linux/magic.h, and of configfs, mqueue and binfmt_misc, which it does not list
  // everywhere.
  constexpr std::array<unsigned long, 14> kMachine = {
      0x9fa0,      // proc
      0x62656572,  // sysfs
      0x27e0eb,    // cgroup
      0x63677270,  // cgroup2
      0x74726163,  // tracefs
      0x64626720,  // debugfs
      0x73636673,  // securityfs
      0xcafe4a11,  // bpf
      0x6165676c,  // pstore
      0x62656570,  // configfs
      0xde5e81e4,  // efivarfs
      0xf97cff8c,  // selinuxfs
      0x42494e4d,  // binfmt_misc
      0x19800202,  // mqueue
  };
  if (std::find(kMachine.begin(), kMachine.end(), static_cast<unsigned long>(fs.f_type) & 0xffffffffUL) !=
      kMachine.end()) {
    return Error{ErrorCode::kPathSpecialFile, "The path lies on a file system that shows the machine itself.", {}, {}};
  }
  return {};
}

void set_openat2_available(bool available) { g_openat2_available = available; }

bool openat2_works(int root) {
  [[maybe_unused]] const os::Fd here = open_canonical(root, {}, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return g_openat2_available;
}

os::Fd open_component(int directory, const char* name, int flags) {
  return os::Fd(::openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC));
}

os::Fd open_canonical(int root, const CleanPath& path, int flags) {
  const std::string text = path.text();
  if (g_openat2_available) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
    for (int again = 0; again < kMaxAgain; ++again) {
      const long fd = ::syscall(SYS_openat2, root, text.c_str(), &how, sizeof how);
      if (fd >= 0) return os::Fd(static_cast<int>(fd));
      if (errno != EAGAIN && errno != EINTR) break;
    }
    if (errno != ENOSYS && errno != EPERM) return {};
    g_openat2_available = false;  // an old kernel, or a sandbox that filters the call
  }
  if (path.components.empty()) return os::Fd(::openat(root, ".", flags));
  os::Fd directory;
  int at = root;
  for (std::size_t i = 0; i + 1 < path.components.size(); ++i) {
    directory = open_component(at, path.components[i].c_str(), O_PATH | O_DIRECTORY);
    if (!directory) return {};
    at = directory.get();
  }
  return open_component(at, path.components.back().c_str(), flags);
}

Result<Beneath> Beneath::open(const std::string& path, std::vector<std::string> spellings) {
  os::Fd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return Error{ErrorCode::kWorkspaceMissing, "The workspace does not exist.", {}, path};
    if (errno == ENOTDIR) return Error{ErrorCode::kWorkspaceNotDirectory, "The workspace is not a folder.", {}, path};
    return errno_error(errno, "opening the workspace", path);
  }
  Beneath beneath = PB_TRY(adopt(std::move(fd), path));
  beneath.spellings_.insert(beneath.spellings_.end(), spellings.begin(), spellings.end());
  return beneath;
}

Result<Beneath> Beneath::adopt(os::Fd directory, const std::string& path) {
  struct stat st {};
  if (::fstat(directory.get(), &st) != 0) return errno_error(errno, "looking at the workspace", path);
  PB_TRY(refuse_machine_filesystem(directory.get()));
  Beneath beneath;
  beneath.fd_ = std::move(directory);
  beneath.path_ = path;
  beneath.spellings_ = {path};
  beneath.id_ = id_of(st);
  return beneath;
}

bool Beneath::strip_root(std::string_view absolute, std::string_view* rest) const {
  for (const std::string& root : spellings_) {
    if (!os::is_within(root, absolute)) continue;
    *rest = absolute.substr(std::min(root.size(), absolute.size()));
    return true;
  }
  return false;
}

Result<CleanPath> Beneath::clean(std::string_view input) const {
  if (input.size() > kMaxPath) return Error{ErrorCode::kInvalidArgument, "The path is too long.", {}, {}};
  if (input.find('\0') != std::string_view::npos || !is_valid_utf8(input)) {
    return Error{ErrorCode::kInvalidArgument,
                 "The path is not valid UTF-8 text.",
                 "Write bytes that are not UTF-8 as \\xNN, as listings show them.",
                 {}};
  }
  std::string expanded(input);
  if (input == "~" || input.starts_with("~/")) expanded = os::expand_home(expanded);
  CleanPath clean;
  std::string_view rest = expanded;
  std::string collapsed;
  if (rest.starts_with('/')) {
    collapsed = collapse(rest);
    if (!strip_root(collapsed, &rest)) return escapes();
  }
  for (const std::string_view part : split(rest, '/')) {
    if (part.size() > kMaxComponent) {
      return Error{ErrorCode::kInvalidArgument, "A name in the path is too long.", {}, {}};
    }
    if (!append(clean.components, part)) return escapes();
  }
  return clean;
}

Result<std::vector<std::string>> Beneath::expand_link(const std::string& target, std::vector<std::string> rest) const {
  std::string_view relative = target;
  std::string collapsed;
  if (relative.starts_with('/') && !strip_root(relative, &relative)) {
    collapsed = collapse(target);
    relative = collapsed;
    if (!strip_root(relative, &relative)) return link_escapes();
  }
  std::vector<std::string> components;
  for (const std::string_view part : split(relative, '/')) {
    if (!part.empty() && part != ".") components.emplace_back(part);
  }
  components.insert(components.end(), rest.begin(), rest.end());
  if (components.size() > kMaxPath) return link_escapes("The path leads through too many symlinks.");
  return components;
}

// The walk holds a descriptor for every directory on the way, so ".." from a link's target means the
// directory that was really walked through, and a directory that is moved meanwhile takes nobody out of the
// root.
Result<Walked> Beneath::walk(const CleanPath& start, const std::vector<FileId>& is_protected) const {
  std::vector<std::string> todo(start.components.rbegin(), start.components.rend());
  std::vector<os::Fd> directories;
  Walked at;
  struct stat root {};
  if (::fstat(fd_.get(), &root) != 0) return errno_error(errno, "looking at the workspace");
  at.st = root;
  std::vector<struct stat> stats;
  int links = 0;
  const auto current = [&] { return directories.empty() ? fd_.get() : directories.back().get(); };
  while (!todo.empty()) {
    const std::string name = std::move(todo.back());
    todo.pop_back();
    if (name == "..") {
      if (directories.empty()) return link_escapes();
      directories.pop_back();
      stats.pop_back();
      at.path.components.pop_back();
      continue;
    }
    const struct stat& parent = stats.empty() ? root : stats.back();
    if (!S_ISDIR(parent.st_mode)) return not_found();
    os::Fd next = open_component(current(), name.c_str(), O_PATH);
    if (!next) return open_failed(errno);
    struct stat st {};
    if (::fstat(next.get(), &st) != 0) return open_failed(errno);
    if (st.st_dev != parent.st_dev) PB_TRY(refuse_machine_filesystem(next.get()));
    if (S_ISLNK(st.st_mode)) {
      if (++links > kMaxLinks) return link_escapes("The path leads through too many symlinks.");
      const std::string target = PB_TRY(read_link_text(next.get()));
      const bool absolute = target.starts_with('/');
      const auto components = PB_TRY(expand_link(target, {todo.rbegin(), todo.rend()}));
      todo.assign(components.rbegin(), components.rend());
      if (absolute) {
        directories.clear();
        stats.clear();
        at.path.components.clear();
      }
      continue;
    }
    if (is_listed(is_protected, id_of(st))) return protected_error();
    directories.push_back(std::move(next));
    stats.push_back(st);
    at.path.components.push_back(name);
  }
  if (directories.empty()) {
    at.fd = PB_TRY(os::duplicate(fd_.get()));
    return at;
  }
  at.fd = std::move(directories.back());
  at.st = stats.back();
  return at;
}

Result<Walked> Beneath::open_for_reading(const CleanPath& path, const std::vector<FileId>& is_protected) const {
  for (int restart = 0; restart < kMaxRestarts; ++restart) {
    Walked found = PB_TRY(walk(path, is_protected));
    if (!S_ISREG(found.st.st_mode) && !S_ISDIR(found.st.st_mode)) {
      return Error{ErrorCode::kPathSpecialFile, "The path is neither a file nor a folder.", {}, {}};
    }
    os::Fd fd = open_canonical(fd_.get(), found.path, kReadFlags);
    if (!fd && errno != ELOOP && errno != EXDEV && errno != ENOENT && errno != ENOTDIR && errno != ENXIO) {
      return open_failed(errno);
    }
    struct stat st {};
    if (fd && ::fstat(fd.get(), &st) == 0 && id_of(st) == id_of(found.st) &&
        (st.st_mode & S_IFMT) == (found.st.st_mode & S_IFMT)) {
      found.fd = std::move(fd);
      found.st = st;
      return found;
    }
  }
  return link_escapes("The path changes while it is looked at.");
}

}  // namespace patchbay::workspace
