#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "git/layout.h"
#include "git/ops.h"
#include "git/registration.h"
#include "git/tree_fs.h"
#include "git/worktree_state.h"
#include "patchbay/os/file.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kPiece = 1u << 20;

// Copies files one after the other, in pieces, out of a tree that somebody may be writing.
class Copier {
 public:
  Copier(int from, int to, std::uint64_t max_bytes)
      : from_(from), to_(to), max_bytes_(max_bytes), piece_(kPiece, '\0') {}

  std::uint64_t bytes() const { return bytes_; }

  /// False when there is nothing that could be copied, or the worktree has something there.
  Result<bool> copy(const std::string& path) {
    if (!is_clean_path(path)) return false;
    const auto [parent, name] = split_path(path);
    const os::Fd source_dir = open_dir_beneath(from_, parent);
    if (!source_dir) return false;
    const os::Fd source(
        ::openat(source_dir.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat st {};
    if (!source || ::fstat(source.get(), &st) != 0 || !S_ISREG(st.st_mode)) return false;

    auto target_dir = make_dirs_beneath(to_, parent);
    Status made =
        target_dir.ok() ? create_entry(target_dir->get(), name, git_mode(st), "") : Status(target_dir.error());
    if (!made.ok()) {
      if (made.error().code == ErrorCode::kAlreadyExists) return false;
      return std::move(made).error();
    }
    const os::Fd target(::openat(target_dir->get(), name.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!target) return errno_error(errno, "copying an untracked file", path);
    PB_TRY(pour(source.get(), target.get(), path));
    return true;
  }

 private:
  Status pour(int source, int target, const std::string& path) {
    for (;;) {
      const ssize_t n = ::read(source, piece_.data(), piece_.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno_error(errno, "copying an untracked file", path);
      if (n == 0) return {};
      bytes_ += static_cast<std::uint64_t>(n);
      if (bytes_ > max_bytes_) {
        return Error{ErrorCode::kContentTooLarge, "The untracked files are too large to be copied.",
                     "Choose fewer of them, or commit them.", path};
      }
      PB_TRY(os::write_all(target, {piece_.data(), static_cast<std::size_t>(n)}));
    }
  }

  int from_, to_;
  std::uint64_t max_bytes_, bytes_ = 0;
  std::string piece_;
};

}  // namespace

namespace ops {

Result<Copied> copy_files(const Target& base, const CopySpec& spec) {
  const Repo repo = PB_TRY(open_repo(base));
  PB_TRY(find_registration(repo.layout.common_dir, spec.directory));
  const os::Fd from = PB_TRY(open_root(repo.layout.toplevel));
  const os::Fd to = PB_TRY(open_root(spec.directory));
  Copier copier(from.get(), to.get(), spec.max_bytes);
  Copied out;
  for (const std::string& path : spec.paths) {
    const std::string& subdir = repo.layout.subdir;
    const bool copied = PB_TRY(copier.copy(subdir.empty() ? path : subdir + "/" + path));
    (copied ? out.files : out.skipped).push_back(path);
  }
  out.bytes = copier.bytes();
  return out;
}

}  // namespace ops
}  // namespace patchbay::git
