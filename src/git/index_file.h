#pragma once

#include <git2.h>
#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"

namespace patchbay::git {

/// One index entry. `path` points into the IndexFile.
struct IndexEntry {
  std::string_view path;
  git_oid id{};
  std::uint32_t mode = 0;
  std::uint32_t ctime_s = 0, ctime_ns = 0, mtime_s = 0, mtime_ns = 0;
  std::uint32_t dev = 0, ino = 0, uid = 0, gid = 0, size = 0;
  std::uint8_t stage = 0;
  bool assume_unchanged = false, skip_worktree = false, intent_to_add = false;
};

/// A node of the index's tree cache. `entry_count` < 0: not valid, `id` has no meaning.
struct CachedTree {
  std::string name;
  int entry_count = -1;
  git_oid id{};
  std::vector<CachedTree> children;
};

/// The content of an index file, read by us: three times faster than building libgit2's objects from it,
/// and shareable between threads once read. Versions 2, 3 and 4; split and sparse indexes are kGitError.
class IndexFile {
 public:
  /// An absent file is an empty index.
  static Result<IndexFile> read(const std::string& path);

  IndexFile() = default;
  IndexFile(IndexFile&&) = default;
  IndexFile& operator=(IndexFile&&) = default;
  IndexFile(const IndexFile&) = delete;
  IndexFile& operator=(const IndexFile&) = delete;

  /// Sorted by path bytes, then stage.
  const std::vector<IndexEntry>& entries() const { return entries_; }
  /// Null when the index carries no tree cache.
  const CachedTree* cached_tree() const { return has_tree_ ? &tree_ : nullptr; }

  /// First entry at or after `path` (as bytes).
  std::size_t lower_bound(std::string_view path) const;
  /// The stage 0 entry of `path`, or null.
  const IndexEntry* find(std::string_view path) const;

  /// True when the file on disk cannot have changed since the entry was written: same stat data, and not
  /// so young that a change within one clock tick could hide.
  bool is_unchanged(const IndexEntry& entry, const struct stat& st, bool trust_mode) const;

 private:
  Status parse(std::string_view data);
  Status parse_entries(std::string_view data, std::uint32_t version, std::uint32_t count, std::size_t* at);
  Status parse_extensions(std::string_view data, std::size_t at);

  std::string data_;               // paths of versions 2 and 3 lie here
  std::unique_ptr<char[]> names_;  // rebuilt paths of version 4
  std::vector<IndexEntry> entries_;
  CachedTree tree_;
  bool has_tree_ = false;
  std::int64_t mtime_s_ = 0, mtime_ns_ = 0;
};

/// An index file (version 2) for exactly these entries, sorted by path, without extensions except the tree
/// cache when `tree` is not null.
std::string serialize_index(const std::vector<IndexEntry>& entries, const CachedTree* tree);

}  // namespace patchbay::git
