#include "git/transaction.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "git/durable.h"
#include "git/file_moves.h"
#include "git/handle.h"
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

using Phase = Journal::Phase;
using Blocked = FileState::Blocked;

std::string staged_name(std::size_t i) { return std::to_string(i); }

}  // namespace

Status Transaction::open() {
  root_ = PB_TRY(open_root(journal_.root));
  struct stat st {};
  if (::fstat(root_.get(), &st) != 0 || st.st_dev != journal_.device || st.st_ino != journal_.inode) {
    return make_error(ErrorCode::kWorkspaceUnavailable, "The checkout is not where it was.", "", journal_.root);
  }
  staging_ = os::Fd(::open(journal_.staging.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return {};
}

Status Transaction::stage(const std::vector<FileOp>& ops) {
  announce_step("save journal");
  PB_TRY(journal_.save(journal_path_));
  announce_step("make staging");
  if (::mkdir(journal_.staging.c_str(), 0700) != 0) {
    return errno_error(errno, "preparing the integration", journal_.staging);
  }
  PB_TRY(open());
  PB_TRY(check_mounts());
  std::vector<std::string> written;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].kind == WriteKind::kDelete) continue;
    announce_step("stage file");
    PB_TRY(stage_file(ops[i], staged_name(i)));
    if (ops[i].new_mode != GIT_FILEMODE_LINK) written.push_back(os::join(journal_.staging, staged_name(i)));
  }
  announce_step("sync staging");
  written.push_back(journal_.staging);
  written.push_back(os::parent_of(journal_.staging));
  return sync_together(written);
}

Status Transaction::verify_unchanged() const {
  for (const FileOp& op : journal_.ops) {
    if (PB_TRY(state_of(op)) != State::kOld) return changed_meanwhile(op.path);
  }
  return {};
}

Status Transaction::commit() {
  announce_step("save committed journal");
  journal_.phase = Phase::kCommitted;
  return journal_.save(journal_path_);
}

Status Transaction::forward() {
  for (const bool deletions : {true, false}) {
    for (std::size_t i = 0; i < journal_.ops.size(); ++i) {
      const FileOp& op = journal_.ops[i];
      if ((op.kind == WriteKind::kDelete) != deletions) continue;
      if (PB_TRY(state_of(op)) == State::kNew) continue;
      announce_step("move file");
      PB_TRY(do_op(op, staged_name(i)));
    }
  }
  remove_emptied_directories();
  return sync_directories();
}

Status Transaction::begin_undo() {
  announce_step("save undoing journal");
  journal_.phase = Phase::kUndoing;
  return journal_.save(journal_path_);
}

Status Transaction::backward() {
  for (const bool deletions : {false, true}) {
    for (std::size_t i = journal_.ops.size(); i-- > 0;) {
      const FileOp& op = journal_.ops[i];
      if ((op.kind == WriteKind::kDelete) != deletions) continue;
      if (PB_TRY(state_of(op)) == State::kOld) continue;
      announce_step("move file back");
      PB_TRY(undo_op(op, staged_name(i)));
    }
    // Directories that were made for new files go before deleted files return to their places.
    if (!deletions) remove_directories_of_creations();
  }
  return sync_directories();
}

Status Transaction::finish() {
  announce_step("remove staging");
  staging_ = os::Fd();
  PB_TRY(os::remove_tree(journal_.staging));
  announce_step("remove journal");
  PB_TRY(os::remove_file(journal_path_));
  return os::sync_dir(os::parent_of(journal_path_));
}

Result<Transaction::State> Transaction::state_of(const FileOp& op) const {
  const FileState now = PB_TRY(read_state(root_.get(), op.path, kMaxPresent));
  switch (now.blocked) {
    case Blocked::kSpecial:
    case Blocked::kTooLarge: return State::kForeign;
    case Blocked::kNo: break;
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

Result<std::vector<std::string>> Transaction::foreign_paths() const {
  std::vector<std::string> out;
  for (const FileOp& op : journal_.ops) {
    if (PB_TRY(state_of(op)) == State::kForeign) out.push_back(op.path);
  }
  return out;
}

Result<bool> Transaction::can_go_forward() const {
  for (std::size_t i = 0; i < journal_.ops.size(); ++i) {
    const FileOp& op = journal_.ops[i];
    if (op.kind == WriteKind::kDelete || PB_TRY(state_of(op)) == State::kNew) continue;
    if (!staging_) return false;
    const FileState staged = PB_TRY(read_state(staging_.get(), staged_name(i), kMaxPresent));
    if (!git_oid_equal(&staged.id, &op.new_id)) return false;
  }
  return true;
}

Status Transaction::stage_file(const FileOp& op, const std::string& name) {
  if (op.new_mode == GIT_FILEMODE_LINK) {
    if (::symlinkat(op.bytes.c_str(), staging_.get(), name.c_str()) == 0) return {};
    return errno_error(errno, "preparing the integration", op.path);
  }
  const bool executable = op.new_mode == 0100755;
  const os::Fd fd(::openat(staging_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                           executable ? 0777 : 0666));
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

os::Fd Transaction::existing_parent(std::string path) const {
  for (;;) {
    path = split_path(path).first;
    os::Fd dir = open_dir_beneath(root_.get(), path);
    if (dir || path.empty()) return dir;
  }
}

Status Transaction::check_mounts() const {
  const std::uint64_t home = mount_of(staging_.get());
  for (const FileOp& op : journal_.ops) {
    const os::Fd dir = existing_parent(op.path);
    if (!dir || mount_of(dir.get()) == home) continue;
    return make_error(ErrorCode::kUnsafeChange, "A changed file lies on another file system inside the checkout.", "",
                      op.path);
  }
  return {};
}

Result<os::Fd> Transaction::parent_of(const FileOp& op) const {
  const std::string parent = split_path(op.path).first;
  os::Fd dir = open_dir_beneath(root_.get(), parent);
  if (!dir) return errno_error(errno, "opening a directory of the checkout", parent);
  return dir;
}

Status Transaction::make_parents(const FileOp& op) {
  for (std::size_t slash = op.path.find('/'); slash != std::string::npos; slash = op.path.find('/', slash + 1)) {
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

Status Transaction::expect_staged(const std::string& staged, unsigned mode, const git_oid& id, const FileOp& op) const {
  const FileState now = PB_TRY(read_state(staging_.get(), staged, kMaxPresent));
  if ((now.mode & 0170000) == (mode & 0170000) && git_oid_equal(&now.id, &id)) return {};
  return changed_meanwhile(op.path);
}

Status Transaction::do_op(const FileOp& op, const std::string& staged) {
  const std::string name = split_path(op.path).second;
  if (op.kind == WriteKind::kCreate) {
    PB_TRY(make_parents(op));
    const os::Fd dir = PB_TRY(parent_of(op));
    remove_empty_tree(op.path);
    return move_new(staging_.get(), staged, dir.get(), name, op.path);
  }
  const os::Fd dir = PB_TRY(parent_of(op));
  if (op.kind == WriteKind::kDelete) {
    PB_TRY(move_new(dir.get(), name, staging_.get(), staged, op.path));
    const Status old = expect_staged(staged, op.old_mode, op.old_id, op);
    if (!old.ok()) (void)move_new(staging_.get(), staged, dir.get(), name, op.path);
    return old;
  }
  PB_TRY(exchange_files(dir.get(), name, staging_.get(), staged, op.path));
  const Status old = expect_staged(staged, op.old_mode, op.old_id, op);
  if (!old.ok()) (void)exchange_files(dir.get(), name, staging_.get(), staged, op.path);
  return old;
}

Status Transaction::undo_op(const FileOp& op, const std::string& staged) {
  const std::string name = split_path(op.path).second;
  if (op.kind == WriteKind::kDelete) {
    PB_TRY(make_parents(op));
    const os::Fd dir = PB_TRY(parent_of(op));
    PB_TRY(expect_staged(staged, op.old_mode, op.old_id, op));
    return move_new(staging_.get(), staged, dir.get(), name, op.path);
  }
  const os::Fd dir = PB_TRY(parent_of(op));
  if (op.kind == WriteKind::kCreate) return move_new(dir.get(), name, staging_.get(), staged, op.path);
  // What an exchange in several steps left when it was cut short.
  (void)move_new(staging_.get(), staged + ".old", staging_.get(), staged, op.path);
  PB_TRY(expect_staged(staged, op.old_mode, op.old_id, op));
  return exchange_files(dir.get(), name, staging_.get(), staged, op.path);
}

bool Transaction::remove_directory(const std::string& path) const {
  const auto [above, name] = split_path(path);
  const os::Fd dir = open_dir_beneath(root_.get(), above);
  return dir && ::unlinkat(dir.get(), name.c_str(), AT_REMOVEDIR) == 0;
}

void Transaction::remove_empty_tree(const std::string& path) const {
  const os::Fd dir = open_dir_beneath(root_.get(), path);
  if (!dir) return;
  auto names = read_dir(dir.get());
  if (!names.ok()) return;
  for (const DirEntry& e : names.value()) remove_empty_tree(path + "/" + e.name);
  (void)remove_directory(path);
}

void Transaction::remove_upwards(std::string path) const {
  while (!(path = split_path(path).first).empty() && remove_directory(path)) {
  }
}

void Transaction::remove_emptied_directories() const {
  for (const FileOp& op : journal_.ops) {
    if (op.kind == WriteKind::kDelete) remove_upwards(op.path);
  }
}

void Transaction::remove_directories_of_creations() const {
  for (const FileOp& op : journal_.ops) {
    if (op.kind == WriteKind::kCreate) remove_upwards(op.path);
  }
}

Status Transaction::sync_directories() const {
  announce_step("sync directories");
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
  if (staging_ && ::fsync(staging_.get()) != 0) return errno_error(errno, "writing to disk", journal_.staging);
  return {};
}

std::string staging_for(const Layout& layout) {
  const std::string name = "patchbay-apply-" + random_hex(16);
  auto git_dir = open_root(layout.git_dir);
  auto root = open_root(layout.toplevel);
  const bool one_mount = git_dir.ok() && root.ok() && mount_of(git_dir.value().get()) == mount_of(root.value().get());
  return one_mount ? os::join(layout.git_dir, name) : os::join(layout.toplevel, "." + name);
}

}  // namespace patchbay::git
