#include "git/plan.h"

#include <dirent.h>

#include "git/base_state.h"
#include "git/merge.h"
#include "git/ops.h"
#include "git/staged.h"
#include "git/tree_fs.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"

// Path by path: what the worker made of its baseline is merged with what the base checkout holds now.
// Deletions are decided first, because a path below a deleted file, or in place of a deleted directory,
// can be free only after them.

namespace patchbay::git {
namespace {

constexpr std::size_t kMaxSummary = 12'000;
constexpr std::size_t kMaxPresent = 256u << 20;  // files of the base larger than this are not merged
constexpr unsigned kTypeMask = 0170000;

using Blocked = FileState::Blocked;

std::string why_unsafe(SpecialType type) {
  switch (type) {
    case SpecialType::kSubmodule: return "it is a submodule with work of its own in it";
    case SpecialType::kUnreadable: return "it cannot be read";
    case SpecialType::kTooLarge: return "it is larger than 1 GiB";
    case SpecialType::kFifo:
    case SpecialType::kSocket:
    case SpecialType::kDevice:
    case SpecialType::kRepository: break;
  }
  return std::string("it is a ") + name_of(type);
}

class Planner {
 public:
  Planner(const Repo& repo, const IntegrationSpec& spec) : repo_(repo), spec_(spec) {}

  Result<PreparedPlan> run() {
    IntegrationPlan& plan = out_.plan;
    plan.changes = PB_TRY(compare_trees(repo_.get(), spec_.baseline, spec_.snapshot));
    deltas_ = PB_TRY(raw_tree_deltas(repo_.get(), spec_.baseline, spec_.snapshot));
    checkout_ = PB_TRY(open_checkout(repo_));
    odb_ = PB_TRY(acquire<OdbHandle>("Opening the object store", git_repository_odb, repo_.get()));
    Uncommitted base = PB_TRY(look_at_base(repo_, checkout_, spec_, deltas_));
    plan.base = std::move(base.state);
    blocking_ = std::move(base.blocking);
    for (const SpecialFile& s : spec_.special) unsafe(s.path, why_unsafe(s.type));
    plan.too_large = plan.changes.patch_bytes > spec_.max_bytes;
    if (!plan.too_large) {
      for (const bool deletions : {true, false}) {
        for (const TreeDelta& d : deltas_) {
          if ((d.new_mode == 0) == deletions) PB_TRY(decide(d));
        }
      }
      PB_TRY(check_replaced_directories());
    }
    finish();
    return std::move(out_);
  }

 private:
  void unsafe(const std::string& path, std::string reason) {
    out_.plan.unsafe.push_back({path, std::move(reason)});
    out_.plan.skipped_files.push_back(path);
  }
  void conflict(const std::string& path, std::string reason, std::string excerpt = {}) {
    excerpts_[path] = std::move(excerpt);
    out_.plan.conflicts.push_back({path, std::move(reason)});
  }

  Result<std::string> content(unsigned mode, const git_oid& id) {
    if (mode == 0) return std::string();
    auto object = PB_TRY(acquire<OdbObjectHandle>("Reading a file's content", git_odb_read, odb_.get(), &id));
    return std::string(static_cast<const char*>(git_odb_object_data(object.get())), git_odb_object_size(object.get()));
  }

  // Whether something that the change does not remove lies where a parent of `path` must be.
  bool blocked(const TreeDelta& d, const FileState& now) {
    switch (now.blocked) {
      case Blocked::kNo: return false;
      case Blocked::kDirectory:
        // Free when everything in it goes; that is checked at the end.
        if (d.new_mode != 0) replaced_directories_.insert(d.path);
        return false;
      case Blocked::kSpecial: conflict(d.path, "the checkout has a special file there"); return true;
      case Blocked::kTooLarge: conflict(d.path, "the checkout's file is too large to be compared"); return true;
      case Blocked::kParentIsLink:
        if (d.new_mode == 0 || deleted_.contains(now.blocker)) return false;
        unsafe(d.path, "the checkout has a symlink in place of its directory");
        return true;
      case Blocked::kParentIsFile:
        if (d.new_mode == 0 || deleted_.contains(now.blocker)) return false;
        conflict(d.path, "the checkout has a file in place of its directory");
        return true;
    }
    return true;
  }

  Status decide(const TreeDelta& d) {
    if (!is_clean_path(d.path)) return unsafe(d.path, "its name is not allowed"), Status();
    if ((d.new_mode & kTypeMask) == 0160000 || (d.old_mode & kTypeMask) == 0160000) {
      return unsafe(d.path, "it is a submodule"), Status();
    }
    FileState now = PB_TRY(read_state(checkout_.root.get(), d.path, kMaxPresent));
    if (blocked(d, now)) return {};
    const bool regular = (now.mode & kTypeMask) == 0100000;
    if (!checkout_.settings.trust_mode && regular && (d.old_mode & kTypeMask) == 0100000) now.mode = d.old_mode;

    // What a sparse checkout leaves out is not deleted: the index has it.
    const IndexEntry* left_out = now.mode == 0 && now.blocked == Blocked::kNo ? checkout_.index.find(d.path) : nullptr;
    if (left_out != nullptr && !left_out->skip_worktree) left_out = nullptr;
    const std::string left_out_bytes =
        left_out != nullptr ? PB_TRY(content(left_out->mode, left_out->id)) : std::string();
    const Side ours =
        left_out != nullptr ? Side{left_out->mode, left_out->id, left_out_bytes} : Side{now.mode, now.id, now.bytes};

    const std::string before = PB_TRY(content(d.old_mode, d.old_id));
    const std::string after = PB_TRY(content(d.new_mode, d.new_id));
    if (d.new_mode == GIT_FILEMODE_LINK && !link_stays_inside(d.path, after)) {
      return unsafe(d.path, "its symlink points out of the checkout"), Status();
    }
    Merged merged = merge_path(d.path, {d.old_mode, d.old_id, before}, ours, {d.new_mode, d.new_id, after});
    if (merged.kind == Merged::Kind::kKeep) return {};
    if (left_out != nullptr && merged.kind == Merged::Kind::kTake && d.new_mode == 0) {
      return conflict(d.path, "the worker deletes it, and the sparse checkout does not hold it"), Status();
    }
    if (merged.kind == Merged::Kind::kConflict) {
      return conflict(d.path, std::move(merged.reason), std::move(merged.excerpt)), Status();
    }
    if (blocking_.contains(d.path)) {
      return conflict(d.path, "the checkout has changes to it that are not committed"), Status();
    }
    if (merged.kind == Merged::Kind::kTake) merged.bytes = after;
    add(d, now, std::move(merged));
    return {};
  }

  void add(const TreeDelta& d, const FileState& now, Merged merged) {
    FileOp op;
    op.path = d.path;
    op.old_mode = now.mode;
    op.old_id = now.id;
    op.new_mode = merged.mode;
    op.permissions = now.permissions;
    op.bytes = std::move(merged.bytes);
    if (op.new_mode != 0) op.new_id = blob_id(op.bytes);
    op.kind = op.new_mode == 0 ? WriteKind::kDelete : op.old_mode == 0 ? WriteKind::kCreate : WriteKind::kReplace;
    if (op.kind == WriteKind::kDelete) deleted_.insert(op.path);
    const bool combined = merged.kind == Merged::Kind::kCombine;
    out_.plan.applied_with_3way |= combined;
    out_.plan.writes.push_back(
        {op.path, op.kind, op.new_mode, op.bytes.size(), combined, combined ? own_result(op, d) : ObjectId()});
    out_.ops.push_back(std::move(op));
  }

  // Id of a result that is not the worker's version, with these or other line ends.
  static ObjectId own_result(const FileOp& op, const TreeDelta& d) {
    const bool as_the_worker =
        op.new_mode == d.new_mode && (git_oid_equal(&op.new_id, &d.new_id) != 0 || is_with_lf(op.bytes, d.new_id));
    return as_the_worker ? ObjectId() : to_id(op.new_id);
  }

  // A file may take the place of a directory when the change deletes all that the directory holds.
  Status check_replaced_directories() {
    for (const std::string& top : replaced_directories_) {
      std::vector<std::string> stack{top};
      while (!stack.empty()) {
        const std::string path = std::move(stack.back());
        stack.pop_back();
        const os::Fd dir = open_dir_beneath(checkout_.root.get(), path);
        auto names = dir ? read_dir(dir.get()) : Result<std::vector<DirEntry>>(std::vector<DirEntry>{});
        for (const DirEntry& e : PB_TRY(std::move(names))) {
          const std::string child = path + "/" + e.name;
          if (e.type == DT_DIR) {
            stack.push_back(child);
          } else if (!deleted_.contains(child)) {
            conflict(top, "the checkout has a directory there that holds other files");
            stack.clear();
            break;
          }
        }
      }
    }
    return {};
  }

  void finish() {
    IntegrationPlan& plan = out_.plan;
    const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
    std::sort(plan.writes.begin(), plan.writes.end(), by_path);
    std::sort(plan.conflicts.begin(), plan.conflicts.end(), by_path);
    std::sort(out_.ops.begin(), out_.ops.end(), by_path);
    plan.conflict_summary = summary();
    if (!plan.clean()) {
      plan.writes.clear();
      out_.ops.clear();
      plan.applied_with_3way = false;
    }
    Sha256 sum;
    sum.update(plan.changes.patch_sha256);
    for (const FileOp& op : out_.ops) {
      char ids[2][GIT_OID_HEXSZ + 1];
      git_oid_tostr(ids[0], sizeof ids[0], &op.old_id);
      git_oid_tostr(ids[1], sizeof ids[1], &op.new_id);
      sum.update(fmt::format("{:06o} {} {:06o} {} ", op.old_mode, ids[0], op.new_mode, ids[1]));
      sum.update(op.path);
      sum.update(std::string_view("", 1));
    }
    plan.plan_sha256 = to_hex(sum.finish());
  }

  std::string summary() const {
    std::string text;
    for (const PathReason& c : out_.plan.conflicts) {
      text += display_safe(c.path) + ": " + c.reason + "\n";
      if (const auto it = excerpts_.find(c.path); it != excerpts_.end()) text += display_safe(it->second, true);
      if (text.size() > kMaxSummary) break;
    }
    return std::string(utf8_prefix(text, kMaxSummary));
  }

  const Repo& repo_;
  const IntegrationSpec& spec_;
  Checkout checkout_;
  OdbHandle odb_;
  std::vector<TreeDelta> deltas_;
  std::set<std::string> blocking_, deleted_, replaced_directories_;
  std::map<std::string, std::string> excerpts_;
  PreparedPlan out_;
};

}  // namespace

Result<PreparedPlan> prepare_plan(const Repo& repo, const IntegrationSpec& spec) { return Planner(repo, spec).run(); }

namespace ops {

Result<IntegrationPlan> plan(const Target& base, const IntegrationSpec& spec) {
  const Repo repo = PB_TRY(open_repo(base));
  return PB_TRY(prepare_plan(repo, spec)).plan;
}

}  // namespace ops
}  // namespace patchbay::git
