#include "git/handle.h"

#include <cerrno>

namespace patchbay::git {
namespace {

constexpr std::size_t kPackWindow = 64u << 20;
constexpr std::size_t kPackMapped = 1u << 30;

}  // namespace

void init_library() {
  [[maybe_unused]] static const bool once = [] {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, kPackWindow);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, kPackMapped);
    // Repositories that keep settings per worktree are readable: none of those settings matters to us.
    const char* extensions[] = {"worktreeconfig"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, std::size(extensions));
    return true;
  }();
}

Error git_failure(int rc, std::string_view what) {
  const int saved = errno;
  const git_error* last = git_error_last();
  Error e;
  e.detail = last && last->message ? last->message : "no detail";
  e.message = std::string(what) + " failed";
  switch (rc) {
    case GIT_ENOTFOUND: e.code = ErrorCode::kNotFound; break;
    case GIT_EEXISTS: e.code = ErrorCode::kAlreadyExists; break;
    case GIT_ELOCKED:
      e.code = ErrorCode::kRepoBusy;
      e.message += ": another git program holds a lock";
      e.hint = "Call again when the other git operation has ended; the lock file is never removed for you.";
      break;
    case GIT_EOWNER:
      e.code = ErrorCode::kRepoUntrusted;
      e.message = "The repository belongs to another user.";
      e.hint = "Have the operator run: git config --global --add safe.directory <repository>";
      break;
    case GIT_EINVALIDSPEC:
    case GIT_EAMBIGUOUS: e.code = ErrorCode::kInvalidArgument; break;
    default: {
      const bool from_system = last && last->klass == GIT_ERROR_OS;
      if (from_system && (saved == ENOSPC || saved == EDQUOT)) return errno_error(saved, what);
      e.code = ErrorCode::kGitError;
      break;
    }
  }
  return e;
}

ObjectId to_id(const git_oid& id) {
  if (git_oid_is_zero(&id)) return {};
  char text[GIT_OID_HEXSZ + 1];
  git_oid_tostr(text, sizeof text, &id);
  return text;
}

Result<git_oid> from_id(const ObjectId& id) {
  git_oid out{};
  if (id.size() != GIT_OID_HEXSZ || git_oid_fromstrn(&out, id.data(), id.size()) != 0) {
    return make_error(ErrorCode::kInvalidArgument, "An object id must be 40 hex digits.");
  }
  return out;
}

}  // namespace patchbay::git
