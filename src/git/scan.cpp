#include "git/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <thread>

#include "git/submodule.h"
#include "git/tree_fs.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kThreadsFrom = 12;  // waiting directories that make helpers worth their start
constexpr unsigned kMaxThreads = 8;
constexpr int kMaxUntrackedDepth = 4096;

using ScopePtr = std::shared_ptr<const IgnoreScope>;

// One directory to look at, with the index entries below it.
struct Item {
  ScopePtr scope;
  std::size_t begin = 0, end = 0;
  std::string only;  // when not empty, this name alone
};

// What the index has directly inside one directory.
struct Child {
  std::string_view name;
  bool directory = false;
  std::size_t begin = 0, end = 0;
};

SpecialType special_type(unsigned char dirent_type) {
  switch (dirent_type) {
    case DT_FIFO: return SpecialType::kFifo;
    case DT_SOCK: return SpecialType::kSocket;
    default: return SpecialType::kDevice;
  }
}

bool is_file_type(unsigned char type) { return type == DT_REG || type == DT_LNK; }

bool is_repository(int dir, const std::string& name) {
  struct stat st {};
  const std::string dot_git = name + "/.git";
  if (::fstatat(dir, dot_git.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (S_ISREG(st.st_mode)) return true;
  return S_ISDIR(st.st_mode) && ::faccessat(dir, (dot_git + "/HEAD").c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

class Scanner {
 public:
  Scanner(int root, const IndexFile& index, const GlobalIgnores& ignores, const ScanOptions& options)
      : root_(root), index_(index), ignores_(ignores), options_(options) {}

  ScanResult run() {
    queue_.push_back(start());
    ScanResult mine;
    work(mine);
    for (auto& t : threads_) t.join();
    for (ScanResult& other : others_) append(mine, other);
    sort(mine);
    return mine;
  }

 private:
  Item start() {
    Item item;
    std::string dir = options_.scope;
    if (!dir.empty()) {
      struct stat st {};
      const auto [parent, name] = split_path(dir);
      const os::Fd fd = open_dir_beneath(root_, parent);
      const bool is_dir = fd && ::fstatat(fd.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                          S_ISDIR(st.st_mode) && index_.find(dir) == nullptr;
      if (!is_dir) {
        item.only = name;
        dir = parent;
      }
    }
    ScopePtr scope = std::make_shared<IgnoreScope>(root_, ignores_);
    for (std::string_view part : split(dir, '/')) {
      if (!part.empty()) scope = std::make_shared<IgnoreScope>(scope, std::string(part));
    }
    item.scope = std::move(scope);
    item.begin = dir.empty() ? 0 : index_.lower_bound(dir + "/");
    item.end = dir.empty() ? index_.entries().size() : index_.lower_bound(dir + "0");  // '0' follows '/'
    return item;
  }

  // ---- sharing out -------------------------------------------------------------------------------------

  void work(ScanResult& out) {
    std::vector<Item> found;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return !queue_.empty() || busy_ == 0; });
      if (queue_.empty()) return;
      Item item = std::move(queue_.back());
      queue_.pop_back();
      ++busy_;
      lock.unlock();
      found.clear();
      visit(item, out, found);
      lock.lock();
      --busy_;
      for (Item& child : found) queue_.push_back(std::move(child));
      if (queue_.size() > kThreadsFrom && threads_.empty()) start_threads();
      if (queue_.empty() ? busy_ == 0 : !found.empty()) wake_.notify_all();
    }
  }

  // Called with the mutex held.
  void start_threads() {
    const unsigned count = std::min(std::max(std::thread::hardware_concurrency(), 1u), kMaxThreads) - 1;
    others_.resize(count);
    for (unsigned i = 0; i < count; ++i) {
      threads_.emplace_back([this, i] { work(others_[i]); });
    }
  }

  static void append(ScanResult& to, ScanResult& from) {
    std::move(from.changes.begin(), from.changes.end(), std::back_inserter(to.changes));
    std::move(from.untracked.begin(), from.untracked.end(), std::back_inserter(to.untracked));
    std::move(from.special.begin(), from.special.end(), std::back_inserter(to.special));
  }

  static void sort(ScanResult& r) {
    std::sort(r.changes.begin(), r.changes.end(), [](auto& a, auto& b) { return a.entry->path < b.entry->path; });
    std::sort(r.untracked.begin(), r.untracked.end(), [](auto& a, auto& b) { return a.path < b.path; });
    std::sort(r.special.begin(), r.special.end(), [](auto& a, auto& b) { return a.path < b.path; });
  }

  // ---- one directory -----------------------------------------------------------------------------------

  static std::string join(const IgnoreScope& scope, std::string_view name) {
    return scope.path().empty() ? std::string(name) : scope.path() + "/" + std::string(name);
  }

  std::vector<Child> children(const Item& item) const {
    const auto& entries = index_.entries();
    const std::size_t skip = item.scope->path().empty() ? 0 : item.scope->path().size() + 1;
    std::vector<Child> out;
    for (std::size_t i = item.begin; i < item.end;) {
      const std::string_view rest = entries[i].path.substr(skip);
      const std::size_t slash = rest.find('/');
      Child child;
      child.begin = i;
      child.name = rest.substr(0, slash);
      child.directory = slash != std::string_view::npos;
      if (child.directory) {
        const std::string_view prefix = entries[i].path.substr(0, skip + slash + 1);
        // Small directories end soon; large ones are worth a binary search.
        std::size_t step = i + 1;
        while (step < item.end && step < i + 8 && entries[step].path.starts_with(prefix)) ++step;
        if (step == i + 8) {
          std::string next(prefix);
          next.back() = '0';
          step = index_.lower_bound(next);
        }
        i = step;
      } else {
        const std::string_view path = entries[i].path;
        while (i < item.end && entries[i].path == path) ++i;
      }
      child.end = i;
      if (item.only.empty() || child.name == item.only) out.push_back(child);
    }
    std::sort(out.begin(), out.end(), [](const Child& a, const Child& b) {
      return a.name != b.name ? a.name < b.name : a.directory < b.directory;
    });
    return out;
  }

  void visit(const Item& item, ScanResult& out, std::vector<Item>& found) {
    const std::vector<Child> tracked = children(item);
    const os::Fd dir = open_dir_beneath(root_, item.scope->path());
    const bool gone = !dir && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
    auto listed = dir ? read_dir(dir.get()) : Result<std::vector<DirEntry>>(Error{});
    if (!listed.ok()) {
      if (!gone) {
        out.special.push_back({item.scope->path(), SpecialType::kUnreadable});
        return;
      }
      for (const Child& child : tracked) deleted(child.begin, child.end, out);
      return;
    }
    std::vector<DirEntry>& names = listed.value();
    std::sort(names.begin(), names.end(), [](auto& a, auto& b) { return a.name < b.name; });

    auto child = tracked.begin();
    for (const DirEntry& entry : names) {
      if (!item.only.empty() && entry.name != item.only) continue;
      for (; child != tracked.end() && child->name < entry.name; ++child) deleted(child->begin, child->end, out);
      bool known = false;
      for (; child != tracked.end() && child->name == entry.name; ++child) {
        known |= child->directory ? tracked_directory(item, *child, entry, out, found)
                                  : tracked_file(dir.get(), *child, entry, out);
      }
      if (!known && options_.untracked) untracked(item, dir.get(), entry, out, found);
    }
    for (; child != tracked.end(); ++child) deleted(child->begin, child->end, out);
  }

  void deleted(std::size_t begin, std::size_t end, ScanResult& out) {
    for (std::size_t i = begin; i < end; ++i) {
      const IndexEntry& e = index_.entries()[i];
      if (e.stage == 0 && !e.skip_worktree && !is_assumed(e)) out.changes.push_back({&e, 'D', 0});
    }
  }

  bool is_assumed(const IndexEntry& e) const { return e.assume_unchanged && options_.assume_unchanged; }

  // Returns whether the name on disk is accounted for.
  bool tracked_directory(const Item& item, const Child& child, const DirEntry& entry, ScanResult& out,
                         std::vector<Item>& found) {
    if (entry.type != DT_DIR) {
      deleted(child.begin, child.end, out);
      return false;
    }
    found.push_back({std::make_shared<IgnoreScope>(item.scope, entry.name), child.begin, child.end, {}});
    return true;
  }

  bool tracked_file(int dir, const Child& child, const DirEntry& entry, ScanResult& out) {
    const IndexEntry& e = index_.entries()[child.begin];
    if (e.mode == 0160000) {
      if (entry.type == DT_DIR) return submodule(dir, entry.name, e, out);
      out.changes.push_back({&e, is_file_type(entry.type) ? 'T' : 'D', 0});
      return false;
    }
    // A file outside of a sparse checkout's patterns that is there all the same counts like any other.
    if (e.stage != 0 || is_assumed(e)) return true;
    if (!is_file_type(entry.type)) {
      out.changes.push_back({&e, 'D', 0});
      return false;
    }
    struct stat st {};
    if (::fstatat(dir, entry.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      out.changes.push_back({&e, 'D', 0});
      return true;
    }
    if (e.intent_to_add) {
      out.changes.push_back({&e, 'A', git_mode(st)});
    } else if (!index_.is_unchanged(e, st, options_.trust_mode)) {
      compare_content(dir, entry.name, e, st, out);
    }
    return true;
  }

  bool submodule(int dir, const std::string& name, const IndexEntry& e, ScanResult& out) {
    if (e.stage != 0 || options_.common_dir.empty()) return true;
    const Submodule now(dir, name, options_.common_dir);
    const auto head = now.head();
    if (head && !git_oid_equal(&*head, &e.id)) out.changes.push_back({&e, 'M', e.mode, *head});
    if (options_.submodule_work && now.holds_uncommitted(ignores_)) {
      out.special.push_back({std::string(e.path), SpecialType::kSubmodule});
    }
    return true;
  }

  void compare_content(int dir, const std::string& name, const IndexEntry& e, const struct stat& st, ScanResult& out) {
    unsigned mode = git_mode(st);
    if (mode == 0 || mode == 0160000) {
      out.changes.push_back({&e, 'D', 0});
      return;
    }
    const bool was_link = e.mode == 0120000;
    if (was_link != (mode == 0120000)) {
      out.changes.push_back({&e, 'T', mode});
      return;
    }
    if (!options_.trust_mode && !was_link) mode = e.mode;
    // An entry of size 0 may be a marker that git left: the times were too close to tell.
    const bool size_differs = e.size != static_cast<std::uint32_t>(st.st_size) && e.size != 0;
    if (mode == e.mode && !size_differs) {
      const auto id = hash_entry(dir, name);
      if (id && git_oid_equal(&*id, &e.id)) return;
    }
    out.changes.push_back({&e, 'M', mode});
  }

  // ---- untracked ---------------------------------------------------------------------------------------

  bool pruned(std::string_view path) const {
    return std::any_of(options_.prune.begin(), options_.prune.end(),
                       [&](const std::string& p) { return is_below_ignoring_case(p, path); });
  }

  void untracked(const Item& item, int dir, const DirEntry& entry, ScanResult& out, std::vector<Item>& found) {
    if (entry.name == ".git") return;
    const bool is_dir = entry.type == DT_DIR;
    if (item.scope->is_ignored(entry.name, is_dir)) return;
    std::string path = join(*item.scope, entry.name);
    if (!options_.prune.empty() && pruned(path)) return;
    if (is_file_type(entry.type)) {
      struct stat st {};
      if (::fstatat(dir, entry.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return;
      if (const unsigned mode = git_mode(st)) out.untracked.push_back({std::move(path), mode});
    } else if (!is_dir) {
      out.special.push_back({std::move(path), special_type(entry.type)});
    } else if (is_repository(dir, entry.name)) {
      out.special.push_back({path, SpecialType::kRepository});
      if (!options_.each_untracked) out.untracked.push_back({std::move(path), 0});
    } else if (options_.each_untracked) {
      found.push_back({std::make_shared<IgnoreScope>(item.scope, entry.name), 0, 0, {}});
    } else if (holds_something(std::make_shared<IgnoreScope>(item.scope, entry.name))) {
      out.untracked.push_back({std::move(path), 0});
    }
  }

  // Whether any file that is not ignored lies in an untracked directory; stops at the first.
  bool holds_something(const ScopePtr& top) {
    std::vector<ScopePtr> stack{top};
    for (int visited = 0; !stack.empty() && visited < kMaxUntrackedDepth; ++visited) {
      const ScopePtr scope = std::move(stack.back());
      stack.pop_back();
      const os::Fd dir = open_dir_beneath(root_, scope->path());
      if (!dir) continue;
      auto names = read_dir(dir.get());
      if (!names.ok()) continue;
      for (const DirEntry& entry : names.value()) {
        const bool is_dir = entry.type == DT_DIR;
        if (entry.name == ".git" || (!is_dir && !is_file_type(entry.type))) continue;
        if (scope->is_ignored(entry.name, is_dir)) continue;
        if (!is_dir || is_repository(dir.get(), entry.name)) return true;
        stack.push_back(std::make_shared<IgnoreScope>(scope, entry.name));
      }
    }
    return !stack.empty();
  }

  const int root_;
  const IndexFile& index_;
  const GlobalIgnores& ignores_;
  const ScanOptions& options_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  int busy_ = 0;
  std::vector<std::thread> threads_;
  std::deque<ScanResult> others_;
};

}  // namespace

Result<ScanResult> scan_worktree(int root, const IndexFile& index, const GlobalIgnores& ignores,
                                 const ScanOptions& options) {
  return Scanner(root, index, ignores, options).run();
}

std::optional<git_oid> hash_entry(int dir, const std::string& name) {
  struct stat st {};
  if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  Sha1 sum;
  if (S_ISLNK(st.st_mode)) {
    auto target = read_entry(dir, name, 1u << 16);
    if (!target.ok()) return std::nullopt;
    sum.update("blob " + std::to_string(target.value().size()) + std::string(1, '\0'));
    sum.update(target.value());
  } else {
    if (!S_ISREG(st.st_mode)) return std::nullopt;
    const os::Fd fd(::openat(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
    sum.update("blob " + std::to_string(st.st_size) + std::string(1, '\0'));
    char buffer[65536];
    off_t total = 0;
    for (;;) {
      const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return std::nullopt;
      if (n == 0) break;
      total += n;
      if (total > st.st_size) return std::nullopt;
      sum.update({buffer, static_cast<std::size_t>(n)});
    }
    if (total != st.st_size) return std::nullopt;
  }
  git_oid id{};
  git_oid_fromraw(&id, reinterpret_cast<const unsigned char*>(sum.finish().data()));
  return id;
}

bool is_below_ignoring_case(std::string_view prefix, std::string_view path) {
  if (path.size() < prefix.size() || !iequals_ascii(path.substr(0, prefix.size()), prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace patchbay::git
