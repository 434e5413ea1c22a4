#include "git/head.h"

#include "patchbay/base/text.h"

namespace patchbay::git {
namespace {

constexpr std::string_view kHeads = "refs/heads/";

std::string without_prefix(std::string_view name, std::string_view prefix) {
  return std::string(name.starts_with(prefix) ? name.substr(prefix.size()) : name);
}

bool branch_exists(git_repository* repo, const std::string& name) {
  git_reference* raw = nullptr;
  const int rc = git_branch_lookup(&raw, repo, name.c_str(), GIT_BRANCH_LOCAL);
  const ReferenceHandle owner(raw);
  return rc == 0;
}

void read_upstream(git_repository* repo, git_reference* head, Branch& out) {
  git_reference* raw = nullptr;
  if (git_branch_upstream(&raw, head) != 0) return;
  const ReferenceHandle upstream(raw);
  out.upstream = git_reference_shorthand(raw);
  const git_oid* theirs = git_reference_target(raw);
  const git_oid* ours = git_reference_target(head);
  std::size_t ahead = 0;
  std::size_t behind = 0;
  if (theirs && ours && !git_oid_equal(ours, theirs) &&
      git_graph_ahead_behind(&ahead, &behind, repo, ours, theirs) == 0) {
    out.ahead = static_cast<int>(ahead);
    out.behind = static_cast<int>(behind);
  }
}

}  // namespace

Result<Branch> read_branch(git_repository* repo, bool upstream) {
  Branch out;
  git_reference* raw = nullptr;
  const int rc = git_repository_head(&raw, repo);
  const ReferenceHandle head(raw);
  if (rc == GIT_EUNBORNBRANCH || rc == GIT_ENOTFOUND) {
    out.unborn = true;
    git_reference* symbolic = nullptr;
    PB_TRY(check(git_reference_lookup(&symbolic, repo, "HEAD"), "Reading HEAD"));
    const ReferenceHandle owner(symbolic);
    if (const char* target = git_reference_symbolic_target(symbolic)) out.name = without_prefix(target, kHeads);
    return out;
  }
  if (rc < 0) return git_failure(rc, "Reading HEAD");
  if (const git_oid* id = git_reference_target(raw)) out.head = to_id(*id);
  out.detached = git_repository_head_detached(repo) == 1;
  if (out.detached) return out;
  out.name = without_prefix(git_reference_name(raw), kHeads);
  if (upstream) read_upstream(repo, raw, out);
  return out;
}

std::optional<std::string> default_branch(git_repository* repo) {
  git_reference* raw = nullptr;
  if (git_reference_lookup(&raw, repo, "refs/remotes/origin/HEAD") == 0) {
    const ReferenceHandle owner(raw);
    if (const char* target = git_reference_symbolic_target(raw)) {
      return without_prefix(target, "refs/remotes/origin/");
    }
  }
  git_config* config_raw = nullptr;
  git_repository_config_snapshot(&config_raw, repo);
  const ConfigHandle config(config_raw);
  const char* configured = nullptr;
  if (config_raw && git_config_get_string(&configured, config_raw, "init.defaultbranch") == 0 &&
      branch_exists(repo, configured)) {
    return configured;
  }
  for (const char* name : {"main", "master"}) {
    if (branch_exists(repo, name)) return name;
  }
  return std::nullopt;
}

std::optional<std::string> head_subject(git_repository* repo) {
  auto head = find_commit(repo, "HEAD");
  if (!head.ok()) return std::nullopt;
  const char* summary = git_commit_summary(head.value().get());
  return summary ? std::optional<std::string>(summary) : std::nullopt;
}

Result<CommitHandle> find_commit(git_repository* repo, const std::string& revision) {
  constexpr const char* kNameOne = "Give one branch, tag or commit id, for example HEAD~1.";
  if (revision.empty() || revision.size() > 1024 || revision[0] == '-' || revision.find('\0') != std::string::npos) {
    return make_error(ErrorCode::kInvalidArgument, "The revision is not a name of a commit.", kNameOne);
  }
  git_object* raw = nullptr;
  const int rc = git_revparse_single(&raw, repo, revision.c_str());
  const ObjectHandle object(raw);
  if (rc == GIT_ENOTFOUND) return make_error(ErrorCode::kNotFound, "No commit has this name.", kNameOne);
  if (rc == GIT_EINVALIDSPEC || rc == GIT_EAMBIGUOUS) {
    return make_error(ErrorCode::kInvalidArgument, "The revision is not the name of one commit.", kNameOne);
  }
  if (rc < 0) return git_failure(rc, "Finding the commit");
  git_object* peeled = nullptr;
  if (git_object_peel(&peeled, raw, GIT_OBJECT_COMMIT) != 0) {
    return make_error(ErrorCode::kNotFound, "The name is not that of a commit.", kNameOne);
  }
  return CommitHandle(reinterpret_cast<git_commit*>(peeled));
}

Result<std::vector<Commit>> read_log(git_repository* repo, int max_commits) {
  std::vector<Commit> out;
  if (git_repository_head_unborn(repo) == 1) return out;
  std::map<ObjectId, std::vector<std::string>> names;
  git_reference_iterator* iterator_raw = nullptr;
  PB_TRY(check(git_reference_iterator_new(&iterator_raw, repo), "Listing references"));
  const ReferenceIteratorHandle iterator(iterator_raw);
  git_reference* ref_raw = nullptr;
  while (git_reference_next(&ref_raw, iterator_raw) == 0) {
    const ReferenceHandle ref(ref_raw);
    const std::string_view name = git_reference_name(ref_raw);
    if (name.starts_with("refs/patchbay/") || git_reference_type(ref_raw) != GIT_REFERENCE_DIRECT) continue;
    git_object* commit = nullptr;
    if (git_reference_peel(&commit, ref_raw, GIT_OBJECT_COMMIT) != 0) continue;
    const ObjectHandle owner(commit);
    names[to_id(*git_object_id(commit))].emplace_back(git_reference_shorthand(ref_raw));
  }
  auto walk = PB_TRY(acquire<RevwalkHandle>("Reading the history", git_revwalk_new, repo));
  git_revwalk_sorting(walk.get(), GIT_SORT_TIME);
  PB_TRY(check(git_revwalk_push_head(walk.get()), "Reading the history"));
  git_oid id{};
  while (static_cast<int>(out.size()) < max_commits && git_revwalk_next(&id, walk.get()) == 0) {
    auto commit = PB_TRY(acquire<CommitHandle>("Reading a commit", git_commit_lookup, repo, &id));
    Commit c;
    c.id = to_id(id);
    const char* summary = git_commit_summary(commit.get());
    c.subject = summary ? summary : "";
    c.author = git_commit_author(commit.get())->name;
    c.author_time = git_commit_author(commit.get())->when.time;
    if (auto it = names.find(c.id); it != names.end()) c.decorations = it->second;
    out.push_back(std::move(c));
  }
  return out;
}

}  // namespace patchbay::git
