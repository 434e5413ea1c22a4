#include "git/registration.h"

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kSmallFile = 64 * 1024;

std::string read_line(const std::string& path) {
  auto text = os::read_file(path, kSmallFile);
  return text.ok() ? std::string(trim(text.value())) : std::string();
}

}  // namespace

Result<std::vector<Registration>> list_registrations(const std::string& common_dir) {
  std::vector<Registration> out;
  const std::string root = os::join(common_dir, "worktrees");
  auto names = os::list_dir(root);
  if (!names.ok()) {
    if (names.error().code == ErrorCode::kNotFound) return out;
    return std::move(names).error();
  }
  for (const std::string& name : names.value()) {
    Registration r{name, os::join(root, name), {}};
    std::string pointed = read_line(os::join(r.admin_dir, "gitdir"));
    if (pointed.empty()) continue;
    if (!pointed.starts_with('/')) pointed = os::join(r.admin_dir, pointed);
    r.directory = os::parent_of(pointed);
    out.push_back(std::move(r));
  }
  return out;
}

Result<Registration> find_registration(const std::string& common_dir, const std::string& directory) {
  const auto real = os::real_path(directory);
  for (Registration& r : PB_TRY(list_registrations(common_dir))) {
    const auto theirs = os::real_path(r.directory);
    if (r.directory == directory || (real.ok() && theirs.ok() && real.value() == theirs.value())) {
      return std::move(r);
    }
  }
  return make_error(ErrorCode::kWorkspaceUnavailable, "The worker's worktree is not registered with its repository.",
                    "", directory);
}

Result<WorktreeHead> read_worktree_head(git_repository* repo, const Registration& registration) {
  WorktreeHead out;
  const std::string line = read_line(os::join(registration.admin_dir, "HEAD"));
  constexpr std::string_view kRef = "ref: ";
  if (!line.starts_with(kRef)) {
    const git_oid id = PB_TRY(from_id(line));
    out.commit = to_id(id);
    return out;
  }
  const std::string name(trim(std::string_view(line).substr(kRef.size())));
  out.branch = name.starts_with("refs/heads/") ? name.substr(11) : name;
  git_oid id{};
  const int rc = git_reference_name_to_id(&id, repo, name.c_str());
  if (rc == 0) out.commit = to_id(id);
  if (rc != 0 && rc != GIT_ENOTFOUND) return git_failure(rc, "Reading the worktree's HEAD");
  return out;
}

}  // namespace patchbay::git
