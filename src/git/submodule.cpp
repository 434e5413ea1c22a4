#include "git/submodule.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/handle.h"
#include "git/scan.h"
#include "git/tree_fs.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kMaxSmallFile = 4096;
constexpr std::size_t kMaxPackedRefs = 16u << 20;
constexpr std::string_view kGitFile = "gitdir: ";
constexpr std::string_view kSymbolic = "ref: ";

os::Fd open_folder(int parent, const std::string& path) {
  return os::Fd(::openat(parent, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Where a descriptor's directory is now.
std::string place_of(const os::Fd& dir) {
  char buffer[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(dir.get());
  const ssize_t n = ::readlink(link.c_str(), buffer, sizeof buffer);
  return n > 0 && static_cast<std::size_t>(n) < sizeof buffer ? std::string(buffer, static_cast<std::size_t>(n)) : "";
}

std::string small_file(int dir, const std::string& name, std::size_t limit = kMaxSmallFile) {
  struct stat st {};
  auto text = read_entry(dir, name, limit, &st);
  return text.ok() && S_ISREG(st.st_mode) ? std::move(text).value() : std::string();
}

os::Fd git_dir_of(const os::Fd& folder, const std::string& common_dir) {
  struct stat st {};
  if (::fstatat(folder.get(), ".git", &st, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (S_ISDIR(st.st_mode)) return open_folder(folder.get(), ".git");
  const std::string text(trim(small_file(folder.get(), ".git")));
  if (!text.starts_with(kGitFile)) return {};
  os::Fd dir = open_folder(folder.get(), text.substr(kGitFile.size()));
  if (!dir || !os::is_within(common_dir, place_of(dir))) return {};
  return dir;
}

std::optional<git_oid> parse_id(std::string_view text) {
  const auto id = from_id(std::string(text));
  return id.ok() ? std::optional(*id) : std::nullopt;
}

std::optional<git_oid> packed_ref(const os::Fd& git_dir, std::string_view name) {
  const std::string text = small_file(git_dir.get(), "packed-refs", kMaxPackedRefs);
  for (const std::string_view line : split(text, '\n')) {
    const bool is_it = line.size() == GIT_OID_HEXSZ + 1 + name.size() && line.ends_with(name);
    if (is_it) return parse_id(line.substr(0, GIT_OID_HEXSZ));
  }
  return std::nullopt;
}

std::optional<git_oid> head_of(const os::Fd& git_dir) {
  const std::string head(trim(small_file(git_dir.get(), "HEAD")));
  if (!head.starts_with(kSymbolic)) return parse_id(head);
  const std::string ref = head.substr(kSymbolic.size());
  const auto [parent, name] = split_path(ref);
  const os::Fd dir = open_dir_beneath(git_dir.get(), parent);
  const auto loose = dir ? parse_id(trim(small_file(dir.get(), name))) : std::nullopt;
  return loose ? loose : packed_ref(git_dir, ref);
}

bool is_empty(const os::Fd& folder) {
  const os::Fd again = open_folder(folder.get(), ".");  // the names are read from where a descriptor stands
  const auto names = again ? read_dir(again.get()) : Result<std::vector<DirEntry>>(Error{});
  return names.ok() && names->empty();
}

}  // namespace

Submodule::Submodule(int parent, const std::string& name, const std::string& common_dir)
    : folder_(open_folder(parent, name)) {
  if (folder_) git_dir_ = git_dir_of(folder_, common_dir);
}

std::optional<git_oid> Submodule::head() const { return git_dir_ ? head_of(git_dir_) : std::nullopt; }

bool Submodule::holds_uncommitted(const GlobalIgnores& ignores) const {
  if (!folder_ || is_empty(folder_)) return false;
  if (!git_dir_) return true;
  const auto index = IndexFile::read(os::join(place_of(git_dir_), "index"));
  // Staging a file breaks the tree cache, which checkouts and commits leave whole.
  if (!index.ok() || index->cached_tree() == nullptr || index->cached_tree()->entry_count < 0) return true;
  GlobalIgnores own = ignores;
  own.repository = IgnoreFile();  // the rules of the outer repository end at its submodules
  const auto scan = scan_worktree(folder_.get(), *index, own, {});
  return !scan.ok() || !scan->changes.empty() || !scan->untracked.empty();
}

}  // namespace patchbay::git
