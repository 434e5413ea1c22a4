#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "git/durable.h"
#include "git/flat_tree.h"
#include "git/lock_wait.h"
#include "git/ops.h"
#include "git/pins.h"
#include "git/registration.h"
#include "git/tree_fs.h"
#include "git/worktree_state.h"
#include "patchbay/os/file.h"

// A worktree's working state as a tree object. The index file in the registration says which files are as
// they were checked out (their blobs exist already); only the others are read. Nothing of the worktree is
// written: its index stays as the worker left it.

namespace patchbay::git {
namespace {

constexpr std::size_t kStreamFrom = 8u << 20;   // larger files go into the object store piece by piece
constexpr std::uint64_t kMaxFile = 1ull << 30;  // larger files are reported, not stored
constexpr std::size_t kSyncEachBelow = 8;       // from this many new blobs one syncfs is cheaper
constexpr std::size_t kMaxExcludedShown = 100;

// Puts working files into the object store.
class BlobWriter {
 public:
  BlobWriter(git_odb* odb, int root) : odb_(odb), root_(root) {}

  enum class Outcome { kStored, kGone, kUnreadable, kTooLarge };

  Result<Outcome> store(const std::string& path, FlatEntry& out) {
    const auto [parent, name] = split_path(path);
    if (!dir_ || parent != dir_path_) {
      dir_ = open_dir_beneath(root_, parent);
      dir_path_ = parent;
    }
    if (!dir_) return Outcome::kGone;
    struct stat st {};
    if (::fstatat(dir_.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return Outcome::kGone;
    if (S_ISREG(st.st_mode) && static_cast<std::uint64_t>(st.st_size) > kMaxFile) return Outcome::kTooLarge;
    if (S_ISREG(st.st_mode) && static_cast<std::size_t>(st.st_size) > kStreamFrom) {
      return stream(name, out);
    }
    auto bytes = read_entry(dir_.get(), name, kStreamFrom, &st);
    if (!bytes.ok()) {
      if (bytes.error().code == ErrorCode::kFileTooLarge) return stream(name, out);
      return bytes.error().code == ErrorCode::kNotFound ? Outcome::kGone : Outcome::kUnreadable;
    }
    out.mode = git_mode(st);
    PB_TRY(check(git_odb_write(&out.id, odb_, bytes.value().data(), bytes.value().size(), GIT_OBJECT_BLOB),
                 "Storing a file"));
    return Outcome::kStored;
  }

 private:
  Result<Outcome> stream(const std::string& name, FlatEntry& out) {
    const os::Fd fd(::openat(dir_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat st {};
    if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return Outcome::kUnreadable;
    if (static_cast<std::uint64_t>(st.st_size) > kMaxFile) return Outcome::kTooLarge;
    auto sink = PB_TRY(acquire<OdbStreamHandle>("Storing a file", git_odb_open_wstream, odb_,
                                                static_cast<git_object_size_t>(st.st_size), GIT_OBJECT_BLOB));
    std::vector<char> buffer(1u << 20);
    off_t left = st.st_size;
    while (left > 0) {
      const ssize_t n =
          ::read(fd.get(), buffer.data(), std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(left)));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Outcome::kUnreadable;  // it shrank while it was read
      PB_TRY(check(git_odb_stream_write(sink.get(), buffer.data(), static_cast<std::size_t>(n)), "Storing a file"));
      left -= n;
    }
    PB_TRY(check(git_odb_stream_finalize_write(&out.id, sink.get()), "Storing a file"));
    out.mode = git_mode(st);
    return Outcome::kStored;
  }

  git_odb* odb_;
  int root_;
  os::Fd dir_;
  std::string dir_path_;
};

class SnapshotBuilder {
 public:
  SnapshotBuilder(const Repo& repo, const SnapshotSpec& spec) : repo_(repo), spec_(spec) {}

  Result<Snapshot> run() {
    const Registration registration = PB_TRY(find_registration(repo_.layout.common_dir, spec_.directory));
    if (!os::is_directory(spec_.directory)) {
      return make_error(ErrorCode::kWorkspaceUnavailable, "The worker's worktree does not exist any more.", "",
                        spec_.directory);
    }
    checkout_ = PB_TRY(open_checkout(repo_.get(), repo_.layout.common_dir, spec_.directory,
                                     os::join(registration.admin_dir, "index")));
    const WorktreeHead head = PB_TRY(read_worktree_head(repo_.get(), registration));
    ScanOptions options;
    options.each_untracked = true;
    options.trust_mode = checkout_.settings.trust_mode;
    options.common_dir = repo_.layout.common_dir;
    options.submodule_work = true;
    options.assume_unchanged = false;
    options.prune = spec_.excluded;
    const ScanResult scan =
        PB_TRY(scan_worktree(checkout_.root.get(), checkout_.index, checkout_.settings.ignores, options));
    const git_oid tree = PB_TRY(write(scan));

    const os::FileLock lock = PB_TRY(wait_for_lock(spec_.lock_path));
    const Pin pin = PB_TRY(add_pin(repo_.get(), spec_.kind, spec_.worker_id, tree, head.commit));
    out_.tree = to_id(tree);
    out_.commit = pin.commit;
    out_.head = head.commit;
    out_.ref = pin.ref;
    return std::move(out_);
  }

 private:
  bool excluded(std::string_view path) const {
    return std::any_of(spec_.excluded.begin(), spec_.excluded.end(),
                       [&](const std::string& prefix) { return is_below_ignoring_case(prefix, path); });
  }

  void mark_dirty(std::string path) {
    do {
      path = split_path(path).first;
    } while (dirty_.insert(path).second && !path.empty());
  }

  Result<git_oid> write(const ScanResult& scan) {
    const std::size_t to_store = scan.changes.size() + scan.untracked.size();
    std::optional<FsyncPause> pause;
    if (to_store >= kSyncEachBelow) pause.emplace();
    const auto odb = PB_TRY(acquire<OdbHandle>("Opening the object store", git_repository_odb, repo_.get()));
    BlobWriter blobs(odb.get(), checkout_.root.get());
    entries_.reserve(checkout_.index.entries().size() + scan.untracked.size());
    PB_TRY(tracked(scan, blobs));
    for (const UntrackedPath& u : scan.untracked) {
      if (u.mode != 0 && !excluded(u.path)) PB_TRY(store(u.path, 0, blobs));
    }
    for (const SpecialFile& s : scan.special) {
      if (!excluded(s.path)) out_.special.push_back(s);
    }
    std::sort(entries_.begin(), entries_.end(), [](auto& a, auto& b) { return a.path < b.path; });
    const git_oid tree = PB_TRY(write_tree(repo_.get(), entries_, checkout_.index.cached_tree(), dirty_));
    if (pause) PB_TRY(sync_file_system(os::join(repo_.layout.common_dir, "objects")));
    return tree;
  }

  Status tracked(const ScanResult& scan, BlobWriter& blobs) {
    auto change = scan.changes.begin();
    std::string_view conflicted;
    for (const IndexEntry& e : checkout_.index.entries()) {
      const bool changed = change != scan.changes.end() && change->entry == &e;
      const TrackedChange* c = changed ? &*change++ : nullptr;
      const std::string path(e.path);
      if (excluded(path)) {
        if (out_.excluded.size() < kMaxExcludedShown) out_.excluded.push_back(path);
        mark_dirty(path);
      } else if (e.stage != 0) {
        // Whatever lies there now is the working state, conflict markers and all.
        if (e.path != conflicted) PB_TRY(store(path, 0, blobs));
        conflicted = e.path;
      } else if (!c) {
        entries_.push_back({path, e.mode, e.id});
      } else if (c->letter == 'D' || c->mode == 0) {
        mark_dirty(path);
      } else if (c->mode == GIT_FILEMODE_COMMIT) {
        mark_dirty(path);
        entries_.push_back({path, c->mode, c->commit});
      } else {
        PB_TRY(store(path, c->mode, blobs));
      }
    }
    return {};
  }

  // `mode` 0: as the file itself says.
  Status store(const std::string& path, unsigned mode, BlobWriter& blobs) {
    mark_dirty(path);
    FlatEntry entry{path, 0, {}};
    switch (PB_TRY(blobs.store(path, entry))) {
      case BlobWriter::Outcome::kStored:
        // Where modes are not trusted the index keeps the executable bit.
        if (mode != 0 && (mode & 0170000) == (entry.mode & 0170000)) entry.mode = mode;
        entries_.push_back(std::move(entry));
        break;
      case BlobWriter::Outcome::kGone: break;
      case BlobWriter::Outcome::kUnreadable: out_.special.push_back({path, SpecialType::kUnreadable}); break;
      case BlobWriter::Outcome::kTooLarge: out_.special.push_back({path, SpecialType::kTooLarge}); break;
    }
    return {};
  }

  const Repo& repo_;
  const SnapshotSpec& spec_;
  Checkout checkout_;
  std::vector<FlatEntry> entries_;
  std::set<std::string> dirty_;  // directories with a path that differs from the index
  Snapshot out_;
};

}  // namespace

const char* name_of(SpecialType type) {
  switch (type) {
    case SpecialType::kFifo: return "fifo";
    case SpecialType::kSocket: return "socket";
    case SpecialType::kDevice: return "device";
    case SpecialType::kRepository: return "repository";
    case SpecialType::kSubmodule: return "submodule";
    case SpecialType::kUnreadable: return "unreadable";
    case SpecialType::kTooLarge: return "too large";
  }
  return "unknown";
}

namespace ops {

Result<Snapshot> snapshot(const Target& base, const SnapshotSpec& spec) {
  const Repo repo = PB_TRY(open_repo(base));
  return SnapshotBuilder(repo, spec).run();
}

}  // namespace ops
}  // namespace patchbay::git
