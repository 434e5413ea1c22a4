#include "git/small_diff.h"

namespace patchbay::git {
namespace {

constexpr int kMemoryPriority = 999;  // before every backend on disk
constexpr std::size_t kRenameLimit = 400;

Status add_side(git_index* index, const std::string& path, unsigned mode, const git_oid& id) {
  git_index_entry entry{};
  entry.path = path.c_str();
  entry.mode = mode;
  entry.id = id;
  return check(git_index_add(index, &entry), "Comparing files");
}

}  // namespace

git_diff_options diff_options(int context_lines) {
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
  options.context_lines = static_cast<std::uint32_t>(context_lines);
  options.interhunk_lines = 0;
  options.max_size = kMaxComparedFile;
  options.ignore_submodules = GIT_SUBMODULE_IGNORE_NONE;  // both sides are ids: nothing is looked at
  return options;
}

Status pair_renames(git_diff* diff) {
  git_diff_find_options options = GIT_DIFF_FIND_OPTIONS_INIT;
  options.flags = GIT_DIFF_FIND_RENAMES;
  options.rename_limit = kRenameLimit;
  return check(git_diff_find_similar(diff, &options), "Finding renames");
}

Result<DiffHandle> diff_of_changes(git_repository* repo, const std::vector<StagedChange>& changes, int context_lines) {
  auto before = PB_TRY(acquire<IndexHandle>("Comparing files", git_index_new));
  auto after = PB_TRY(acquire<IndexHandle>("Comparing files", git_index_new));
  for (const StagedChange& c : changes) {
    if (c.old_mode != 0) PB_TRY(add_side(before.get(), c.path, c.old_mode, c.old_id));
    if (c.new_mode != 0) PB_TRY(add_side(after.get(), c.path, c.new_mode, c.new_id));
  }
  git_diff_options options = diff_options(context_lines);
  auto diff = PB_TRY(
      acquire<DiffHandle>("Comparing files", git_diff_index_to_index, repo, before.get(), after.get(), &options));
  PB_TRY(pair_renames(diff.get()));
  return diff;
}

Result<std::map<std::string, std::string>> find_renames(git_repository* repo,
                                                        const std::vector<StagedChange>& changes) {
  std::map<std::string, std::string> out;
  std::vector<StagedChange> ends;
  bool added = false;
  bool deleted = false;
  for (const StagedChange& c : changes) {
    if (c.letter != 'A' && c.letter != 'D') continue;
    added |= c.letter == 'A';
    deleted |= c.letter == 'D';
    ends.push_back(c);
  }
  if (!added || !deleted) return out;
  const DiffHandle diff = PB_TRY(diff_of_changes(repo, ends, 0));
  for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i) {
    const git_diff_delta* delta = git_diff_get_delta(diff.get(), i);
    if (delta->status == GIT_DELTA_RENAMED) out[delta->new_file.path] = delta->old_file.path;
  }
  return out;
}

Result<MemoryObjects> MemoryObjects::attach(git_repository* repo) {
  MemoryObjects out;
  out.odb_ = PB_TRY(acquire<OdbHandle>("Opening the object store", git_repository_odb, repo));
  git_odb_backend* backend = nullptr;
  PB_TRY(check(git_mempack_new(&backend), "Opening the object store"));
  const int rc = git_odb_add_backend(out.odb_.get(), backend, kMemoryPriority);
  if (rc < 0) {
    backend->free(backend);
    return git_failure(rc, "Opening the object store");
  }
  return out;
}

Result<git_oid> MemoryObjects::add(std::string_view bytes) {
  git_oid id{};
  PB_TRY(check(git_odb_write(&id, odb_.get(), bytes.data(), bytes.size(), GIT_OBJECT_BLOB), "Comparing files"));
  return id;
}

}  // namespace patchbay::git
