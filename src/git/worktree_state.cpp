#include "git/worktree_state.h"

#include <cstdlib>

#include "git/tree_fs.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kMaxIgnoreFile = 4u << 20;

std::string user_excludes_path(git_config* config) {
  Buffer path;
  if (config && git_config_get_path(&path.raw, config, "core.excludesfile") == 0) return std::string(path.view());
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  const std::string base = xdg && *xdg ? xdg : os::join(os::home_dir(), ".config");
  return os::join(base, "git/ignore");
}

IgnoreFile load_ignores(const std::string& path, bool ignore_case) {
  auto text = os::read_file(path, kMaxIgnoreFile);
  return text.ok() ? IgnoreFile(text.value(), ignore_case) : IgnoreFile();
}

}  // namespace

Settings read_settings(git_repository* repo, const std::string& common_dir) {
  Settings out;
  git_config* raw = nullptr;
  git_repository_config_snapshot(&raw, repo);
  const ConfigHandle config(raw);
  int value = 0;
  if (raw && git_config_get_bool(&value, raw, "core.filemode") == 0) out.trust_mode = value != 0;
  if (raw && git_config_get_bool(&value, raw, "core.ignorecase") == 0) out.ignores.ignore_case = value != 0;
  const bool fold = out.ignores.ignore_case;
  out.ignores.repository = load_ignores(os::join(common_dir, "info/exclude"), fold);
  out.ignores.user = load_ignores(user_excludes_path(raw), fold);
  return out;
}

Result<Checkout> open_checkout(git_repository* repo, const std::string& common_dir, const std::string& root,
                               const std::string& index_file) {
  Checkout out;
  out.root = PB_TRY(open_root(root));
  out.settings = read_settings(repo, common_dir);
  out.index = PB_TRY(IndexFile::read(index_file));
  return out;
}

Result<Checkout> open_checkout(const Repo& repo) {
  return open_checkout(repo.get(), repo.layout.common_dir, repo.layout.toplevel,
                       os::join(repo.layout.git_dir, "index"));
}

Result<TreeHandle> head_tree(git_repository* repo) {
  git_object* raw = nullptr;
  const int rc = git_revparse_single(&raw, repo, "HEAD^{tree}");
  if (rc == GIT_ENOTFOUND && git_repository_head_unborn(repo) == 1) return TreeHandle();
  if (rc < 0) {
    Error e = git_failure(rc, "Reading the tree of HEAD");
    e.code = ErrorCode::kGitError;  // an object that should exist and does not
    return e;
  }
  return TreeHandle(reinterpret_cast<git_tree*>(raw));
}

Result<std::string> scope_of(const Layout& layout, const std::string& file_path) {
  std::string scope = layout.subdir;
  if (file_path.starts_with('/')) {
    return make_error(ErrorCode::kInvalidArgument, "The path must be relative to the workspace.");
  }
  for (std::string_view part : split(file_path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." || part.find('\0') != std::string_view::npos) {
      return make_error(ErrorCode::kInvalidArgument, "The path must stay inside the workspace.");
    }
    if (!scope.empty()) scope += '/';
    scope += part;
  }
  return scope;
}

std::string from_subdir(const Layout& layout, std::string_view path) {
  if (layout.subdir.empty()) return std::string(path);
  if (path.size() <= layout.subdir.size()) return ".";
  return std::string(path.substr(layout.subdir.size() + 1));
}

namespace {

// ".git" as file systems that fold case, drop trailing dots and spaces, or ignore invisible characters
// would read it, and its short name "git~1".
bool is_dot_git(std::string_view component) {
  std::string plain;
  for (std::size_t i = 0; i < component.size(); ++i) {
    const std::string_view rest = component.substr(i);
    // Zero-width and direction characters U+200C..U+200F, U+202A..U+202E, U+206A..U+206F, U+FEFF.
    if (rest.size() >= 3) {
      const auto b1 = static_cast<unsigned char>(rest[1]);
      const auto b2 = static_cast<unsigned char>(rest[2]);
      const bool invisible =
          (rest[0] == '\xe2' && b1 == 0x80 && ((b2 >= 0x8c && b2 <= 0x8f) || (b2 >= 0xaa && b2 <= 0xae))) ||
          (rest[0] == '\xe2' && b1 == 0x81 && b2 >= 0xaa && b2 <= 0xaf) ||
          (rest[0] == '\xef' && b1 == 0xbb && b2 == 0xbf);
      if (invisible) {
        i += 2;
        continue;
      }
    }
    plain += component[i];
  }
  plain = to_lower_ascii(plain);
  plain = plain.substr(0, plain.find(':'));
  while (!plain.empty() && (plain.back() == '.' || plain.back() == ' ')) plain.pop_back();
  return plain == ".git" || plain == "git~1";
}

}  // namespace

bool is_clean_path(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  for (std::string_view part : split(path, '/')) {
    if (part.empty() || part == "." || part == ".." || is_dot_git(part)) return false;
  }
  return true;
}

}  // namespace patchbay::git
