#include "git/staged.h"

namespace patchbay::git {
namespace {

constexpr int kMaxDepth = 1024;

// Names in trees and paths in the index have one order: a directory sorts as if its name ended in '/'.
std::string sort_key(std::string_view name, bool directory) {
  std::string key(name);
  if (directory) key += '/';
  return key;
}

bool overlaps(std::string_view scope, std::string_view directory) {
  return in_scope(scope, directory) || in_scope(directory, scope);
}

class Comparison {
 public:
  Comparison(git_repository* repo, const IndexFile& index, const std::string& scope)
      : repo_(repo), index_(index), scope_(scope) {}

  Status compare(const git_tree* tree, const CachedTree* cached, const std::string& prefix, std::size_t begin,
                 std::size_t end, int depth) {
    if (tree && cached && cached->entry_count >= 0 && git_oid_equal(git_tree_id(tree), &cached->id)) return {};
    if (depth > kMaxDepth) return make_error(ErrorCode::kGitError, "The repository's directories nest too deeply.");
    const auto& entries = index_.entries();
    const std::size_t tree_count = tree ? git_tree_entrycount(tree) : 0;
    std::size_t t = 0;
    std::size_t i = begin;
    while (t < tree_count || i < end) {
      const git_tree_entry* te = t < tree_count ? git_tree_entry_byindex(tree, t) : nullptr;
      const bool tree_is_dir = te && git_tree_entry_type(te) == GIT_OBJECT_TREE;
      std::string_view name;
      bool is_dir = false;
      std::size_t next = i;
      if (i < end) {
        const std::string_view rest = entries[i].path.substr(prefix.size());
        const std::size_t slash = rest.find('/');
        is_dir = slash != std::string_view::npos;
        name = rest.substr(0, slash);
        next = is_dir ? index_.lower_bound(prefix + std::string(name) + "0") : i + 1;
        while (!is_dir && next < end && entries[next].path == entries[i].path) ++next;
      }
      int order = 0;
      if (!te) {
        order = 1;
      } else if (i == end) {
        order = -1;
      } else {
        order = sort_key(git_tree_entry_name(te), tree_is_dir).compare(sort_key(name, is_dir));
      }
      if (order < 0) {
        PB_TRY(only_in_tree(te, prefix, depth));
      } else if (order > 0) {
        only_in_index(i, next);
      } else if (is_dir) {
        PB_TRY(both_directories(te, cached, prefix + std::string(name), i, next, depth));
      } else {
        both_files(te, i);
      }
      if (order <= 0) ++t;
      if (order >= 0) i = next;
    }
    return {};
  }

  std::vector<StagedChange> take() {
    std::sort(out_.begin(), out_.end(), [](auto& a, auto& b) { return a.path < b.path; });
    return std::move(out_);
  }

 private:
  Status both_directories(const git_tree_entry* te, const CachedTree* cached, const std::string& path,
                          std::size_t begin, std::size_t end, int depth) {
    if (!overlaps(scope_, path)) return {};
    const CachedTree* child = nullptr;
    if (cached) {
      const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
      for (const CachedTree& c : cached->children) {
        if (c.name == name) child = &c;
      }
    }
    if (child && child->entry_count >= 0 && git_oid_equal(git_tree_entry_id(te), &child->id)) return {};
    auto tree = PB_TRY(acquire<TreeHandle>("Reading a tree", git_tree_lookup, repo_, git_tree_entry_id(te)));
    return compare(tree.get(), child, path + "/", begin, end, depth + 1);
  }

  void both_files(const git_tree_entry* te, std::size_t i) {
    const IndexEntry& e = index_.entries()[i];
    if (e.stage != 0) return;
    const unsigned mode = git_tree_entry_filemode(te);
    if (e.intent_to_add) {
      add(std::string(e.path), 'D', mode, *git_tree_entry_id(te), 0, {});
    } else if (mode != e.mode || !git_oid_equal(git_tree_entry_id(te), &e.id)) {
      const bool same_type = (mode & 0170000) == (e.mode & 0170000);
      add(std::string(e.path), same_type ? 'M' : 'T', mode, *git_tree_entry_id(te), e.mode, e.id);
    }
  }

  void only_in_index(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const IndexEntry& e = index_.entries()[i];
      if (e.stage == 0 && !e.intent_to_add) add(std::string(e.path), 'A', 0, {}, e.mode, e.id);
    }
  }

  Status only_in_tree(const git_tree_entry* te, const std::string& prefix, int depth) {
    const std::string path = prefix + git_tree_entry_name(te);
    if (git_tree_entry_type(te) != GIT_OBJECT_TREE) {
      if (!is_conflicted(path)) {
        add(path, 'D', git_tree_entry_filemode(te), *git_tree_entry_id(te), 0, {});
      }
      return {};
    }
    if (!overlaps(scope_, path)) return {};
    if (depth > kMaxDepth) return make_error(ErrorCode::kGitError, "The repository's directories nest too deeply.");
    auto tree = PB_TRY(acquire<TreeHandle>("Reading a tree", git_tree_lookup, repo_, git_tree_entry_id(te)));
    for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
      PB_TRY(only_in_tree(git_tree_entry_byindex(tree.get(), i), path + "/", depth + 1));
    }
    return {};
  }

  bool is_conflicted(const std::string& path) const {
    const std::size_t i = index_.lower_bound(path);
    return i < index_.entries().size() && index_.entries()[i].path == path;
  }

  void add(std::string path, char letter, unsigned old_mode, const git_oid& old_id, unsigned new_mode,
           const git_oid& new_id) {
    if (!in_scope(scope_, path)) return;
    out_.push_back({std::move(path), letter, old_mode, new_mode, old_id, new_id});
  }

  git_repository* repo_;
  const IndexFile& index_;
  const std::string& scope_;
  std::vector<StagedChange> out_;
};

}  // namespace

bool in_scope(std::string_view scope, std::string_view path) {
  if (scope.empty()) return true;
  return path.starts_with(scope) && (path.size() == scope.size() || path[scope.size()] == '/');
}

Result<std::vector<StagedChange>> compare_tree_with_index(git_repository* repo, const git_tree* tree,
                                                          const IndexFile& index, const std::string& scope) {
  Comparison c(repo, index, scope);
  PB_TRY(c.compare(tree, index.cached_tree(), "", 0, index.entries().size(), 0));
  return c.take();
}

}  // namespace patchbay::git
