#include "git/tree_changes.h"

#include <chrono>

#include "git/layout.h"
#include "git/ops.h"
#include "git/patch_text.h"
#include "git/small_diff.h"
#include "git/staged.h"
#include "git/worktree_state.h"
#include "patchbay/base/hash.h"

namespace patchbay::git {
namespace {

constexpr auto kCountBudget = std::chrono::seconds(20);
constexpr std::uint64_t kMaxBlob = 512u << 20;

Result<DiffHandle> diff_trees(git_repository* repo, const ObjectId& before, const ObjectId& after, int context_lines) {
  const TreeHandle old_tree = PB_TRY(tree_by_id(repo, before));
  const TreeHandle new_tree = PB_TRY(tree_by_id(repo, after));
  git_diff_options options = diff_options(context_lines);
  return acquire<DiffHandle>("Comparing trees", git_diff_tree_to_tree, repo, old_tree.get(), new_tree.get(), &options);
}

std::uint64_t blob_size(git_odb* odb, const git_oid& id, unsigned mode) {
  std::size_t size = 0;
  git_object_t type{};
  if (mode == 0 || mode == GIT_FILEMODE_COMMIT) return 0;
  return git_odb_read_header(&size, &type, odb, &id) == 0 ? size : 0;
}

Status count_lines(git_diff* diff, std::size_t i, Change& change) {
  git_patch* raw = nullptr;
  PB_TRY(check(git_patch_from_diff(&raw, diff, i), "Comparing a file"));
  const PatchHandle patch(raw);
  if (!raw) return {};
  change.binary = (git_patch_get_delta(raw)->flags & GIT_DIFF_FLAG_BINARY) != 0;
  std::size_t additions = 0;
  std::size_t deletions = 0;
  PB_TRY(check(git_patch_line_stats(nullptr, &additions, &deletions, raw), "Comparing a file"));
  change.additions = static_cast<int>(additions);
  change.deletions = static_cast<int>(deletions);
  return {};
}

}  // namespace

Result<TreeHandle> tree_by_id(git_repository* repo, const ObjectId& id) {
  if (id.empty()) return TreeHandle();
  const git_oid oid = PB_TRY(from_id(id));
  return acquire<TreeHandle>("Reading a tree", git_tree_lookup, repo, &oid);
}

Result<std::vector<TreeDelta>> raw_tree_deltas(git_repository* repo, const ObjectId& before, const ObjectId& after) {
  const DiffHandle diff = PB_TRY(diff_trees(repo, before, after, 0));
  std::vector<TreeDelta> out;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta* d = git_diff_get_delta(diff.get(), i);
    TreeDelta t;
    t.path = d->new_file.path;
    if (d->status != GIT_DELTA_ADDED) t.old_mode = d->old_file.mode, t.old_id = d->old_file.id;
    if (d->status != GIT_DELTA_DELETED) t.new_mode = d->new_file.mode, t.new_id = d->new_file.id;
    out.push_back(std::move(t));
  }
  std::sort(out.begin(), out.end(), [](auto& a, auto& b) { return a.path < b.path; });
  return out;
}

std::string patch_hash(const std::vector<TreeDelta>& deltas) {
  Sha256 sum;
  for (const TreeDelta& d : deltas) {
    char ids[2][GIT_OID_HEXSZ + 1];
    git_oid_tostr(ids[0], sizeof ids[0], &d.old_id);
    git_oid_tostr(ids[1], sizeof ids[1], &d.new_id);
    sum.update(fmt::format("{:06o} {} {:06o} {} ", d.old_mode, ids[0], d.new_mode, ids[1]));
    sum.update(d.path);
    sum.update(std::string_view("", 1));
  }
  return to_hex(sum.finish());
}

Result<Changes> compare_trees(git_repository* repo, const ObjectId& before, const ObjectId& after) {
  Changes out;
  out.patch_sha256 = patch_hash(PB_TRY(raw_tree_deltas(repo, before, after)));
  const DiffHandle diff = PB_TRY(diff_trees(repo, before, after, 0));
  PB_TRY(pair_renames(diff.get()));
  const auto odb = PB_TRY(acquire<OdbHandle>("Opening the object store", git_repository_odb, repo));
  const auto end = std::chrono::steady_clock::now() + kCountBudget;
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta* d = git_diff_get_delta(diff.get(), i);
    Change c;
    c.path = d->new_file.path;
    c.status = letter_of(d->status);
    if (c.status == 'R') c.old_path = d->old_file.path;
    if (c.status != 'A') c.old_mode = d->old_file.mode, c.old_id = to_id(d->old_file.id);
    if (c.status != 'D') c.new_mode = d->new_file.mode, c.new_id = to_id(d->new_file.id);
    c.bytes = blob_size(odb.get(), d->new_file.id, c.new_mode);
    out.patch_bytes += c.bytes;
    if (std::chrono::steady_clock::now() < end) {
      PB_TRY(count_lines(diff.get(), i, c));
    } else {
      out.counts_partial = true;
    }
    out.entries.push_back(std::move(c));
  }
  std::sort(out.entries.begin(), out.entries.end(), [](auto& a, auto& b) { return a.path < b.path; });
  return out;
}

namespace ops {

Result<Changes> changes(const Target& base, const ObjectId& baseline, const ObjectId& snapshot) {
  const Repo repo = PB_TRY(open_repo(base));
  return compare_trees(repo.get(), baseline, snapshot);
}

Result<Diff> tree_diff(const Target& base, const ObjectId& baseline, const ObjectId& snapshot,
                       const std::string& file_path, const PatchPage& page) {
  const Repo repo = PB_TRY(open_repo(base));
  const DiffHandle diff = PB_TRY(diff_trees(repo.get(), baseline, snapshot, std::clamp(page.context_lines, 0, 20)));
  PB_TRY(pair_renames(diff.get()));
  RenderOptions options;
  options.repo = repo.get();
  options.page = page;
  if (!file_path.empty()) {
    options.want = [&](const git_diff_delta& d) {
      return in_scope(file_path, d.new_file.path) || in_scope(file_path, d.old_file.path);
    };
  }
  return render(diff.get(), options);
}

Result<Blob> blob(const Target& base, const ObjectId& tree, const std::string& path, std::uint64_t offset,
                  std::uint64_t max_bytes) {
  const Repo repo = PB_TRY(open_repo(base));
  const TreeHandle root = PB_TRY(tree_by_id(repo.get(), tree));
  Blob out;
  git_tree_entry* raw = nullptr;
  if (!root || !is_clean_path(path) || git_tree_entry_bypath(&raw, root.get(), path.c_str()) != 0) return out;
  const TreeEntryHandle entry(raw);
  out.exists = true;
  out.mode = git_tree_entry_filemode(raw);
  out.id = to_id(*git_tree_entry_id(raw));
  if (git_tree_entry_type(raw) != GIT_OBJECT_BLOB) return out;
  const auto odb = PB_TRY(acquire<OdbHandle>("Opening the object store", git_repository_odb, repo.get()));
  out.size = blob_size(odb.get(), *git_tree_entry_id(raw), out.mode);
  if (out.size > kMaxBlob) return make_error(ErrorCode::kFileTooLarge, "The file is too large to be read.");
  if (offset >= out.size || max_bytes == 0) return out;
  auto content =
      PB_TRY(acquire<BlobHandle>("Reading a file's content", git_blob_lookup, repo.get(), git_tree_entry_id(raw)));
  const auto* data = static_cast<const char*>(git_blob_rawcontent(content.get()));
  out.bytes.assign(data + offset, std::min(max_bytes, out.size - offset));
  return out;
}

}  // namespace ops
}  // namespace patchbay::git
