#include "git/layout.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "git/tree_fs.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

// The checks run on the file system before libgit2 sees the repository: it would follow every pointer out
// of the allowed directories without a word, and block for ever on a FIFO in place of a file.

namespace patchbay::git {
namespace {

constexpr std::size_t kPointerLimit = 64 * 1024;
constexpr int kAlternatesDepth = 5;

Error unsafe(std::string_view what, const std::string& detail) {
  return make_error(ErrorCode::kRepoLayoutUnsafe, "The repository is refused: " + std::string(what) + ".",
                    "Move the repository's parts below an allowed root, or add the root they lie in.", detail);
}

Error not_a_repository(std::string message = "The directory is not inside a git repository.") {
  return make_error(ErrorCode::kNotAGitRepository, std::move(message),
                    "Read its files with the tree, read and search tools, or run git init there.");
}

Result<std::string> canonical_dir(const std::string& path, std::string_view what) {
  auto real = os::real_path(path);
  if (!real.ok()) return unsafe(std::string(what) + " does not exist", path);
  if (!os::is_directory(real.value())) return unsafe(std::string(what) + " is not a directory", path);
  return real;
}

class LayoutCheck {
 public:
  LayoutCheck(const Target& target, const std::string& toplevel) : allowed_(target.roots) {
    allowed_.push_back(toplevel);
  }

  Status inside(const std::string& path, std::string_view what) const {
    if (is_below_any(allowed_, path)) return {};
    return unsafe(std::string(what) + " lies outside of the allowed roots", path);
  }

  // A part may be absent. Symlinked parts must stay inside; what they end in must have the right type.
  Status part(const std::string& dir, const char* name, mode_t type) const {
    const std::string path = os::join(dir, name);
    struct stat st {};
    if (::lstat(path.c_str(), &st) != 0) return {};
    if (S_ISLNK(st.st_mode)) {
      auto real = os::real_path(path);
      // HEAD was a symlink to a branch file in old repositories; that branch may be unborn.
      if (!real.ok()) return unsafe(std::string(name) + " is a dangling symlink", path);
      PB_TRY(inside(real.value(), name));
      if (::stat(path.c_str(), &st) != 0) return unsafe(std::string(name) + " cannot be read", path);
    }
    if ((st.st_mode & S_IFMT) != type) return unsafe(std::string(name) + " is not of the right type", path);
    return {};
  }

  Status parts(const std::string& git_dir, const std::string& common_dir) const {
    for (const char* name : {"HEAD", "index", "commondir", "gitdir", "config.worktree"}) {
      PB_TRY(part(git_dir, name, S_IFREG));
    }
    for (const char* name :
         {"config", "packed-refs", "shallow", "info/exclude", "info/attributes", "objects/info/alternates"}) {
      PB_TRY(part(common_dir, name, S_IFREG));
    }
    for (const char* name : {"objects", "objects/info", "objects/pack", "refs", "refs/heads", "refs/tags",
                             "refs/remotes", "refs/patchbay", "info", "worktrees", "logs"}) {
      PB_TRY(part(common_dir, name, S_IFDIR));
    }
    return alternates(os::join(common_dir, "objects"), 0);
  }

 private:
  Status alternates(const std::string& objects, int depth) const {
    auto text = os::read_file(os::join(objects, "info/alternates"), kPointerLimit);
    if (!text.ok()) return {};
    if (depth >= kAlternatesDepth) return unsafe("its alternates are nested too deeply", objects);
    for (std::string_view line : split(text.value(), '\n')) {
      if (line.empty() || line[0] == '#') continue;
      const std::string path = line[0] == '/' ? std::string(line) : os::join(objects, line);
      auto real = os::real_path(path);
      if (!real.ok()) continue;  // git ignores an alternate that is gone
      PB_TRY(inside(real.value(), "an alternate object directory"));
      PB_TRY(alternates(real.value(), depth + 1));
    }
    return {};
  }

  std::vector<std::string> allowed_;
};

// What a `.git` file points at.
Result<std::string> follow_git_file(const std::string& toplevel, const std::string& dot_git) {
  auto text = os::read_file(dot_git, kPointerLimit);
  if (!text.ok()) return unsafe("its .git cannot be read", text.error().detail);
  std::string_view content = text.value();
  constexpr std::string_view kKey = "gitdir:";
  if (!content.starts_with(kKey)) return not_a_repository();
  const std::string pointed(trim(content.substr(kKey.size())));
  return canonical_dir(pointed.starts_with('/') ? pointed : os::join(toplevel, pointed), "its git directory");
}

Result<std::string> common_dir_of(const std::string& git_dir) {
  struct stat st {};
  const std::string file = os::join(git_dir, "commondir");
  if (::lstat(file.c_str(), &st) != 0) return git_dir;
  auto text = os::read_file(file, kPointerLimit);
  if (!text.ok()) return unsafe("its commondir cannot be read", text.error().detail);
  const std::string pointed(trim(text.value()));
  return canonical_dir(pointed.starts_with('/') ? pointed : os::join(git_dir, pointed), "its common directory");
}

bool looks_bare(const std::string& dir) {
  return os::is_directory(os::join(dir, "objects")) && os::is_directory(os::join(dir, "refs")) &&
         os::exists(os::join(dir, "HEAD"));
}

// The closest directory with a `.git`, from the path up to the ceiling.
Result<std::string> find_toplevel(const std::string& path, const std::string& ceiling) {
  std::string dir = path;
  for (;;) {
    struct stat st {};
    if (::lstat(os::join(dir, ".git").c_str(), &st) == 0) return dir;
    if (looks_bare(dir)) return not_a_repository("The directory is a bare repository without working files.");
    if (dir == ceiling || dir == "/" || !os::is_within(ceiling, dir)) return not_a_repository();
    dir = os::parent_of(dir);
  }
}

bool same_file(const char* a, const std::string& b) {
  struct stat sa {
  }, sb{};
  return a && ::stat(a, &sa) == 0 && ::stat(b.c_str(), &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool owned_by_others(const Layout& layout) {
  for (const std::string& path : {layout.toplevel, layout.git_dir}) {
    struct stat st {};
    if (::stat(path.c_str(), &st) == 0 && st.st_uid != ::geteuid()) return true;
  }
  return false;
}

}  // namespace

bool is_below_any(const std::vector<std::string>& directories, const std::string& path) {
  return std::any_of(directories.begin(), directories.end(),
                     [&](const std::string& d) { return !d.empty() && os::is_within(d, path); });
}

Result<Layout> find_layout(const Target& target) {
  auto real = os::real_path(target.path);
  if (!real.ok() || !os::is_directory(real.value())) {
    return make_error(ErrorCode::kWorkspaceUnavailable, "The workspace directory does not exist.", "", target.path);
  }
  const std::string path = real.value();
  const std::string ceiling = target.ceiling.empty() ? path : target.ceiling;
  Layout out;
  out.toplevel = PB_TRY(find_toplevel(path, ceiling));
  if (path != out.toplevel) out.subdir = path.substr(out.toplevel == "/" ? 1 : out.toplevel.size() + 1);

  const std::string dot_git = os::join(out.toplevel, ".git");
  struct stat st {};
  if (::stat(dot_git.c_str(), &st) != 0) return unsafe("its .git is a dangling symlink", dot_git);
  if (S_ISDIR(st.st_mode)) {
    out.git_dir = PB_TRY(canonical_dir(dot_git, "its git directory"));
  } else if (S_ISREG(st.st_mode)) {
    out.git_dir = PB_TRY(follow_git_file(out.toplevel, dot_git));
  } else {
    return unsafe("its .git is neither a directory nor a file", dot_git);
  }
  const LayoutCheck check(target, out.toplevel);
  PB_TRY(check.inside(out.git_dir, "its git directory"));
  out.common_dir = PB_TRY(common_dir_of(out.git_dir));
  PB_TRY(check.inside(out.common_dir, "its common directory"));
  PB_TRY(check.parts(out.git_dir, out.common_dir));
  out.linked_worktree = out.git_dir != out.common_dir;

  if (::stat(out.toplevel.c_str(), &st) != 0) return errno_error(errno, "reading a directory", out.toplevel);
  out.device = st.st_dev;
  out.inode = st.st_ino;
  if (::stat(out.common_dir.c_str(), &st) != 0) return errno_error(errno, "reading a directory", out.common_dir);
  out.common_device = st.st_dev;
  out.common_inode = st.st_ino;
  return out;
}

namespace {

// libgit2 would read the index for attributes alone; it cannot read a sparse one, and a large one is slow. We read the
// index ourselves.
Status keep_index_unread(git_repository* repo) {
  const auto none = PB_TRY(acquire<IndexHandle>("Opening the repository", git_index_new));
  return check(git_repository_set_index(repo, none.get()), "Opening the repository");
}

Error cannot_open(int rc) {
  Error e = git_failure(rc, "Opening the repository");
  if (e.code == ErrorCode::kGitError && e.detail.find("unsupported") != std::string::npos) {
    e.message = "The repository has a format that cannot be read here.";
    e.hint = "SHA-256 objects, reftable and other format extensions are not supported; work in a clone that has none.";
  }
  return e;
}

}  // namespace

Result<Repo> open_repo(const Target& target) {
  init_library();
  Repo repo;
  repo.layout = PB_TRY(find_layout(target));
  git_repository* raw = nullptr;
  const int rc = git_repository_open_ext(&raw, repo.layout.toplevel.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  // libgit2 1.5 says "not found" instead of "not the owner" when the user has no configuration file.
  if (rc == GIT_ENOTFOUND && owned_by_others(repo.layout)) return git_failure(GIT_EOWNER, "Opening the repository");
  if (rc == GIT_ENOTFOUND) return not_a_repository();
  if (rc < 0) return cannot_open(rc);
  repo.handle.reset(raw);
  PB_TRY(keep_index_unread(raw));
  if (git_repository_is_bare(raw)) return not_a_repository("The repository is bare: it has no working files.");
  if (!same_file(git_repository_workdir(raw), repo.layout.toplevel)) {
    return unsafe("its configuration moves the working directory elsewhere", repo.layout.toplevel);
  }
  if (!same_file(git_repository_path(raw), repo.layout.git_dir) ||
      !same_file(git_repository_commondir(raw), repo.layout.common_dir)) {
    return unsafe("its git directory is not the one its files name", repo.layout.git_dir);
  }
  return repo;
}

}  // namespace patchbay::git
