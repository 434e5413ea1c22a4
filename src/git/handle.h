#pragma once

#include <git2.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include <memory>
#include <string>
#include <string_view>

#include "patchbay/git/types.h"

/// Owners of libgit2 objects and the translation of its errors.
namespace patchbay::git {

template <class T, void (*Free)(T*)>
struct Deleter {
  void operator()(T* p) const { Free(p); }
};
template <class T, void (*Free)(T*)>
using Handle = std::unique_ptr<T, Deleter<T, Free>>;

using RepositoryHandle = Handle<git_repository, git_repository_free>;
using ReferenceHandle = Handle<git_reference, git_reference_free>;
using ReferenceIteratorHandle = Handle<git_reference_iterator, git_reference_iterator_free>;
using ConfigHandle = Handle<git_config, git_config_free>;
using ConfigIteratorHandle = Handle<git_config_iterator, git_config_iterator_free>;
using ObjectHandle = Handle<git_object, git_object_free>;
using CommitHandle = Handle<git_commit, git_commit_free>;
using TreeHandle = Handle<git_tree, git_tree_free>;
using TreeEntryHandle = Handle<git_tree_entry, git_tree_entry_free>;
using BlobHandle = Handle<git_blob, git_blob_free>;
using OdbHandle = Handle<git_odb, git_odb_free>;
using OdbObjectHandle = Handle<git_odb_object, git_odb_object_free>;
using OdbStreamHandle = Handle<git_odb_stream, git_odb_stream_free>;
using IndexHandle = Handle<git_index, git_index_free>;
using DiffHandle = Handle<git_diff, git_diff_free>;
using PatchHandle = Handle<git_patch, git_patch_free>;
using RevwalkHandle = Handle<git_revwalk, git_revwalk_free>;
using SignatureHandle = Handle<git_signature, git_signature_free>;
using TreebuilderHandle = Handle<git_treebuilder, git_treebuilder_free>;

/// Owns a git_buf.
struct Buffer {
  git_buf raw = GIT_BUF_INIT;
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { git_buf_dispose(&raw); }
  std::string_view view() const { return {raw.ptr, raw.size}; }
};

/// Starts libgit2 once per process with our options: fsync of the git directory (SEC:G9), owner checks
/// left on (SEC:G4), small pack windows.
void init_library();

/// The Error for a failed libgit2 call that just returned `rc`. `what` completes "… failed".
Error git_failure(int rc, std::string_view what);

/// Fails with the Error of `rc` when it is negative.
inline Status check(int rc, std::string_view what) {
  if (rc < 0) return git_failure(rc, what);
  return {};
}

/// Calls `f(&raw, args...)` and owns what it made:
///     auto tree = PB_TRY(acquire<TreeHandle>("reading a tree", git_tree_lookup, repo, &id));
template <class H, class F, class... Args>
Result<H> acquire(std::string_view what, F f, Args&&... args) {
  typename H::pointer raw = nullptr;
  const int rc = f(&raw, std::forward<Args>(args)...);
  if (rc < 0) return git_failure(rc, what);
  return H(raw);
}

ObjectId to_id(const git_oid& id);  ///< empty for the zero id
/// kInvalidArgument unless `id` is 40 hex digits.
Result<git_oid> from_id(const ObjectId& id);

inline Error make_error(ErrorCode code, std::string message, std::string hint = {}, std::string detail = {}) {
  return Error{code, std::move(message), std::move(hint), std::move(detail)};
}

}  // namespace patchbay::git
