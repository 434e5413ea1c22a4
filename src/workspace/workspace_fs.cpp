#include "patchbay/workspace/workspace_fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "beneath.h"
#include "patchbay/base/clock.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::workspace {
namespace {

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kRegular;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  return S_ISLNK(mode) ? FileType::kSymlink : FileType::kOther;
}

OpenedPath describe(os::Fd fd, const struct stat& st, std::string path) {
  OpenedPath out;
  out.fd = std::move(fd);
  out.path = std::move(path);
  out.type = type_of(st.st_mode);
  out.size = static_cast<std::uint64_t>(st.st_size);
  out.mtime = static_cast<double>(st.st_mtim.tv_sec) + static_cast<double>(st.st_mtim.tv_nsec) / 1e9;
  out.mode = st.st_mode & 07777;
  out.links = st.st_nlink;
  out.id = {st.st_dev, st.st_ino};
  out.stamp = stamp_of(st);
  return out;
}

Error blocked_error() {
  return Error{ErrorCode::kPathBlocked,
               "The path is blocked by the server's configuration.",
               "Blocked paths are set by the operator (security.blocked_globs).",
               {}};
}

/// A raw relative path; ".." is kept.
CleanPath components_of(std::string_view path) {
  CleanPath clean;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty() && part != ".") clean.components.emplace_back(part);
  }
  return clean;
}

/// How long the identities that were looked up with the workspace serve the operation it was opened for.
constexpr std::chrono::milliseconds kSameMoment{5};

std::shared_ptr<const Beneath> shared(Beneath root) { return std::make_shared<const Beneath>(std::move(root)); }

enum class Access { kRead, kPath };

/// Name check, walk, name check of what it led to, open.
Result<OpenedPath> open_clean(const Beneath& root, const BlockedGlobs& blocked, const std::vector<FileId>& ids,
                              const CleanPath& clean, Access access) {
  if (blocked.matches(clean.text())) return blocked_error();
  Walked found = PB_TRY(access == Access::kRead ? root.open_for_reading(clean, ids) : root.walk(clean, ids));
  const std::string canonical = found.path.text();
  if (blocked.matches(canonical)) return blocked_error();
  return describe(std::move(found.fd), found.st, canonical);
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

void append_utf8(std::string& out, unsigned long cp) {
  if (cp < 0x80) {
    out += static_cast<char>(cp);
  } else if (cp < 0x800) {
    out += {static_cast<char>(0xc0 | cp >> 6), static_cast<char>(0x80 | (cp & 0x3f))};
  } else {
    out += {static_cast<char>(0xe0 | cp >> 12), static_cast<char>(0x80 | (cp >> 6 & 0x3f)),
            static_cast<char>(0x80 | (cp & 0x3f))};
  }
}

/// Decodes one escape at the start of `text`; its length, or 0.
std::size_t decode_escape(std::string_view text, std::string& out) {
  if (text.size() < 2) return 0;
  const std::size_t simple = std::string_view("ntr").find(text[1]);
  if (simple != std::string_view::npos) {
    out += "\n\t\r"[simple];
    return 2;
  }
  if (text[1] == 'x' && text.size() >= 4 && is_hex(text[2]) && is_hex(text[3])) {
    const auto byte = static_cast<char>(std::stoul(std::string(text.substr(2, 2)), nullptr, 16));
    if (byte == '\0' || byte == '/') return 0;
    out += byte;
    return 4;
  }
  if (text.starts_with("\\u{") && text.size() >= 8 && text[7] == '}') {
    for (std::size_t i = 3; i < 7; ++i) {
      if (!is_hex(text[i])) return 0;
    }
    const unsigned long cp = std::stoul(std::string(text.substr(3, 4)), nullptr, 16);
    if (cp == 0 || cp == '/') return 0;
    append_utf8(out, cp);
    return 8;
  }
  return 0;
}

}  // namespace

FileStamp stamp_of(const struct stat& st) {
  const auto nanoseconds = [](const struct timespec& t) {
    return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
  };
  return {
      {st.st_dev, st.st_ino}, static_cast<std::uint64_t>(st.st_size), nanoseconds(st.st_mtim), nanoseconds(st.st_ctim)};
}

struct WorkspaceFs::Tree {
  std::shared_ptr<const Beneath> root;
  std::vector<FileId> ids = {};  ///< of the protected files, at `ids_of`
  MonoTime ids_of = MonoTime::min();

  bool has_current_ids() const { return ids_of != MonoTime::min() && system_clock().mono() - ids_of < kSameMoment; }
};

std::string join_relative(std::string_view directory, std::string_view name) {
  if (directory.empty() || directory == ".") return std::string(name);
  if (name.empty() || name == ".") return std::string(directory);
  return std::string(directory) + "/" + std::string(name);
}

std::optional<std::string> unescape_shown_name(std::string_view shown) {
  std::string out;
  bool changed = false;
  for (std::size_t i = 0; i < shown.size();) {
    const std::size_t n = shown[i] == '\\' ? decode_escape(shown.substr(i), out) : 0;
    changed = changed || n > 0;
    if (n == 0) out += shown[i];
    i += n == 0 ? 1 : n;
  }
  return changed ? std::optional(out) : std::nullopt;
}

WorkspaceFs::WorkspaceFs(std::shared_ptr<const Tree> tree, BlockedGlobs blocked, ProtectedPaths protected_paths)
    : tree_(std::move(tree)), blocked_(std::move(blocked)), protected_(std::move(protected_paths)) {}

Result<WorkspaceFs> WorkspaceFs::open(const Roots& roots, const Workspace& workspace, BlockedGlobs blocked) {
  os::Fd fd = PB_TRY(roots.open(workspace));
  blocked = roots.blocked_in(workspace.path, blocked);
  auto tree = std::make_shared<const Tree>(Tree{shared(PB_TRY(Beneath::adopt(std::move(fd), workspace.path)))});
  return WorkspaceFs(std::move(tree), std::move(blocked), roots.protected_paths());
}

Result<WorkspaceFs> WorkspaceFs::adopt(const Roots& roots, OpenedWorkspace opened, BlockedGlobs blocked) {
  const MonoTime now = system_clock().mono();
  blocked = roots.blocked_in(opened.workspace.path, blocked);
  Beneath root = PB_TRY(Beneath::adopt(std::move(opened.directory), opened.workspace.path));
  auto tree = std::make_shared<const Tree>(Tree{shared(std::move(root)), std::move(opened.protected_files), now});
  return WorkspaceFs(std::move(tree), std::move(blocked), roots.protected_paths());
}

std::vector<FileId> WorkspaceFs::protected_ids() const {
  return tree_->has_current_ids() ? tree_->ids : protected_.identities();
}

WorkspaceFs WorkspaceFs::at_this_moment() const {
  if (tree_->has_current_ids()) return *this;
  const MonoTime now = system_clock().mono();
  return {std::make_shared<const Tree>(Tree{tree_->root, protected_.identities(), now}), blocked_, protected_};
}

namespace {

Error link_in_place() {
  return Error{ErrorCode::kWorkspaceUnavailable,
               "A symlink lies in place of the worker's folder.",
               "Have the operator look at the worktree.",
               {}};
}

}  // namespace

Result<WorkspaceFs> WorkspaceFs::open_own(const std::string& directory, BlockedGlobs blocked,
                                          ProtectedPaths protected_paths) {
  const std::string path = PB_TRY(os::real_path(directory));
  const std::string parent = PB_TRY(os::real_path(os::parent_of(directory)));
  if (path != os::join(parent, os::base_name(directory))) return link_in_place();
  auto tree = std::make_shared<const Tree>(Tree{shared(PB_TRY(Beneath::open(path, {directory})))});
  return WorkspaceFs(std::move(tree), std::move(blocked), std::move(protected_paths));
}

const std::string& WorkspaceFs::root() const { return tree_->root->path(); }
int WorkspaceFs::root_fd() const { return tree_->root->fd(); }

namespace {

/// The input as written; when nothing has that name, the name it may be the display form of.
Result<OpenedPath> open_any(const Beneath& root, const BlockedGlobs& blocked, const std::vector<FileId>& ids,
                            std::string_view input, Access access) {
  auto opened = open_clean(root, blocked, ids, PB_TRY(root.clean(input)), access);
  if (opened || opened.error().code != ErrorCode::kNotFound) return opened;
  const auto raw = unescape_shown_name(input);
  if (!raw || raw->starts_with('/')) return opened;
  const CleanPath clean = components_of(*raw);
  const auto& parts = clean.components;
  if (std::find(parts.begin(), parts.end(), "..") != parts.end()) return opened;
  return open_clean(root, blocked, ids, clean, access);
}

}  // namespace

Result<OpenedPath> WorkspaceFs::open_file(std::string_view input) const {
  OpenedPath file = PB_TRY(open_any(*tree_->root, blocked_, protected_ids(), input, Access::kRead));
  if (file.type != FileType::kRegular) {
    return Error{ErrorCode::kNotAFile, "The path is a folder, not a file.", "Use codex_repo_tree to list it.", {}};
  }
  return file;
}

Result<OpenedPath> WorkspaceFs::open_dir(std::string_view input) const {
  OpenedPath dir = PB_TRY(open_any(*tree_->root, blocked_, protected_ids(), input, Access::kRead));
  if (dir.type != FileType::kDirectory) {
    return Error{ErrorCode::kNotADirectory, "The path is a file, not a folder.", {}, {}};
  }
  return dir;
}

Result<OpenedPath> WorkspaceFs::find(std::string_view input) const {
  return open_any(*tree_->root, blocked_, protected_ids(), input, Access::kPath);
}

Result<OpenedPath> WorkspaceFs::open_listed_dir(const std::string& path) const {
  const CleanPath clean = components_of(path);
  if (blocked_.matches_entry(path)) return blocked_error();
  os::Fd fd = open_canonical(root_fd(), clean, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (!fd) {
    if (errno == ELOOP || errno == ENOTDIR || errno == EXDEV) {
      return Error{ErrorCode::kPathSymlinkEscape, "The folder is a symlink now.", {}, {}};
    }
    if (errno == ENOENT) return Error{ErrorCode::kNotFound, "The folder is gone.", {}, {}};
    return errno_error(errno, "opening a folder");
  }
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "opening a folder");
  if (st.st_dev != tree_->root->id().device) PB_TRY(refuse_machine_filesystem(fd.get()));
  const auto ids = protected_ids();
  if (std::binary_search(ids.begin(), ids.end(), FileId{st.st_dev, st.st_ino})) return protected_error();
  return describe(std::move(fd), st, clean.text());
}

Result<OpenedPath> WorkspaceFs::open_reported_file(const std::string& path) const {
  const CleanPath clean = components_of(path);
  OpenedPath file = PB_TRY(open_clean(*tree_->root, blocked_, protected_ids(), clean, Access::kRead));
  if (file.path != clean.text()) return Error{ErrorCode::kPathSymlinkEscape, "The file is a symlink now.", {}, {}};
  if (file.type != FileType::kRegular) return Error{ErrorCode::kNotAFile, "The path is a folder, not a file.", {}, {}};
  return file;
}

Result<Listing> WorkspaceFs::list(const OpenedPath& dir, std::size_t max_entries) const {
  os::Fd fd = open_component(dir.fd.get(), ".", O_RDONLY | O_DIRECTORY);
  DIR* handle = fd ? ::fdopendir(fd.get()) : nullptr;
  if (handle == nullptr) return errno_error(errno, "listing a folder");
  (void)fd.release();  // the handle owns it now
  const std::unique_ptr<DIR, int (*)(DIR*)> closer(handle, ::closedir);
  const auto ids = protected_ids();
  Listing listing;
  while (const dirent* entry = ::readdir(handle)) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (listing.entries.size() >= max_entries) {
      listing.truncated = true;
      break;
    }
    // The inode number alone is not proof, but nearly always says no.
    const bool suspect = std::any_of(ids.begin(), ids.end(), [&](FileId id) { return id.inode == entry->d_ino; });
    unsigned char kind = entry->d_type;
    if (suspect || kind == DT_UNKNOWN) {
      struct stat st {};
      if (::fstatat(dir.fd.get(), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
      kind = IFTODT(st.st_mode);
      if (std::binary_search(ids.begin(), ids.end(), FileId{st.st_dev, st.st_ino})) {
        ++listing.left_out;
        continue;
      }
    }
    listing.entries.push_back({std::string(name), type_of(DTTOIF(kind))});
  }
  return listing;
}

LinkTarget WorkspaceFs::read_link(const OpenedPath& dir, const std::string& name) const {
  LinkTarget target;
  const CleanPath path = components_of(join_relative(dir.path, name));
  const auto found = tree_->root->walk(path, protected_ids());
  // A dangling link shows its text only when that text cannot lead out.
  std::string text(4096, '\0');
  const ssize_t n = ::readlinkat(dir.fd.get(), name.c_str(), text.data(), text.size());
  if (n < 0) return target;
  text.resize(static_cast<std::size_t>(n));
  target.inside = found.ok() || (found.error().code == ErrorCode::kNotFound && !text.starts_with('/'));
  target.blocked = found && blocked_.matches(found->path.text());
  if (target.blocked) target.inside = false;
  if (target.inside) target.text = std::move(text);
  target.directory = target.inside && found && S_ISDIR(found->st.st_mode);
  return target;
}

}  // namespace patchbay::workspace
