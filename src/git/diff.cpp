#include <fcntl.h>

#include "git/head.h"
#include "git/ops.h"
#include "git/patch_text.h"
#include "git/small_diff.h"
#include "git/staged.h"
#include "git/tree_fs.h"
#include "git/worktree_state.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kMaxLoaded = 256u << 20;  // bytes of working files held in memory for one diff

// Collects the paths that differ, with working files turned into blobs that live in memory.
class ChangeCollector {
 public:
  ChangeCollector(const Repo& repo, const Checkout& checkout, std::string scope, MemoryObjects objects)
      : repo_(repo), checkout_(checkout), scope_(std::move(scope)), objects_(std::move(objects)) {}

  Status staged(const git_tree* tree) {
    for (StagedChange& c : PB_TRY(compare_tree_with_index(repo_.get(), tree, checkout_.index, scope_))) {
      changes_[c.path] = std::move(c);
    }
    return {};
  }

  // Lays the working files over what is there. `tree` (may be null) is the old side of conflicted paths;
  // without one it is our side of the conflict.
  Status working_files(const git_tree* tree, bool from_index, bool include_untracked) {
    ScanOptions options;
    options.scope = scope_;
    options.untracked = include_untracked;
    options.each_untracked = true;
    options.trust_mode = checkout_.settings.trust_mode;
    options.common_dir = repo_.layout.common_dir;
    const ScanResult scan =
        PB_TRY(scan_worktree(checkout_.root.get(), checkout_.index, checkout_.settings.ignores, options));
    for (const TrackedChange& c : scan.changes) {
      StagedChange& change = at(*c.entry);
      if (c.letter == 'D' || c.mode == 0) {
        change.new_mode = 0;
        change.new_id = {};
      } else if (c.mode == GIT_FILEMODE_COMMIT) {
        change.new_mode = c.mode;
        change.new_id = c.commit;
      } else {
        PB_TRY(load(change, c.mode));
      }
    }
    for (const UntrackedPath& u : scan.untracked) {
      if (u.mode == 0) continue;
      StagedChange& change = changes_[u.path];
      if (change.path.empty()) untracked_.insert(u.path);
      change.path = u.path;
      PB_TRY(load(change, u.mode));
    }
    return conflicted(tree, from_index);
  }

  std::vector<StagedChange> take() {
    std::vector<StagedChange> out;
    for (auto& [path, c] : changes_) {
      if (c.old_mode == c.new_mode && git_oid_equal(&c.old_id, &c.new_id)) continue;
      out.push_back(std::move(c));
    }
    return out;
  }
  const std::set<std::string>& untracked() const { return untracked_; }
  const std::vector<StagedChange>& oversize() const { return oversize_; }

 private:
  StagedChange& at(const IndexEntry& e) {
    StagedChange& change = changes_[std::string(e.path)];
    if (change.path.empty()) {
      change.path = e.path;
      if (!e.intent_to_add) {
        change.old_mode = e.mode;
        change.old_id = e.id;
      }
    }
    return change;
  }

  Status load(StagedChange& change, unsigned mode) {
    const auto [parent, name] = split_path(change.path);
    const os::Fd dir = open_dir_beneath(checkout_.root.get(), parent);
    auto bytes = dir ? read_entry(dir.get(), name, kMaxComparedFile) : Result<std::string>(Error{});
    change.new_mode = 0;
    change.new_id = {};
    if (!bytes.ok()) {
      if (bytes.error().code == ErrorCode::kFileTooLarge) return too_large(change, mode);
      return {};  // it vanished or changed its type after it was listed
    }
    loaded_ += bytes.value().size();
    if (loaded_ > kMaxLoaded) return too_large(change, mode);
    change.new_mode = mode;
    change.new_id = PB_TRY(objects_.add(bytes.value()));
    return {};
  }

  Status too_large(StagedChange& change, unsigned mode) {
    change.new_mode = mode;
    oversize_.push_back(change);
    // Out of the compared set: equal sides are dropped.
    change.old_mode = change.new_mode = 0;
    change.old_id = change.new_id = {};
    return {};
  }

  Status conflicted(const git_tree* tree, bool from_index) {
    for (const IndexEntry& e : checkout_.index.entries()) {
      if (e.stage == 0 || !in_scope(scope_, e.path)) continue;
      StagedChange& change = changes_[std::string(e.path)];
      const bool first = change.path.empty();
      change.path = e.path;
      if (from_index && e.stage == 2) {
        change.old_mode = e.mode;
        change.old_id = e.id;
      }
      if (!first) continue;
      git_tree_entry* raw = nullptr;
      if (!from_index && tree && git_tree_entry_bypath(&raw, tree, change.path.c_str()) == 0) {
        const TreeEntryHandle owner(raw);
        change.old_mode = git_tree_entry_filemode(raw);
        change.old_id = *git_tree_entry_id(raw);
      }
      struct stat st {};
      const auto [parent, name] = split_path(change.path);
      const os::Fd dir = open_dir_beneath(checkout_.root.get(), parent);
      if (dir && ::fstatat(dir.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode)) {
        PB_TRY(load(change, git_mode(st)));
      }
    }
    return {};
  }

  const Repo& repo_;
  const Checkout& checkout_;
  std::string scope_;
  MemoryObjects objects_;
  std::map<std::string, StagedChange> changes_;
  std::set<std::string> untracked_;
  std::vector<StagedChange> oversize_;
  std::size_t loaded_ = 0;
};

Result<TreeHandle> tree_of_revision(git_repository* repo, const std::string& revision) {
  const CommitHandle commit = PB_TRY(find_commit(repo, revision));
  return acquire<TreeHandle>("Reading a tree", git_commit_tree, commit.get());
}

std::string strip_prefix(const Layout& layout) { return layout.subdir.empty() ? "" : layout.subdir + "/"; }

// Files too large to compare are listed after the others, without text.
void add_oversize(Diff& diff, const ChangeCollector& collector, const std::string& strip) {
  for (const StagedChange& c : collector.oversize()) {
    DiffFile file;
    file.path = c.path.substr(std::min(strip.size(), c.path.size()));
    file.status = c.old_mode == 0 ? 'A' : 'M';
    file.untracked = collector.untracked().contains(c.path);
    file.binary = true;
    file.old_mode = c.old_mode;
    file.new_mode = c.new_mode;
    diff.files.push_back(std::move(file));
    ++diff.file_count;
  }
}

}  // namespace

namespace ops {

Result<Diff> diff(const Target& target, const DiffOptions& options) {
  const Repo repo = PB_TRY(open_repo(target));
  const std::string scope = PB_TRY(scope_of(repo.layout, options.file_path));
  const Checkout checkout = PB_TRY(open_checkout(repo));
  ChangeCollector collector(repo, checkout, scope, PB_TRY(MemoryObjects::attach(repo.get())));
  switch (options.sides) {
    case DiffSides::kStaged: {
      const TreeHandle tree = PB_TRY(head_tree(repo.get()));
      PB_TRY(collector.staged(tree.get()));
      break;
    }
    case DiffSides::kUnstaged: PB_TRY(collector.working_files(nullptr, true, options.include_untracked)); break;
    case DiffSides::kBase: {
      const TreeHandle tree = PB_TRY(tree_of_revision(repo.get(), options.base));
      PB_TRY(collector.staged(tree.get()));
      PB_TRY(collector.working_files(tree.get(), false, options.include_untracked));
      break;
    }
  }
  const DiffHandle handle =
      PB_TRY(diff_of_changes(repo.get(), collector.take(), std::clamp(options.page.context_lines, 0, 20)));
  RenderOptions render_options;
  render_options.repo = repo.get();
  render_options.page = options.page;
  render_options.max_files = options.max_files;
  render_options.strip = strip_prefix(repo.layout);
  render_options.untracked = collector.untracked();
  render_options.withheld = {options.withheld.begin(), options.withheld.end()};
  Diff out = PB_TRY(render(handle.get(), render_options));
  add_oversize(out, collector, render_options.strip);
  return out;
}

}  // namespace ops
}  // namespace patchbay::git
