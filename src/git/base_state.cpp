#include "git/base_state.h"

#include "git/file_state.h"
#include "git/head.h"
#include "git/staged.h"
#include "patchbay/base/hash.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kMaxUntracked = 500;
constexpr std::size_t kMaxCompared = 64u << 20;
constexpr std::string_view kOwnDirectory = ".ai-bridge";

struct Content {
  unsigned mode = 0;
  git_oid id{};
};

class BaseLook {
 public:
  BaseLook(const Repo& repo, const Checkout& checkout, const IntegrationSpec& spec,
           const std::vector<TreeDelta>& deltas)
      : repo_(repo), checkout_(checkout), spec_(spec) {
    for (const TreeDelta& d : deltas) results_[d.path] = {d.new_mode, d.new_id};
    for (const MergedFile& m : spec.merged) {
      if (const auto id = from_id(m.id); id.ok()) merged_[m.path] = {m.mode, id.value()};
    }
  }

  Result<Uncommitted> run() {
    const Branch branch = PB_TRY(read_branch(repo_.get(), false));
    out_.state.head = branch.head;
    out_.state.moved = !spec_.base_revision.empty() && branch.head != spec_.base_revision;
    PB_TRY(find_earlier());
    const TreeHandle tree = PB_TRY(head_tree(repo_.get()));
    ScanOptions options;  // without common_dir: submodules are nothing that an integration could overwrite
    options.each_untracked = true;
    options.trust_mode = checkout_.settings.trust_mode;
    options.prune = {std::string(kOwnDirectory)};
    const ScanResult scan =
        PB_TRY(scan_worktree(checkout_.root.get(), checkout_.index, checkout_.settings.ignores, options));
    std::map<std::string, const IndexEntry*> tracked;  // with the entry that the file alone differs from, or none
    for (const StagedChange& c : PB_TRY(compare_tree_with_index(repo_.get(), tree.get(), checkout_.index, ""))) {
      tracked.emplace(c.path, nullptr);
    }
    for (const IndexEntry& e : checkout_.index.entries()) {
      if (e.stage != 0) tracked.emplace(e.path, nullptr);
    }
    for (const TrackedChange& c : scan.changes) {
      tracked.emplace(c.entry->path, c.letter == 'M' ? c.entry : nullptr);
    }
    for (const auto& [path, entry] : tracked) PB_TRY(file(path, true, entry));
    for (const UntrackedPath& u : scan.untracked) PB_TRY(file(u.path, false, nullptr));
    PB_TRY(ignored_collisions(tracked));
    finish();
    return std::move(out_);
  }

 private:
  // After an integration the baseline is what was integrated; what holds exactly that is our doing.
  Status find_earlier() {
    if (spec_.base_revision.empty()) return {};
    const git_oid id = PB_TRY(from_id(spec_.base_revision));
    auto commit = PB_TRY(acquire<CommitHandle>("Reading the base revision", git_commit_lookup, repo_.get(), &id));
    const ObjectId committed = to_id(*git_commit_tree_id(commit.get()));
    if ((spec_.start.empty() ? committed : spec_.start) != spec_.baseline) {
      integrated_tree_ = PB_TRY(tree_by_id(repo_.get(), spec_.baseline));
    }
    if (spec_.start.empty()) return {};
    for (const TreeDelta& d : PB_TRY(raw_tree_deltas(repo_.get(), committed, spec_.start))) copies_.insert(d.path);
    return {};
  }

  bool holds_integrated(const std::string& path, const FileState& now) const {
    if (!integrated_tree_ || !now.comparable()) return false;
    git_tree_entry* raw = nullptr;
    if (git_tree_entry_bypath(&raw, integrated_tree_.get(), path.c_str()) != 0) return now.mode == 0;
    const TreeEntryHandle entry(raw);
    if (git_tree_entry_type(raw) == GIT_OBJECT_TREE) return now.mode == 0;
    return now.same_text_as(git_tree_entry_filemode(raw), *git_tree_entry_id(raw));
  }

  bool holds_result(const std::string& path, const FileState& now) const { return holds(results_, path, now); }

  // What came out of a merge with the checkout is in no tree of the worker.
  bool holds_earlier(const std::string& path, const FileState& now) const {
    return holds_integrated(path, now) || holds(merged_, path, now);
  }

  static bool holds(const std::map<std::string, Content>& contents, const std::string& path, const FileState& now) {
    const auto it = contents.find(path);
    return it != contents.end() && now.same_text_as(it->second.mode, it->second.id);
  }

  Status file(const std::string& path, bool tracked, const IndexEntry* entry) {
    if (in_scope(kOwnDirectory, path)) return {};
    if (!tracked && !integrated_tree_ && !results_.contains(path)) {
      if (out_.state.untracked.size() < kMaxUntracked) out_.state.untracked.push_back(path);
      return {};
    }
    const FileState now = PB_TRY(read_state(checkout_.root.get(), path, kMaxCompared));
    // Git's own conversion makes a checkout that is not what the index says byte by byte.
    if (entry != nullptr && now.same_text_as(entry->mode, entry->id)) return {};
    // Nothing but the checkout itself has the original of a copy, so a change of the copy never replaces it.
    const bool original = !tracked && copies_.contains(path) && results_.contains(path);
    if ((!original && holds_earlier(path, now)) || holds_result(path, now)) {
      note(out_.state.integrated, path, now);
    } else if (tracked) {
      note(out_.state.tracked_dirty, path, now);
      out_.blocking.insert(path);
    } else if (results_.contains(path)) {
      note(out_.state.collisions, path, now);
    } else if (out_.state.untracked.size() < kMaxUntracked) {
      out_.state.untracked.push_back(path);
    }
    return {};
  }

  // The scan does not list ignored files; one at a path of the change is in the way all the same.
  Status ignored_collisions(const std::map<std::string, const IndexEntry*>& tracked) {
    for (const auto& [path, content] : results_) {
      if (content.mode == 0 || in_scope(kOwnDirectory, path) || tracked.contains(path) ||
          checkout_.index.find(path) != nullptr)
        continue;
      if (std::binary_search(out_.state.collisions.begin(), out_.state.collisions.end(), path)) continue;
      const FileState now = PB_TRY(read_state(checkout_.root.get(), path, kMaxCompared));
      if (now.mode == 0 || holds_earlier(path, now) || holds_result(path, now)) continue;
      note(out_.state.collisions, path, now);
      std::sort(out_.state.collisions.begin(), out_.state.collisions.end());
    }
    return {};
  }

  void note(std::vector<std::string>& list, const std::string& path, const FileState& now) {
    list.push_back(path);
    char id[GIT_OID_HEXSZ + 1];
    git_oid_tostr(id, sizeof id, &now.id);
    contents_[path] = fmt::format("{:06o} {}", now.mode, id);
  }

  void finish() {
    Sha256 sum;
    sum.update(out_.state.head);
    for (const auto& [path, content] : contents_) {
      sum.update(content + " " + path);
      sum.update(std::string_view("", 1));
    }
    out_.state.fingerprint = to_hex(sum.finish());
  }

  const Repo& repo_;
  const Checkout& checkout_;
  const IntegrationSpec& spec_;
  std::map<std::string, Content> results_;
  std::map<std::string, Content> merged_;  // by earlier integrations
  TreeHandle integrated_tree_;             // null before the first integration
  std::set<std::string> copies_;           // paths that the worker got from untracked files of the checkout
  std::map<std::string, std::string> contents_;
  Uncommitted out_;
};

}  // namespace

Result<Uncommitted> look_at_base(const Repo& repo, const Checkout& checkout, const IntegrationSpec& spec,
                                 const std::vector<TreeDelta>& deltas) {
  return BaseLook(repo, checkout, spec, deltas).run();
}

}  // namespace patchbay::git
