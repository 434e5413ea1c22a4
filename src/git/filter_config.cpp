// The git program reads the repository's configuration, and many of its settings name programs. What is not on the list
// of harmless ones is refused, so that a setting which a later git invents is refused as well. Includes are settings
// too.

#include "git/filter_config.h"

#include <algorithm>

#include "git/handle.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::git {
namespace {

// Hooks and the file system monitor are turned off on the command line of the program.
// clang-format off
constexpr std::string_view kCore[] = {
    "abbrev",        "autocrlf",     "bare",          "bigfilethreshold", "checkstat",     "commentchar",
    "compression",   "eol",          "filemode",      "fsmonitor",        "fsync",         "fsyncmethod",
    "hookspath",     "ignorecase",   "ignorestat",    "longpaths",        "logallrefupdates",
    "loosecompression", "precomposeunicode", "preloadindex", "protecthfs", "protectntfs",
    "quotepath",     "repositoryformatversion", "safecrlf", "sharedrepository", "sparsecheckout",
    "sparsecheckoutcone", "splitindex", "symlinks",    "trustctime",       "untrackedcache", "whitespace"};
// clang-format on

// Whole sections without a setting that names a program, an address to fetch from, or a file with further settings.
constexpr std::string_view kSections[] = {"advice", "branch", "color", "column", "gc",     "i18n", "index",
                                          "init",   "pack",   "pull",  "push",   "status", "user", "fetch"};

struct Family {
  std::string_view section;
  std::vector<std::string_view> names;
};
const std::vector<Family>& families() {
  static const std::vector<Family> list = {
      {"remote", {"url", "pushurl", "fetch", "push", "prune", "prunetags", "tagopt", "mirror", "skipdefaultupdate"}},
      {"submodule", {"url", "active", "branch", "ignore", "recurse"}},
      {"extensions", {"objectformat", "worktreeconfig", "preciousobjects", "compatobjectformat", "refstorage"}},
      {"lfs", {"repositoryformatversion", "access", "locksverify"}},
      {"maintenance", {"auto", "strategy"}},
      {"merge", {"conflictstyle", "ff", "log", "renames", "stat"}},
      {"rebase", {"autosquash", "autostash", "stat"}},
  };
  return list;
}

/// `name` as libgit2 gives it: section and last part in lower case, a subsection between them as it was written.
bool is_harmless(std::string_view name) {
  if (name.starts_with("filter.lfs.")) return true;
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view section = name.substr(0, dot), last = name.substr(name.rfind('.') + 1);
  if (section == "core") return std::find(std::begin(kCore), std::end(kCore), last) != std::end(kCore);
  if (std::find(std::begin(kSections), std::end(kSections), section) != std::end(kSections)) return true;
  return std::any_of(families().begin(), families().end(), [&](const Family& f) {
    return f.section == section && std::find(f.names.begin(), f.names.end(), last) != f.names.end();
  });
}

Status check_file(const std::string& path) {
  if (!os::exists(path)) return {};
  const auto config =
      PB_TRY(acquire<ConfigHandle>("Reading the repository's configuration", git_config_open_ondisk, path.c_str()));
  git_config_iterator* raw = nullptr;
  PB_TRY(check(git_config_iterator_new(&raw, config.get()), "Reading the repository's configuration"));
  const ConfigIteratorHandle iterator(raw);
  git_config_entry* entry = nullptr;
  int rc = 0;
  while ((rc = git_config_next(&entry, raw)) == 0) {
    if (is_harmless(entry->name)) continue;
    return make_error(ErrorCode::kRepoUntrusted,
                      "The repository's configuration has a setting with which the git program is not started here: " +
                          display_safe(entry->name) + ".",
                      "Move it to your own ~/.gitconfig if you trust it, or turn workers.git_filters off.", path);
  }
  if (rc != GIT_ITEROVER) return git_failure(rc, "Reading the repository's configuration");
  return {};
}

}  // namespace

Status check_filter_config(const Repo& repo) {
  PB_TRY(check_file(os::join(repo.layout.common_dir, "config")));
  return check_file(os::join(repo.layout.common_dir, "config.worktree"));
}

}  // namespace patchbay::git
