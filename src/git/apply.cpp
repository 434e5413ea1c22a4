#include "git/apply.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "git/durable.h"
#include "git/ops.h"
#include "patchbay/base/ids.h"
#include "patchbay/os/file.h"

// How a set of files changes as one.
//
// New contents are written to a staging directory on the same mount, normally inside the git directory.
// From the moment the journal says "committed" every file is moved into place by one atomic call: replaced
// files trade places with their old content (RENAME_EXCHANGE), deleted ones move into the staging
// directory, new ones move out of it without overwriting anything. So at each instant each path holds its
// old or its new content, and both are still on disk. Which of the two it holds is read from the files
// themselves, by their ids: a step that is repeated after a crash finds itself done.
//
// Every path is opened below the checkout's root without following a symlink.

namespace patchbay::git {
namespace {

constexpr std::size_t kMaxPresent = 256u << 20;

ApplyHook hook = nullptr;
void step(const char* name) {
  if (hook) hook(name);
}

using Phase = Journal::Phase;
using Blocked = FileState::Blocked;

std::string staged_name(std::size_t i) {
  return std::to_string(i);
}

std::uint64_t mount_of(int fd) {
  struct statx sx {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) == 0 && (sx.stx_mask & STATX_MNT_ID) != 0)
    return sx.stx_mnt_id;
  struct stat st {};
  return ::fstat(fd, &st) == 0 ? st.st_dev : 0;
}

Error outcome_unknown(const std::string& detail) {
  return make_error(ErrorCode::kIntegrationOutcomeUnknown,
                    "The integration was interrupted and could not be undone.",
                    "Look at the checkout's status; the old files are kept in its git directory.", detail);
}

Error changed_meanwhile(const std::string& path) {
  return make_error(ErrorCode::kPatchChanged, "A file of the checkout changed while the integration ran.",
                    "Look at the preview again.", path);
}

class Transaction {
 public:
  Transaction(Journal journal, std::string journal_path)
      : journal_(std::move(journal)), journal_path_(std::move(journal_path)) {}

  const Journal& journal() const { return journal_; }

  Status open() {
    root_ = PB_TRY(open_root(journal_.root));
    struct stat st {};
    if (::fstat(root_.get(), &st) != 0 || st.st_dev != journal_.device || st.st_ino != journal_.inode) {
      return outcome_unknown("another directory is at " + journal_.root);
    }
    staging_ = os::Fd(::open(journal_.staging.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return {};
  }

  // ---- kPreparing --------------------------------------------------------------------------------------

  Status stage(const std::vector<FileOp>& ops) {
    step("save journal");
    PB_TRY(journal_.save(journal_path_));
    step("make staging");
    if (::mkdir(journal_.staging.c_str(), 0700) != 0) {
      return errno_error(errno, "preparing the integration", journal_.staging);
    }
    PB_TRY(open());
    PB_TRY(check_mounts());
    std::vector<std::string> written;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].kind == WriteKind::kDelete) continue;
      step("stage file");
      PB_TRY(stage_file(ops[i], staged_name(i)));
      if (ops[i].new_mode != GIT_FILEMODE_LINK) written.push_back(os::join(journal_.staging, staged_name(i)));
    }
    step("sync staging");
    written.push_back(journal_.staging);
    written.push_back(os::parent_of(journal_.staging));
    return sync_together(written);
  }

  // Nothing may have changed since the plan was made.
  Status verify_unchanged() const {
    for (const FileOp& op : journal_.ops) {
      if (PB_TRY(state_of(op)) != State::kOld) return changed_meanwhile(op.path);
    }
    return {};
  }

  Status commit() {
    step("save committed journal");
    journal_.phase = Phase::kCommitted;
    return journal_.save(journal_path_);
  }

  // ---- kCommitted --------------------------------------------------------------------------------------

  Status forward() {
    for (const bool deletions : {true, false}) {
      for (std::size_t i = 0; i < journal_.ops.size(); ++i) {
        const FileOp& op = journal_.ops[i];
        if ((op.kind == WriteKind::kDelete) != deletions) continue;
        if (PB_TRY(state_of(op)) == State::kNew) continue;
        step("move file");
        PB_TRY(do_op(op, staged_name(i)));
      }
    }
    remove_emptied_directories();
    return sync_directories();
  }

  Status begin_undo() {
    step("save undoing journal");
    journal_.phase = Phase::kUndoing;
    return journal_.save(journal_path_);
  }

  // ---- kUndoing ----------------------------------------------------------------------------------------

  Status backward() {
    for (const bool deletions : {false, true}) {
      for (std::size_t i = journal_.ops.size(); i-- > 0;) {
        const FileOp& op = journal_.ops[i];
        if ((op.kind == WriteKind::kDelete) != deletions) continue;
        if (PB_TRY(state_of(op)) == State::kOld) continue;
        step("move file back");
        PB_TRY(undo_op(op, staged_name(i)));
      }
      // Directories that were made for new files go before deleted files return to their places.
      if (!deletions) remove_directories_of_creations();
    }
    return sync_directories();
  }

  Status finish() {
    step("remove staging");
    staging_ = os::Fd();
    PB_TRY(os::remove_tree(journal_.staging));
    step("remove journal");
    PB_TRY(os::remove_file(journal_path_));
    return os::sync_dir(os::parent_of(journal_path_));
  }

  // ---- after a crash -----------------------------------------------------------------------------------

  enum class State { kOld, kNew, kForeign };

  Result<State> state_of(const FileOp& op) const {
    const FileState now = PB_TRY(read_state(root_.get(), op.path, kMaxPresent));
    switch (now.blocked) {
      case Blocked::kSpecial:
      case Blocked::kTooLarge:
        return State::kForeign;
      case Blocked::kNo:
        break;
      default:
        // Directories and parents of another type: the path itself does not exist, and whether what is in
        // its way belongs there is a question for the other path.
        return op.old_mode == 0 ? State::kOld : op.new_mode == 0 ? State::kNew : State::kForeign;
    }
    // The executable bit says something only where nothing else differs: some checkouts do not keep it.
    const bool by_mode = git_oid_equal(&op.old_id, &op.new_id) != 0;
    const auto holds = [&](unsigned mode, const git_oid& id) {
      if ((now.mode & 0170000) != (mode & 0170000)) return false;
      return mode == 0 || (git_oid_equal(&now.id, &id) != 0 && (!by_mode || now.mode == mode));
    };
    if (holds(op.new_mode, op.new_id)) return State::kNew;
    if (holds(op.old_mode, op.old_id)) return State::kOld;
    return State::kForeign;
  }

  Result<std::vector<std::string>> foreign_paths() const {
    std::vector<std::string> out;
    for (const FileOp& op : journal_.ops) {
      if (PB_TRY(state_of(op)) == State::kForeign) out.push_back(op.path);
    }
    return out;
  }

  // Whether every content that `forward` still needs is there.
  Result<bool> can_go_forward() const {
    for (std::size_t i = 0; i < journal_.ops.size(); ++i) {
      const FileOp& op = journal_.ops[i];
      if (op.kind == WriteKind::kDelete || PB_TRY(state_of(op)) == State::kNew) continue;
      if (!staging_) return false;
      const FileState staged = PB_TRY(read_state(staging_.get(), staged_name(i), kMaxPresent));
      if (!git_oid_equal(&staged.id, &op.new_id)) return false;
    }
    return true;
  }

 private:
  Status stage_file(const FileOp& op, const std::string& name) {
    if (op.new_mode == GIT_FILEMODE_LINK) {
      if (::symlinkat(op.bytes.c_str(), staging_.get(), name.c_str()) == 0) return {};
      return errno_error(errno, "preparing the integration", op.path);
    }
    const bool executable = op.new_mode == 0100755;
    const os::Fd fd(::openat(staging_.get(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, executable ? 0777 : 0666));
    if (!fd) return errno_error(errno, "preparing the integration", op.path);
    PB_TRY(os::write_all(fd.get(), op.bytes));
    if (op.permissions != 0) {
      // A replaced file keeps its own permissions; git decides the executable bits only.
      const unsigned readable = op.permissions & 0666;
      const unsigned mode = executable ? readable | (readable & 0444) >> 2 | 0100 : readable;
      if (::fchmod(fd.get(), mode) != 0) return errno_error(errno, "preparing the integration", op.path);
    }
    return {};
  }

  // The closest existing directory above a path.
  os::Fd existing_parent(std::string path) const {
    for (;;) {
      path = split_path(path).first;
      os::Fd dir = open_dir_beneath(root_.get(), path);
      if (dir || path.empty()) return dir;
    }
  }

  Status check_mounts() const {
    const std::uint64_t home = mount_of(staging_.get());
    for (const FileOp& op : journal_.ops) {
      const os::Fd dir = existing_parent(op.path);
      if (!dir || mount_of(dir.get()) == home) continue;
      return make_error(ErrorCode::kUnsafeChange,
                        "A changed file lies on another file system inside the checkout.", "", op.path);
    }
    return {};
  }

  Result<os::Fd> parent_of(const FileOp& op) const {
    const std::string parent = split_path(op.path).first;
    os::Fd dir = open_dir_beneath(root_.get(), parent);
    if (!dir) return errno_error(errno, "opening a directory of the checkout", parent);
    return dir;
  }

  Status make_parents(const FileOp& op) {
    for (std::size_t slash = op.path.find('/'); slash != std::string::npos;
         slash = op.path.find('/', slash + 1)) {
      const std::string directory = op.path.substr(0, slash);
      const auto [above, name] = split_path(directory);
      const os::Fd dir = open_dir_beneath(root_.get(), above);
      if (!dir) return errno_error(errno, "opening a directory of the checkout", above);
      if (::mkdirat(dir.get(), name.c_str(), 0777) != 0 && errno != EEXIST) {
        return errno_error(errno, "creating a directory in the checkout", directory);
      }
    }
    return {};
  }

  Status rename_new(int from, const std::string& a, int to, const std::string& b, const FileOp& op) {
    if (::renameat2(from, a.c_str(), to, b.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno == EEXIST) return changed_meanwhile(op.path);
    if (errno != EINVAL && errno != ENOSYS) return errno_error(errno, "moving a file", op.path);
    // A file system without the flag: check, then move. The window is ours alone to lose against a writer
    // that ignores the repository lock.
    struct stat st {};
    if (::fstatat(to, b.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return changed_meanwhile(op.path);
    if (::renameat(from, a.c_str(), to, b.c_str()) == 0) return {};
    return errno_error(errno, "moving a file", op.path);
  }

  // The staged file and the one in place trade names.
  Status exchange(int dir, const std::string& name, const std::string& staged, const FileOp& op) {
    if (::renameat2(staging_.get(), staged.c_str(), dir, name.c_str(), RENAME_EXCHANGE) == 0) return {};
    if (errno != EINVAL && errno != ENOSYS) return errno_error(errno, "moving a file", op.path);
    const std::string old = staged + ".old";
    if (::linkat(dir, name.c_str(), staging_.get(), old.c_str(), 0) != 0 && errno != EEXIST) {
      return errno_error(errno, "keeping the old content of a file", op.path);
    }
    if (::renameat(staging_.get(), staged.c_str(), dir, name.c_str()) != 0 ||
        ::renameat(staging_.get(), old.c_str(), staging_.get(), staged.c_str()) != 0) {
      return errno_error(errno, "moving a file", op.path);
    }
    return {};
  }

  // What came out of the checkout must be what the plan knew, or somebody wrote in the last moment.
  Status expect_staged(const std::string& staged, unsigned mode, const git_oid& id, const FileOp& op) const {
    const FileState now = PB_TRY(read_state(staging_.get(), staged, kMaxPresent));
    if ((now.mode & 0170000) == (mode & 0170000) && git_oid_equal(&now.id, &id)) return {};
    return changed_meanwhile(op.path);
  }

  Status do_op(const FileOp& op, const std::string& staged) {
    const std::string name = split_path(op.path).second;
    if (op.kind == WriteKind::kCreate) {
      PB_TRY(make_parents(op));
      const os::Fd dir = PB_TRY(parent_of(op));
      remove_empty_tree(op.path);
      return rename_new(staging_.get(), staged, dir.get(), name, op);
    }
    const os::Fd dir = PB_TRY(parent_of(op));
    if (op.kind == WriteKind::kDelete) {
      PB_TRY(rename_new(dir.get(), name, staging_.get(), staged, op));
      const Status old = expect_staged(staged, op.old_mode, op.old_id, op);
      if (!old.ok()) (void)rename_new(staging_.get(), staged, dir.get(), name, op);
      return old;
    }
    PB_TRY(exchange(dir.get(), name, staged, op));
    const Status old = expect_staged(staged, op.old_mode, op.old_id, op);
    if (!old.ok()) (void)exchange(dir.get(), name, staged, op);
    return old;
  }

  Status undo_op(const FileOp& op, const std::string& staged) {
    const std::string name = split_path(op.path).second;
    if (op.kind == WriteKind::kDelete) {
      PB_TRY(make_parents(op));
      const os::Fd dir = PB_TRY(parent_of(op));
      PB_TRY(expect_staged(staged, op.old_mode, op.old_id, op));
      return rename_new(staging_.get(), staged, dir.get(), name, op);
    }
    const os::Fd dir = PB_TRY(parent_of(op));
    if (op.kind == WriteKind::kCreate) return rename_new(dir.get(), name, staging_.get(), staged, op);
    PB_TRY(expect_staged(staged, op.old_mode, op.old_id, op));
    return exchange(dir.get(), name, staged, op);
  }

  // ---- directories -------------------------------------------------------------------------------------

  bool remove_directory(const std::string& path) const {
    const auto [above, name] = split_path(path);
    const os::Fd dir = open_dir_beneath(root_.get(), above);
    return dir && ::unlinkat(dir.get(), name.c_str(), AT_REMOVEDIR) == 0;
  }

  // A directory whose files were all deleted, in the way of a file; directories inside may be left.
  void remove_empty_tree(const std::string& path) const {
    const os::Fd dir = open_dir_beneath(root_.get(), path);
    if (!dir) return;
    auto names = read_dir(dir.get());
    if (!names.ok()) return;
    for (const DirEntry& e : names.value()) remove_empty_tree(path + "/" + e.name);
    (void)remove_directory(path);
  }

  void remove_upwards(std::string path) const {
    while (!(path = split_path(path).first).empty() && remove_directory(path)) {
    }
  }
  void remove_emptied_directories() const {
    for (const FileOp& op : journal_.ops) {
      if (op.kind == WriteKind::kDelete) remove_upwards(op.path);
    }
  }
  void remove_directories_of_creations() const {
    for (const FileOp& op : journal_.ops) {
      if (op.kind == WriteKind::kCreate) remove_upwards(op.path);
    }
  }

  Status sync_directories() const {
    step("sync directories");
    std::set<std::string> directories;
    for (const FileOp& op : journal_.ops) {
      for (std::string path = op.path; !path.empty();) {
        path = split_path(path).first;
        if (!directories.insert(path).second) break;
      }
    }
    for (const std::string& path : directories) {
      const os::Fd dir = open_dir_beneath(root_.get(), path);
      if (dir && ::fsync(dir.get()) != 0) return errno_error(errno, "writing to disk", path);
    }
    if (staging_ && ::fsync(staging_.get()) != 0)
      return errno_error(errno, "writing to disk", journal_.staging);
    return {};
  }

  Journal journal_;
  std::string journal_path_;
  os::Fd root_, staging_;
};

// A directory on the checkout's mount that no status shows: inside the git directory when that is on it.
std::string staging_for(const Layout& layout) {
  const std::string name = "patchbay-apply-" + random_hex(16);
  auto git_dir = open_root(layout.git_dir);
  auto root = open_root(layout.toplevel);
  const bool one_mount =
      git_dir.ok() && root.ok() && mount_of(git_dir.value().get()) == mount_of(root.value().get());
  return one_mount ? os::join(layout.git_dir, name) : os::join(layout.toplevel, "." + name);
}

Status undo(Transaction& transaction, const Error& cause) {
  // Should this fail, a crash from here on makes recovery go forward instead: all, not nothing.
  (void)transaction.begin_undo();
  Status undone = transaction.backward();
  if (undone.ok()) undone = transaction.finish();
  if (!undone.ok())
    return outcome_unknown(cause.detail + "; " + undone.error().message + " " + undone.error().detail);
  return cause;
}

}  // namespace

void set_apply_hook(ApplyHook h) {
  hook = h;
}

Status apply_ops(const Repo& repo, const PreparedPlan& prepared, const std::string& journal_path) {
  if (prepared.ops.empty()) return {};
  if (os::exists(journal_path)) {
    return make_error(ErrorCode::kIntegrationOutcomeUnknown, "An earlier integration was cut short.",
                      "Recover it first.", journal_path);
  }
  Journal journal;
  journal.root = repo.layout.toplevel;
  journal.device = repo.layout.device;
  journal.inode = repo.layout.inode;
  journal.staging = staging_for(repo.layout);
  journal.plan_sha256 = prepared.plan.plan_sha256;
  for (FileOp op : prepared.ops) {
    op.bytes.clear();
    journal.ops.push_back(std::move(op));
  }
  Transaction transaction(std::move(journal), journal_path);
  Status ready = transaction.stage(prepared.ops);
  if (ready.ok()) ready = transaction.verify_unchanged();
  if (ready.ok()) ready = transaction.commit();
  if (!ready.ok()) {
    (void)transaction.finish();  // no file of the checkout was touched
    return ready;
  }
  const Status moved = transaction.forward();
  if (!moved.ok()) return undo(transaction, moved.error());
  return transaction.finish();
}

const char* name_of(RecoveryOutcome outcome) {
  switch (outcome) {
    case RecoveryOutcome::kNothing:
      return "nothing";
    case RecoveryOutcome::kRolledBack:
      return "rolled_back";
    case RecoveryOutcome::kRolledForward:
      return "rolled_forward";
    case RecoveryOutcome::kUndecided:
      return "undecided";
  }
  return "undecided";
}

namespace ops {

Result<Recovery> recover(const std::string& journal_path) {
  Recovery out;
  auto loaded = Journal::load(journal_path);
  if (!loaded.ok()) {
    if (loaded.error().code == ErrorCode::kNotFound) return out;
    return std::move(loaded).error();
  }
  Transaction transaction(std::move(loaded).value(), journal_path);
  const Journal& journal = transaction.journal();
  out.root = journal.root;
  out.plan_sha256 = journal.plan_sha256;
  for (const FileOp& op : journal.ops) (op.new_mode == 0 ? out.deleted : out.written).push_back(op.path);
  if (journal.phase == Phase::kPreparing) {
    PB_TRY(transaction.finish());
    out.outcome = RecoveryOutcome::kRolledBack;
    return out;
  }
  out.outcome = RecoveryOutcome::kUndecided;
  if (!transaction.open().ok()) return out;
  out.foreign = PB_TRY(transaction.foreign_paths());
  if (!out.foreign.empty()) return out;
  if (journal.phase == Phase::kCommitted && PB_TRY(transaction.can_go_forward())) {
    PB_TRY(transaction.forward());
    out.outcome = RecoveryOutcome::kRolledForward;
  } else {
    if (journal.phase == Phase::kCommitted) PB_TRY(transaction.begin_undo());
    PB_TRY(transaction.backward());
    out.outcome = RecoveryOutcome::kRolledBack;
  }
  PB_TRY(transaction.finish());
  return out;
}

Result<Applied> apply(const Target& base, const ApplySpec& spec) {
  const Repo repo = PB_TRY(open_repo(base));
  PreparedPlan prepared = PB_TRY(prepare_plan(repo, spec.integration));
  const IntegrationPlan& plan = prepared.plan;
  if (!plan.unsafe.empty()) {
    return make_error(ErrorCode::kUnsafeChange, "The change holds files that cannot be applied.", "",
                      plan.unsafe.front().path + ": " + plan.unsafe.front().reason);
  }
  if (plan.too_large) return make_error(ErrorCode::kContentTooLarge, "The change is larger than the limit.");
  if (!plan.conflicts.empty()) {
    return make_error(ErrorCode::kPatchConflict, "The change conflicts with the checkout.", "",
                      plan.conflict_summary);
  }
  if (!spec.plan_sha256.empty() && plan.plan_sha256 != spec.plan_sha256) {
    return make_error(ErrorCode::kPatchChanged, "The change or the checkout is not what the preview showed.",
                      "Look at the preview again.");
  }
  PB_TRY(apply_ops(repo, prepared, spec.journal_path));
  Applied out;
  out.changes = plan.changes;
  out.applied_with_3way = plan.applied_with_3way;
  for (const FileOp& op : prepared.ops) (op.new_mode == 0 ? out.deleted : out.written).push_back(op.path);
  StatusOptions options;
  options.each_untracked_file = true;
  for (StatusEntry& entry : PB_TRY(ops::status({repo.layout.toplevel, "", base.roots}, options)).entries) {
    out.main_changed_files.push_back(std::move(entry.path));
  }
  return out;
}

}  // namespace ops
}  // namespace patchbay::git
