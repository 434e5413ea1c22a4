#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "git/checkout.h"
#include "git/durable.h"
#include "git/filter_config.h"
#include "git/head.h"
#include "git/lock_wait.h"
#include "git/ops.h"
#include "git/registration.h"
#include "git/tree_changes.h"
#include "git/tree_fs.h"
#include "patchbay/os/file.h"

// Adding a worktree, in the order that leaves something to clean up by name at every point: the branch,
// the directory with its `.git` file, the registration, the files, the index. What the caller recorded
// beforehand (directory and branch) is enough for remove_worktree after a crash.

namespace patchbay::git {
namespace {

std::string branch_ref(const std::string& branch) { return "refs/heads/" + branch; }

Status write_small_file(const std::string& path, const std::string& text) {
  const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!fd) return errno_error(errno, "writing worktree data", path);
  return os::write_all(fd.get(), text);
}

class Adding {
 public:
  Adding(const Repo& repo, const WorktreeSpec& spec) : repo_(repo), spec_(spec) {}
  ~Adding() {
    if (!finished_) roll_back();
  }
  Adding(const Adding&) = delete;
  Adding& operator=(const Adding&) = delete;

  // `content` is the tree to check out; usually the commit's own.
  Result<Worktree> run(const git_oid& commit, const git_oid& commit_tree, const git_oid& content) {
    PB_TRY(check_names());
    const FsyncPause pause;  // everything is made durable at once, in finish()
    {
      const os::FileLock lock = PB_TRY(wait_for_lock(spec_.lock_path));
      PB_TRY(create_branch(commit));
      PB_TRY(create_directory());
      PB_TRY(register_worktree());
    }
    const FlatTree tree = PB_TRY(flatten(repo_.get(), content));
    Worktree out;
    if (!spec_.git_filters) {
      const CheckedOut files = PB_TRY(check_out(repo_.layout.common_dir, tree, directory_.get()));
      if (git_oid_equal(&commit_tree, &content)) {
        PB_TRY(write_index(files.entries, &tree.cache));
      } else {
        PB_TRY(write_index_of_head(commit_tree, files.entries));
      }
      out.bytes = files.bytes;
      out.filtered_files = count_filtered(repo_.get(), repo_.layout.common_dir, tree);
    }
    PB_TRY(make_durable());
    finished_ = true;
    out.directory = spec_.directory;
    out.branch = spec_.branch;
    out.commit = to_id(commit);
    out.tree = to_id(content);
    for (const FlatEntry& e : tree.entries) {
      if (e.mode == GIT_FILEMODE_COMMIT) out.submodules.push_back(e.path);
    }
    out.files = tree.entries.size() - out.submodules.size();
    return out;
  }

 private:
  Status check_names() const {
    int valid = 0;
    git_reference_name_is_valid(&valid, branch_ref(spec_.branch).c_str());
    if (valid == 0 || spec_.branch.starts_with('-')) {
      return make_error(ErrorCode::kInvalidArgument, "The branch name is not valid.", "", spec_.branch);
    }
    if (!spec_.directory.starts_with('/') || spec_.directory.ends_with('/')) {
      return make_error(ErrorCode::kInvalidArgument, "The worktree directory must be an absolute path.");
    }
    if (os::is_within(repo_.layout.toplevel, spec_.directory) ||
        os::is_within(repo_.layout.common_dir, spec_.directory)) {
      return make_error(ErrorCode::kInvalidArgument, "The worktree must lie outside of the repository.",
                        "Choose another workers.worktree_root.", spec_.directory);
    }
    return {};
  }

  Status create_branch(const git_oid& commit) {
    git_reference* raw = nullptr;
    const int rc = git_reference_create(&raw, repo_.get(), branch_ref(spec_.branch).c_str(), &commit, 0,
                                        "branch: Created for a worker");
    const ReferenceHandle owner(raw);
    PB_TRY(check(rc, "Creating the worker's branch"));
    branch_made_ = true;
    return {};
  }

  Status create_directory() {
    if (::mkdir(spec_.directory.c_str(), 0700) != 0) {
      if (errno == EEXIST) {
        return make_error(ErrorCode::kAlreadyExists, "The worktree directory exists already.", "", spec_.directory);
      }
      return errno_error(errno, "creating the worktree directory", spec_.directory);
    }
    directory_made_ = true;
    directory_ = PB_TRY(open_root(spec_.directory));
    return {};
  }

  Status register_worktree() {
    const std::string parent = os::join(repo_.layout.common_dir, "worktrees");
    if (::mkdir(parent.c_str(), 0777) != 0 && errno != EEXIST) {
      return errno_error(errno, "registering the worktree", parent);
    }
    const std::string base = os::base_name(spec_.directory);
    constexpr int kMaxNames = 10'000;
    for (int i = 0; i < kMaxNames; ++i) {
      admin_ = os::join(parent, i == 0 ? base : base + std::to_string(i));
      if (::mkdir(admin_.c_str(), 0777) == 0) break;
      const int err = errno;
      admin_.clear();
      if (err != EEXIST) return errno_error(err, "registering the worktree", parent);
    }
    if (admin_.empty()) return make_error(ErrorCode::kAlreadyExists, "No name is left for the worktree.");
    PB_TRY(write_small_file(os::join(spec_.directory, ".git"), "gitdir: " + admin_ + "\n"));
    PB_TRY(write_small_file(os::join(admin_, "commondir"), "../..\n"));
    PB_TRY(write_small_file(os::join(admin_, "HEAD"), "ref: " + branch_ref(spec_.branch) + "\n"));
    return write_small_file(os::join(admin_, "gitdir"), os::join(spec_.directory, ".git") + "\n");
  }

  Status write_index(const std::vector<IndexEntry>& entries, const CachedTree* cache) {
    return write_small_file(os::join(admin_, "index"), serialize_index(entries, cache));
  }

  // The index of HEAD over files of another tree: only what is the same in both has stat data.
  Status write_index_of_head(const git_oid& head, const std::vector<IndexEntry>& written) {
    const FlatTree tree = PB_TRY(flatten(repo_.get(), head));
    std::vector<IndexEntry> entries;
    entries.reserve(tree.entries.size());
    for (const FlatEntry& file : tree.entries) {
      IndexEntry e;
      const auto it = std::lower_bound(written.begin(), written.end(), file.path,
                                       [](const IndexEntry& a, const std::string& path) { return a.path < path; });
      if (it != written.end() && it->path == file.path && it->mode == file.mode && git_oid_equal(&it->id, &file.id)) {
        e = *it;
      }
      e.path = file.path;
      e.id = file.id;
      e.mode = file.mode;
      entries.push_back(e);
    }
    return write_index(entries, &tree.cache);
  }

  // The registration and the branch; the files follow with the system's own write-back, as with git.
  Status make_durable() {
    const std::string& common = repo_.layout.common_dir;
    std::vector<std::string> paths;
    for (const char* name : {"commondir", "HEAD", "gitdir", "index"}) paths.push_back(os::join(admin_, name));
    paths.push_back(admin_);
    paths.push_back(os::join(common, "worktrees"));
    paths.push_back(os::join(spec_.directory, ".git"));
    paths.push_back(spec_.directory);
    paths.push_back(os::parent_of(spec_.directory));
    for (std::string ref = branch_ref(spec_.branch); ref != "refs"; ref = split_path(ref).first) {
      paths.push_back(os::join(common, ref));
    }
    return sync_together(paths);
  }

  void roll_back() {
    directory_ = os::Fd();
    if (directory_made_) (void)os::remove_tree(spec_.directory);
    auto lock = wait_for_lock(spec_.lock_path);
    if (!admin_.empty()) (void)os::remove_tree(admin_);
    if (branch_made_) {
      git_reference* raw = nullptr;
      if (git_reference_lookup(&raw, repo_.get(), branch_ref(spec_.branch).c_str()) == 0) {
        const ReferenceHandle ref(raw);
        git_reference_delete(raw);
      }
    }
  }

  const Repo& repo_;
  const WorktreeSpec& spec_;
  os::Fd directory_;
  std::string admin_;
  bool branch_made_ = false, directory_made_ = false, finished_ = false;
};

Error unborn() {
  return make_error(ErrorCode::kInvalidState, "The repository has no commit yet.",
                    "Make a first commit, or start the worker with shared_write.");
}

struct PinnedState {
  git_oid head{}, head_tree{}, tree{};
};

Result<PinnedState> read_pin(const Repo& repo, const std::string& ref) {
  if (!ref.starts_with("refs/patchbay/")) {
    return make_error(ErrorCode::kInvalidArgument, "Only a snapshot of ours can be restored.", "", ref);
  }
  const CommitHandle pin = PB_TRY(find_commit(repo.get(), ref));
  if (git_commit_parentcount(pin.get()) == 0) return unborn();
  auto head = PB_TRY(acquire<CommitHandle>("Reading the snapshot", git_commit_parent, pin.get(), 0u));
  return PinnedState{*git_commit_id(head.get()), *git_commit_tree_id(head.get()), *git_commit_tree_id(pin.get())};
}

// HEAD's files are there; what the pin has otherwise is put over them.
Status put_pin_over_head(const Repo& repo, const PinnedState& pin, const std::string& directory) {
  const os::Fd root = PB_TRY(open_root(directory));
  const auto deltas = PB_TRY(raw_tree_deltas(repo.get(), to_id(pin.head_tree), to_id(pin.tree)));
  const auto odb = PB_TRY(acquire<OdbHandle>("Opening the object store", git_repository_odb, repo.get()));
  for (const TreeDelta& d : deltas) {
    if (d.old_mode != 0) PB_TRY(remove_beneath(root.get(), d.path));
  }
  for (const TreeDelta& d : deltas) {
    if (d.new_mode == 0 || d.new_mode == GIT_FILEMODE_COMMIT) continue;
    const auto object =
        PB_TRY(acquire<OdbObjectHandle>("Reading a file's content", git_odb_read, odb.get(), &d.new_id));
    const auto [parent, name] = split_path(d.path);
    const os::Fd dir = PB_TRY(make_dirs_beneath(root.get(), parent));
    PB_TRY(
        create_entry(dir.get(), name, d.new_mode,
                     {static_cast<const char*>(git_odb_object_data(object.get())), git_odb_object_size(object.get())}));
  }
  return {};
}

// A file written in the same moment as the index may have been changed since, so it is compared by its bytes, and those
// of a filtered file never are what is stored. Nobody has worked here yet: the index may say that it is younger.
Status settle_index(const std::string& path) {
  constexpr long kTick = 10'000'000;  // of the clock that files get their times from, in nanoseconds
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) return errno_error(errno, "looking at the index", path);
  struct timespec times[2] = {{0, UTIME_OMIT}, st.st_mtim};
  times[1].tv_nsec += kTick;
  if (times[1].tv_nsec >= 1'000'000'000) {
    ++times[1].tv_sec;
    times[1].tv_nsec -= 1'000'000'000;
  }
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno_error(errno, "settling the index", path);
  }
  return {};
}

// A directory may be deleted when it is a worktree of this repository, or what is left of one.
Status may_delete(const std::string& common_dir, const std::string& directory, bool registered) {
  struct stat st {};
  if (::lstat(directory.c_str(), &st) != 0) return {};
  if (registered && S_ISDIR(st.st_mode)) return {};
  auto names = os::list_dir(directory);
  if (S_ISDIR(st.st_mode) && names.ok() && names.value().empty()) return {};
  auto pointer = os::read_file(os::join(directory, ".git"), 64 * 1024);
  if (pointer.ok() && pointer.value().starts_with("gitdir: " + os::join(common_dir, "worktrees") + "/")) return {};
  return make_error(ErrorCode::kInvalidArgument, "The directory is not a worktree of this repository.", "", directory);
}

// Whether the checkout or one of its worktrees that exist has this branch as its HEAD.
bool is_checked_out(const Repo& repo, const std::string& branch) {
  const auto head = read_branch(repo.get(), false);
  if (head.ok() && !head->detached && head->name == branch) return true;
  const auto all = list_registrations(repo.layout.common_dir);
  if (!all.ok()) return true;
  return std::any_of(all->begin(), all->end(), [&](const Registration& r) {
    const auto theirs = read_worktree_head(repo.get(), r);
    return theirs.ok() && theirs->branch == branch && os::is_directory(r.directory);
  });
}

}  // namespace

namespace ops {

Result<Worktree> add_worktree(const Target& base, const WorktreeSpec& spec) {
  const Repo repo = PB_TRY(open_repo(base));
  if (spec.git_filters) PB_TRY(check_filter_config(repo));
  if (spec.commit.empty() && git_repository_head_unborn(repo.get()) == 1) return unborn();
  const CommitHandle commit = PB_TRY(find_commit(repo.get(), spec.commit.empty() ? "HEAD" : spec.commit));
  const git_oid tree = *git_commit_tree_id(commit.get());
  return Adding(repo, spec).run(*git_commit_id(commit.get()), tree, tree);
}

Result<Worktree> restore_pin(const Target& base, const std::string& ref, const WorktreeSpec& spec) {
  const Repo repo = PB_TRY(open_repo(base));
  if (spec.git_filters) PB_TRY(check_filter_config(repo));
  const PinnedState pin = PB_TRY(read_pin(repo, ref));
  return Adding(repo, spec).run(pin.head, pin.head_tree, pin.tree);
}

Status finish_filtered(const Target& base, const std::string& directory, const std::string& ref) {
  const Repo repo = PB_TRY(open_repo(base));
  const Registration registration = PB_TRY(find_registration(repo.layout.common_dir, directory));
  PB_TRY(settle_index(os::join(registration.admin_dir, "index")));
  if (ref.empty()) return {};
  return put_pin_over_head(repo, PB_TRY(read_pin(repo, ref)), directory);
}

Status remove_worktree(const Target& base, const WorktreeRemoval& removal) {
  const Repo repo = PB_TRY(open_repo(base));
  const std::string& common = repo.layout.common_dir;
  if (!removal.directory.starts_with('/') || os::is_within(removal.directory, repo.layout.toplevel) ||
      os::is_within(removal.directory, common)) {
    return make_error(ErrorCode::kInvalidArgument, "Only a worktree outside of the repository can be removed.");
  }
  auto registration = find_registration(common, removal.directory);
  PB_TRY(may_delete(common, removal.directory, registration.ok()));
  PB_TRY(os::remove_tree(removal.directory));
  const os::FileLock lock = PB_TRY(wait_for_lock(removal.lock_path));
  if (registration.ok()) PB_TRY(os::remove_tree(registration.value().admin_dir));
  // Only when it was the last one; git removes it then, too.
  (void)::rmdir(os::join(common, "worktrees").c_str());
  if (removal.branch.empty() || is_checked_out(repo, removal.branch)) return {};
  git_reference* raw = nullptr;
  const int rc = git_reference_lookup(&raw, repo.get(), branch_ref(removal.branch).c_str());
  const ReferenceHandle ref(raw);
  if (rc == GIT_ENOTFOUND) return {};
  PB_TRY(check(rc, "Deleting the worker's branch"));
  return check(git_reference_delete(raw), "Deleting the worker's branch");
}

Result<std::vector<WorktreeInfo>> list_worktrees(const Target& base) {
  const Repo repo = PB_TRY(open_repo(base));
  std::vector<WorktreeInfo> out;
  for (const Registration& r : PB_TRY(list_registrations(repo.layout.common_dir))) {
    auto read = read_worktree_head(repo.get(), r);
    WorktreeHead head = read.ok() ? std::move(read).value() : WorktreeHead{};
    out.push_back({r.name, r.directory, std::move(head.branch), std::move(head.commit), os::is_directory(r.directory)});
  }
  return out;
}

}  // namespace ops
}  // namespace patchbay::git
