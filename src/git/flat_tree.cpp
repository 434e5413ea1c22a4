#include "git/flat_tree.h"

#include "git/worktree_state.h"

namespace patchbay::git {
namespace {

constexpr int kMaxDepth = 1024;

class Flattener {
 public:
  Flattener(git_repository* repo, FlatTree& out) : repo_(repo), out_(out) {}

  Status directory(const git_oid& id, const std::string& prefix, CachedTree& cache, int depth) {
    if (depth > kMaxDepth) return make_error(ErrorCode::kGitError, "The repository's directories nest too deeply.");
    const auto tree = PB_TRY(acquire<TreeHandle>("Reading a tree", git_tree_lookup, repo_, &id));
    cache.id = id;
    const std::size_t before = out_.entries.size();
    const std::size_t count = git_tree_entrycount(tree.get());
    for (std::size_t i = 0; i < count; ++i) {
      const git_tree_entry* e = git_tree_entry_byindex(tree.get(), i);
      const std::string name = git_tree_entry_name(e);
      if (name.find('/') != std::string::npos || !is_clean_path(name)) {
        return make_error(ErrorCode::kGitError, "The repository holds a file name that is not allowed.", "", name);
      }
      const unsigned mode = git_tree_entry_filemode(e);
      if (mode != GIT_FILEMODE_TREE) {
        out_.entries.push_back({prefix + name, mode, *git_tree_entry_id(e)});
        continue;
      }
      out_.directories.push_back(prefix + name);
      CachedTree& child = cache.children.emplace_back();
      child.name = name;
      PB_TRY(directory(*git_tree_entry_id(e), prefix + name + "/", child, depth + 1));
    }
    // Git keeps the tree cache's children by length of name, then by bytes.
    std::sort(cache.children.begin(), cache.children.end(), [](const CachedTree& a, const CachedTree& b) {
      return a.name.size() != b.name.size() ? a.name.size() < b.name.size() : a.name < b.name;
    });
    cache.entry_count = static_cast<int>(out_.entries.size() - before);
    return {};
  }

 private:
  git_repository* repo_;
  FlatTree& out_;
};

class TreeWriter {
 public:
  TreeWriter(git_odb* odb, const std::vector<FlatEntry>& entries, const std::set<std::string>& dirty)
      : odb_(odb), entries_(entries), dirty_(dirty) {}

  Result<git_oid> directory(std::size_t begin, std::size_t end, const std::string& path, const CachedTree* cache,
                            int depth) {
    if (depth > kMaxDepth) return make_error(ErrorCode::kGitError, "The worktree's directories nest too deeply.");
    if (cache && cache->entry_count >= 0 && !dirty_.contains(path) && git_odb_exists(odb_, &cache->id)) {
      return cache->id;
    }
    const std::size_t skip = path.empty() ? 0 : path.size() + 1;
    std::string body;
    for (std::size_t i = begin; i < end;) {
      const std::string_view rest = std::string_view(entries_[i].path).substr(skip);
      const std::size_t slash = rest.find('/');
      const std::string name(rest.substr(0, slash));
      if (slash == std::string_view::npos) {
        append(body, entries_[i].mode, name, entries_[i].id);
        ++i;
        continue;
      }
      const std::string child = path.empty() ? name : path + "/" + name;
      const std::string_view prefix = std::string_view(entries_[i].path).substr(0, child.size() + 1);
      std::size_t last = i;
      while (last < end && entries_[last].path.starts_with(prefix)) ++last;
      const git_oid id = PB_TRY(directory(i, last, child, find_child(cache, name), depth + 1));
      append(body, GIT_FILEMODE_TREE, name, id);
      i = last;
    }
    git_oid id{};
    PB_TRY(check(git_odb_write(&id, odb_, body.data(), body.size(), GIT_OBJECT_TREE), "Writing a tree"));
    return id;
  }

 private:
  static const CachedTree* find_child(const CachedTree* cache, const std::string& name) {
    if (!cache) return nullptr;
    for (const CachedTree& c : cache->children) {
      if (c.name == name) return &c;
    }
    return nullptr;
  }

  static void append(std::string& body, unsigned mode, const std::string& name, const git_oid& id) {
    body += fmt::format("{:o} ", mode);
    body += name;
    body += '\0';
    body.append(reinterpret_cast<const char*>(id.id), GIT_OID_RAWSZ);
  }

  git_odb* odb_;
  const std::vector<FlatEntry>& entries_;
  const std::set<std::string>& dirty_;
};

}  // namespace

Result<FlatTree> flatten(git_repository* repo, const git_oid& tree) {
  FlatTree out;
  PB_TRY(Flattener(repo, out).directory(tree, "", out.cache, 0));
  // Within one tree a file "a" and a directory "a" cannot both be; a forged one may try.
  std::sort(out.entries.begin(), out.entries.end(), [](auto& a, auto& b) { return a.path < b.path; });
  for (std::size_t i = 1; i < out.entries.size(); ++i) {
    if (out.entries[i].path == out.entries[i - 1].path) {
      return make_error(ErrorCode::kGitError, "The repository holds one file name twice.", "", out.entries[i].path);
    }
  }
  return out;
}

Result<git_oid> write_tree(git_repository* repo, const std::vector<FlatEntry>& entries, const CachedTree* cache,
                           const std::set<std::string>& dirty) {
  const auto odb = PB_TRY(acquire<OdbHandle>("Opening the object store", git_repository_odb, repo));
  return TreeWriter(odb.get(), entries, dirty).directory(0, entries.size(), "", cache, 0);
}

}  // namespace patchbay::git
