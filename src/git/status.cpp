#include <thread>

#include "git/head.h"
#include "git/ops.h"
#include "git/small_diff.h"
#include "git/staged.h"
#include "git/worktree_state.h"

namespace patchbay::git {
namespace {

// The two letters of an unmerged path, by which of base, ours and theirs it has.
std::pair<char, char> conflict_letters(unsigned stages) {
  switch (stages) {
    case 1: return {'D', 'D'};
    case 2: return {'A', 'U'};
    case 4: return {'U', 'A'};
    case 3: return {'U', 'D'};
    case 5: return {'D', 'U'};
    case 6: return {'A', 'A'};
    default: return {'U', 'U'};
  }
}

struct Line {
  char index = ' ', worktree = ' ';
  bool conflicted = false;
  std::optional<std::string> orig_path;
};

class StatusBuilder {
 public:
  StatusBuilder(const Repo& repo, const StatusOptions& options) : repo_(repo), options_(options) {}

  Result<StatusReport> build() {
    scope_ = PB_TRY(scope_of(repo_.layout, options_.file_path));
    report_.layout = repo_.layout;
    report_.branch = PB_TRY(read_branch(repo_.get(), options_.upstream));
    const Checkout checkout = PB_TRY(open_checkout(repo_));
    std::vector<StagedChange> staged;
    ScanResult scan;
    PB_TRY(compare_both_sides(checkout, staged, scan));
    PB_TRY(merge(checkout, staged, scan));
    emit(std::move(scan));
    return std::move(report_);
  }

 private:
  Status compare_both_sides(const Checkout& checkout, std::vector<StagedChange>& staged, ScanResult& scan) {
    const TreeHandle tree = PB_TRY(head_tree(repo_.get()));
    ScanOptions options;
    options.scope = scope_;
    options.each_untracked = options_.each_untracked_file;
    options.trust_mode = checkout.settings.trust_mode;
    options.common_dir = repo_.layout.common_dir;
    options.submodule_work = true;
    staged = PB_TRY(compare_tree_with_index(repo_.get(), tree.get(), checkout.index, scope_));
    scan = PB_TRY(scan_worktree(checkout.root.get(), checkout.index, checkout.settings.ignores, options));
    return {};
  }

  Status merge(const Checkout& checkout, const std::vector<StagedChange>& staged, const ScanResult& scan) {
    std::map<std::string, std::string> renames;  // new -> old
    if (options_.renames) renames = PB_TRY(find_renames(repo_.get(), staged));
    std::set<std::string> sources;
    for (const auto& [to, from] : renames) sources.insert(from);
    for (const StagedChange& change : staged) {
      if (change.letter == 'D' && sources.contains(change.path)) continue;
      Line& line = lines_[change.path];
      line.index = change.letter;
      if (auto it = renames.find(change.path); it != renames.end()) {
        line.index = 'R';
        line.orig_path = it->second;
      }
    }
    for (const TrackedChange& change : scan.changes) {
      lines_[std::string(change.entry->path)].worktree = change.letter;
    }
    for (const SpecialFile& s : scan.special) {
      if (s.type == SpecialType::kSubmodule) lines_[s.path].worktree = 'M';
    }
    std::map<std::string, unsigned> stages;
    for (const IndexEntry& e : checkout.index.entries()) {
      if (e.stage != 0 && in_scope(scope_, e.path)) stages[std::string(e.path)] |= 1u << (e.stage - 1);
    }
    for (const auto& [path, mask] : stages) {
      Line& line = lines_[path];
      std::tie(line.index, line.worktree) = conflict_letters(mask);
      line.conflicted = true;
    }
    return {};
  }

  void emit(ScanResult scan) {
    for (auto& [path, line] : lines_) {
      if (line.conflicted) {
        ++report_.counts.conflicted;
      } else {
        report_.counts.staged += line.index != ' ';
        report_.counts.unstaged += line.worktree != ' ';
      }
      StatusEntry entry{from_subdir(repo_.layout, path), line.index, line.worktree, std::nullopt};
      if (line.orig_path) entry.orig_path = from_subdir(repo_.layout, *line.orig_path);
      push(std::move(entry));
    }
    if (options_.each_untracked_file) {
      // A repository inside of this one stays one entry: its files are its own matter.
      for (const SpecialFile& s : scan.special) {
        if (s.type == SpecialType::kRepository) scan.untracked.push_back({s.path, 0});
      }
      std::ranges::sort(scan.untracked, {}, &UntrackedPath::path);
    }
    for (const UntrackedPath& u : scan.untracked) {
      ++report_.counts.untracked;
      push({from_subdir(repo_.layout, u.path) + (u.mode == 0 ? "/" : ""), '?', '?', std::nullopt});
    }
  }

  void push(StatusEntry entry) {
    if (report_.entries.size() < options_.max_entries) {
      report_.entries.push_back(std::move(entry));
    } else {
      report_.truncated = true;
    }
  }

  const Repo& repo_;
  const StatusOptions& options_;
  std::string scope_;
  std::map<std::string, Line> lines_;
  StatusReport report_;
};

}  // namespace

std::string short_line(const StatusEntry& entry) {
  std::string out{entry.index, entry.worktree, ' '};
  if (entry.orig_path) out += *entry.orig_path + " -> ";
  return out + entry.path;
}

namespace ops {

Result<Layout> discover(const Target& target) { return PB_TRY(open_repo(target)).layout; }

Result<Branch> head(const Target& target) {
  const Repo repo = PB_TRY(open_repo(target));
  return read_branch(repo.get(), true);
}

Result<StatusReport> status(const Target& target, const StatusOptions& options) {
  const Repo repo = PB_TRY(open_repo(target));
  return StatusBuilder(repo, options).build();
}

Result<Summary> summary(const Target& target, std::size_t max_entries) {
  const Repo repo = PB_TRY(open_repo(target));
  StatusOptions options;
  options.max_entries = max_entries;
  Summary out;
  out.status = PB_TRY(StatusBuilder(repo, options).build());
  out.default_branch = default_branch(repo.get());
  if (!out.status.branch.unborn) out.head_subject = head_subject(repo.get());
  return out;
}

Result<std::vector<Commit>> log(const Target& target, int max_commits) {
  const Repo repo = PB_TRY(open_repo(target));
  return read_log(repo.get(), max_commits);
}

Result<ObjectId> resolve_commit(const Target& target, const std::string& revision) {
  const Repo repo = PB_TRY(open_repo(target));
  const CommitHandle commit = PB_TRY(find_commit(repo.get(), revision));
  return to_id(*git_commit_id(commit.get()));
}

Result<ObjectId> tree_of(const Target& target, const ObjectId& id) {
  const Repo repo = PB_TRY(open_repo(target));
  const git_oid oid = PB_TRY(from_id(id));
  const auto commit = PB_TRY(acquire<CommitHandle>("Reading the commit", git_commit_lookup, repo.get(), &oid));
  return to_id(*git_commit_tree_id(commit.get()));
}

Result<std::vector<std::string>> tracked_files(const Target& target, const std::vector<std::string>& names,
                                               std::size_t max_files) {
  const Repo repo = PB_TRY(open_repo(target));
  const Checkout checkout = PB_TRY(open_checkout(repo));
  std::vector<std::string> out;
  for (const IndexEntry& e : checkout.index.entries()) {
    if (out.size() >= max_files) break;
    if (e.stage > 1 || !in_scope(repo.layout.subdir, e.path)) continue;
    const std::string_view name = e.path.substr(e.path.rfind('/') + 1);
    if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
    std::string path = from_subdir(repo.layout, e.path);
    if (out.empty() || out.back() != path) out.push_back(std::move(path));
  }
  return out;
}

}  // namespace ops
}  // namespace patchbay::git
