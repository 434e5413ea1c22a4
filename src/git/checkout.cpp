#include "git/checkout.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "git/ignore.h"
#include "git/tree_fs.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

// The list of files is cut into runs that threads take one after the other. A run is short enough to share
// the work evenly and long enough that a thread mostly stays inside one directory.

namespace patchbay::git {
namespace {

constexpr std::size_t kRun = 64;
constexpr std::size_t kFilesPerThread = 200;
constexpr unsigned kMaxThreads = 8;
constexpr std::size_t kMaxAttributes = 1u << 20;

void remember_stat(IndexEntry& e, const struct stat& st) {
  e.ctime_s = static_cast<std::uint32_t>(st.st_ctim.tv_sec);
  e.ctime_ns = static_cast<std::uint32_t>(st.st_ctim.tv_nsec);
  e.mtime_s = static_cast<std::uint32_t>(st.st_mtim.tv_sec);
  e.mtime_ns = static_cast<std::uint32_t>(st.st_mtim.tv_nsec);
  e.dev = static_cast<std::uint32_t>(st.st_dev);
  e.ino = static_cast<std::uint32_t>(st.st_ino);
  e.uid = st.st_uid;
  e.gid = st.st_gid;
  e.size = static_cast<std::uint32_t>(st.st_size);
}

class Writer {
 public:
  Writer(const FlatTree& tree, int root, std::vector<IndexEntry>& entries)
      : tree_(tree), root_(root), entries_(entries) {}

  // Body of one thread.
  void work(const std::string& git_dir) {
    auto repo = acquire<RepositoryHandle>("Opening the repository", git_repository_open, git_dir.c_str());
    if (!repo.ok()) return fail(repo.error());
    auto odb = acquire<OdbHandle>("Opening the object store", git_repository_odb, repo.value().get());
    if (!odb.ok()) return fail(odb.error());
    os::Fd dir;
    std::string dir_path = "/";  // no directory of the tree
    while (!failed_) {
      const std::size_t begin = next_.fetch_add(kRun);
      const std::size_t end = std::min(begin + kRun, tree_.entries.size());
      if (begin >= end) return;
      for (std::size_t i = begin; i < end && !failed_; ++i) {
        auto [parent, name] = split_path(tree_.entries[i].path);
        if (parent != dir_path) {
          dir = open_dir_beneath(root_, parent);
          if (!dir) return fail(errno_error(errno, "opening a directory", parent));
          dir_path = std::move(parent);
        }
        const Status written = write(odb.value().get(), dir.get(), name, i);
        if (!written.ok()) return fail(written.error());
      }
    }
  }

  std::uint64_t bytes() const { return bytes_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  Status write(git_odb* odb, int dir, const std::string& name, std::size_t i) {
    const FlatEntry& file = tree_.entries[i];
    IndexEntry& e = entries_[i];
    e.path = file.path;
    e.id = file.id;
    e.mode = file.mode;
    if (file.mode == GIT_FILEMODE_COMMIT) {
      if (::mkdirat(dir, name.c_str(), 0777) != 0) return errno_error(errno, "creating a directory", file.path);
      return {};
    }
    const auto object = PB_TRY(acquire<OdbObjectHandle>("Reading a file's content", git_odb_read, odb, &file.id));
    if (git_odb_object_type(object.get()) != GIT_OBJECT_BLOB) {
      return make_error(ErrorCode::kGitError, "The repository is damaged: a file's content is not a blob.");
    }
    const std::string_view content(static_cast<const char*>(git_odb_object_data(object.get())),
                                   git_odb_object_size(object.get()));
    struct stat st {};
    // Old repositories hold 0100664; the index knows two modes only.
    if (file.mode != GIT_FILEMODE_LINK) e.mode = file.mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0100755 : 0100644;
    PB_TRY(create_entry(dir, name, e.mode, content, &st));
    remember_stat(e, st);
    bytes_ += content.size();
    return {};
  }

  void fail(Error e) {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(e);
    failed_ = true;
  }

  const FlatTree& tree_;
  int root_;
  std::vector<IndexEntry>& entries_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;
  std::optional<Error> error_;
};

}  // namespace

Result<CheckedOut> check_out(const std::string& git_dir, const FlatTree& tree, int root) {
  for (const std::string& directory : tree.directories) {
    if (::mkdirat(root, directory.c_str(), 0777) != 0) {
      return errno_error(errno, "creating a directory", directory);
    }
  }
  CheckedOut out;
  out.entries.resize(tree.entries.size());
  Writer writer(tree, root, out.entries);
  const std::size_t wanted = std::min<std::size_t>(
      {std::max(std::thread::hardware_concurrency(), 1u), kMaxThreads, 1 + tree.entries.size() / kFilesPerThread});
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < wanted; ++i) threads.emplace_back([&] { writer.work(git_dir); });
  writer.work(git_dir);
  for (std::thread& t : threads) t.join();
  if (writer.error()) return *writer.error();
  out.bytes = writer.bytes();
  return out;
}

namespace {

// Turns an attributes file into ignore rules that say "has a filter".
class FilterRules {
 public:
  IgnoreFile parse(std::string_view text) {
    std::string rules;
    for (std::string_view line : split(text, '\n')) {
      const std::string spaced = collapse_whitespace(line);
      if (spaced.empty() || spaced[0] == '#') continue;
      std::vector<std::string_view> words = split(spaced, ' ');
      const std::optional<bool> filtered = verdict(words);
      if (!filtered) continue;
      if (words[0].starts_with("[attr]")) {
        if (*filtered) macros_.insert(std::string(words[0].substr(6)));
        continue;
      }
      if (words[0].starts_with('!')) continue;
      if (!*filtered) rules += '!';
      rules += words[0];
      rules += '\n';
    }
    return IgnoreFile(rules, false);
  }

 private:
  std::optional<bool> verdict(const std::vector<std::string_view>& words) const {
    std::optional<bool> out;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string_view w = words[i];
      if (w.starts_with("filter=") || w == "filter" || macros_.contains(std::string(w))) out = true;
      if (w == "-filter" || w == "!filter") out = false;
    }
    return out;
  }
  std::set<std::string> macros_;
};

}  // namespace

std::uint64_t count_filtered(git_repository* repo, const std::string& common_dir, const FlatTree& tree) {
  FilterRules parser;
  std::map<std::string, IgnoreFile> by_directory;
  IgnoreFile everywhere;
  if (auto text = os::read_file(os::join(common_dir, "info/attributes"), kMaxAttributes); text.ok()) {
    everywhere = parser.parse(text.value());
  }
  for (const FlatEntry& e : tree.entries) {
    const bool named = e.path == ".gitattributes" || e.path.ends_with("/.gitattributes");
    if (!named || (e.mode & 0170000) != 0100000) continue;
    git_blob* raw = nullptr;
    if (git_blob_lookup(&raw, repo, &e.id) != 0) continue;
    const BlobHandle blob(raw);
    const auto size = static_cast<std::size_t>(git_blob_rawsize(raw));
    if (size > kMaxAttributes) continue;
    IgnoreFile rules = parser.parse({static_cast<const char*>(git_blob_rawcontent(raw)), size});
    if (!rules.empty()) by_directory[split_path(e.path).first] = std::move(rules);
  }
  if (by_directory.empty() && everywhere.empty()) return 0;

  const auto is_filtered = [&](const std::string& path) {
    const std::string name = split_path(path).second;
    if (auto decided = everywhere.decide(path, name, false)) return *decided;
    for (std::string dir = path; !dir.empty();) {
      dir = split_path(dir).first;
      const auto it = by_directory.find(dir);
      if (it == by_directory.end()) continue;
      const std::string relative = dir.empty() ? path : path.substr(dir.size() + 1);
      if (auto decided = it->second.decide(relative, name, false)) return *decided;
    }
    return false;
  };
  std::uint64_t count = 0;
  for (const FlatEntry& e : tree.entries) {
    if ((e.mode & 0170000) == 0100000 && is_filtered(e.path)) ++count;
  }
  return count;
}

}  // namespace patchbay::git
