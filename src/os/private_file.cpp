#include "patchbay/os/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "patchbay/base/ids.h"
#include "patchbay/os/file.h"

namespace patchbay::os {
namespace {

FileFacts facts_of(const struct stat& st) {
  return {S_ISLNK(st.st_mode), S_ISREG(st.st_mode), S_ISDIR(st.st_mode), st.st_uid, st.st_mode & 07777u};
}

/// Moves a finished file to a name that must be free. 0 or an errno.
int rename_to_free_name(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without that flag: a second name fails when the first is taken, then the old one goes.
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  ::unlink(from.c_str());
  return 0;
}

Status copy_file(const std::string& from, const std::string& to) {
  if (const FileFacts facts = PB_TRY(file_facts(from)); !facts.regular) {
    return Error{ErrorCode::kIoError, "only a regular file can be moved to another file system", {}, from};
  }
  const std::string data = PB_TRY(read_file(from));
  PB_TRY(write_file_atomic(to, data));
  PB_TRY(remove_file(from));
  return sync_dir(parent_of(from));
}

}  // namespace

unsigned current_uid() { return ::geteuid(); }

Result<FileFacts> file_facts(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) == 0) return facts_of(st);
  if (errno == ENOENT || errno == ENOTDIR) return Error{ErrorCode::kNotFound, "not found", {}, path};
  return errno_error(errno, "looking at a file", path);
}

bool is_readable_directory(const std::string& path) {
  return is_directory(path) && ::access(path.c_str(), R_OK | X_OK) == 0;
}

std::string distrust_reason(const FileFacts& facts, Owner owner) {
  if (facts.symlink) return "is a symbolic link";
  const bool root_may = owner == Owner::kUsOrRoot && facts.uid == 0;
  if (facts.uid != current_uid() && !root_may) return "belongs to another user";
  if ((facts.mode & 0022u) != 0) return "can be written by other users";
  return {};
}

Result<std::string> read_trusted_file(const std::string& path, std::size_t limit, Owner owner) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return Error{ErrorCode::kNotFound, "not found", {}, path};
    if (errno == ELOOP) return Error{ErrorCode::kPreconditionFailed, "is a symbolic link", {}, path};
    return errno_error(errno, "opening a file", path);
  }
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "reading a file", path);
  const FileFacts facts = facts_of(st);
  if (!facts.regular) return Error{ErrorCode::kPreconditionFailed, "is not a regular file", {}, path};
  if (std::string why = distrust_reason(facts, owner); !why.empty()) {
    return Error{ErrorCode::kPreconditionFailed, std::move(why), {}, path};
  }
  return read_to_end(fd.get(), limit);
}

Status create_file_once(const std::string& path, std::string_view data, unsigned mode) {
  const std::string temp = join(parent_of(path), "." + base_name(path) + ".pb-" + random_hex(12));
  Fd fd(::open(temp.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd) return errno_error(errno, "creating a file", path);
  const auto fail = [&](int err) -> Error {
    ::unlink(temp.c_str());
    if (err == EEXIST) return {ErrorCode::kAlreadyExists, "the file exists already", {}, path};
    return errno_error(err, "creating a file", path);
  };
  if (const int err = file_fault("write", path); err != 0) return fail(err);
  if (Status s = write_all(fd.get(), data); !s.ok()) {
    ::unlink(temp.c_str());
    return s;
  }
  if (const int err = file_fault("fsync", path); err != 0) return fail(err);
  if (::fsync(fd.get()) != 0 || ::close(fd.release()) != 0) return fail(errno);
  if (const int err = file_fault("rename", path); err != 0) return fail(err);
  if (const int err = rename_to_free_name(temp, path); err != 0) return fail(err);
  return sync_dir(parent_of(path));
}

Result<Directory> Directory::open(const std::string& path) {
  Directory dir;
  dir.fd_ = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.fd_) return errno_error(errno, "opening a folder", path);
  return dir;
}

int Directory::read(const char* relative, std::size_t limit, std::string& out) const {
  constexpr std::size_t kFirstRead = 16u << 10;
  out.clear();
  Fd fd(::openat(fd_.get(), relative, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd) return errno;
  std::size_t have = 0;
  for (;;) {
    out.resize(std::max(kFirstRead, have * 2));
    const ssize_t n = ::read(fd.get(), out.data() + have, out.size() - have);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    have += static_cast<std::size_t>(n);
    if (have > limit) return EFBIG;
    if (have < out.size()) break;  // a regular file gives less than was asked for only at its end
  }
  out.resize(have);
  return 0;
}

Result<AppendFile> AppendFile::open(const std::string& path) {
  AppendFile file;
  file.path_ = path;
  file.fd_ =
      Fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (!file.fd_) return errno_error(errno, "opening a log", path);
  struct stat st {};
  if (::fstat(file.fd_.get(), &st) != 0) return errno_error(errno, "opening a log", path);
  if (!S_ISREG(st.st_mode)) return Error{ErrorCode::kNotAFile, "not a regular file", {}, path};
  file.size_ = static_cast<std::size_t>(st.st_size);
  char last = '\n';
  if (st.st_size > 0 && ::pread(file.fd_.get(), &last, 1, st.st_size - 1) != 1) {
    return errno_error(errno, "opening a log", path);
  }
  file.mid_line_ = last != '\n';
  return file;
}

Status AppendFile::append(std::string_view data) {
  if (const int err = file_fault("append", path_); err != 0) return errno_error(err, "writing a log", path_);
  while (!data.empty()) {
    const ssize_t n = ::write(fd_.get(), data.data(), data.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno_error(errno, "writing a log", path_);
    }
    size_ += static_cast<std::size_t>(n);
    if (n > 0) mid_line_ = data[static_cast<std::size_t>(n) - 1] != '\n';
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Status AppendFile::sync() {
  if (const int err = file_fault("fsync", path_); err != 0) return errno_error(err, "saving a log", path_);
  if (::fdatasync(fd_.get()) != 0) return errno_error(errno, "saving a log", path_);
  return {};
}

Status move_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    if (errno == EXDEV) return copy_file(from, to);
    return errno_error(errno, "moving a file", from);
  }
  PB_TRY(sync_dir(parent_of(to)));
  return sync_dir(parent_of(from));
}

}  // namespace patchbay::os
