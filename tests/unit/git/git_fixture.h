#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "patchbay/git/client.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::git {

/// A repository made with the git program, and a client whose helper is this test program.
class GitTest : public testing::Test {
 protected:
  GitTest() {
    home = dir.path("home");
    root = dir.path("repo");
    worktrees = dir.path("worktrees");
    for (const std::string& d : {home, root, worktrees}) EXPECT_TRUE(os::make_private_dirs(d).ok());
    ::setenv("HOME", home.c_str(), 1);  // the helper reads the user's settings there
    git({"init", "-q", "-b", "main"});
    client = std::make_unique<Client>(options());
  }

  ClientOptions options() const {
    ClientOptions o;
    o.helper = {os::self_executable(), "--git-helper"};
    return o;
  }

  os::Environment environment() const {
    return {{"PATH", "/usr/bin:/bin"},
            {"HOME", home},
            {"GIT_AUTHOR_NAME", "A"},
            {"GIT_AUTHOR_EMAIL", "a@example.org"},
            {"GIT_COMMITTER_NAME", "C"},
            {"GIT_COMMITTER_EMAIL", "c@example.org"},
            {"GIT_CONFIG_NOSYSTEM", "1"},
            {"GIT_CONFIG_COUNT", "1"},
            {"GIT_CONFIG_KEY_0", "core.fsync"},
            {"GIT_CONFIG_VALUE_0", "none"},
            {"LC_ALL", "C"}};
  }

  /// Runs git in `where` (the repository when empty) and returns what it printed.
  std::string git(std::vector<std::string> args, const std::string& where = {}) const {
    os::SpawnOptions spawn;
    spawn.argv = {"git"};
    spawn.argv.insert(spawn.argv.end(), args.begin(), args.end());
    spawn.env = environment();
    spawn.cwd = where.empty() ? root : where;
    auto r = os::run(spawn, "", testing_support::end_of_patience(), 64u << 20);
    EXPECT_TRUE(r.ok());
    if (!r.ok()) return {};
    EXPECT_EQ(r.value().status.code, 0) << "git " << args[0] << ": " << r.value().err;
    return r.value().out;
  }
  static std::string line(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

  static void put(const std::string& base, const std::string& name, std::string_view data, mode_t mode = 0644) {
    const std::string path = base + "/" + name;
    (void)os::make_private_dirs(os::parent_of(path));
    ::unlink(path.c_str());
    const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    ASSERT_TRUE(fd) << name;
    ASSERT_TRUE(os::write_all(fd.get(), data).ok());
    ASSERT_EQ(::fchmod(fd.get(), mode), 0);
  }
  void put(const std::string& name, std::string_view data, mode_t mode = 0644) const { put(root, name, data, mode); }
  static void link_to(const std::string& base, const std::string& name, const std::string& target) {
    ASSERT_EQ(::symlink(target.c_str(), (base + "/" + name).c_str()), 0);
  }
  static std::string get(const std::string& path) {
    auto text = os::read_file(path);
    return text.ok() ? text.value() : "<" + std::string(name_of(text.error().code)) + ">";
  }

  void commit_all(const std::string& message = "commit", const std::string& where = {}) const {
    git({"add", "-A"}, where);
    git({"commit", "-q", "--allow-empty", "-m", message}, where);
  }

  /// A repository of its own with a file `l`, and a submodule of it at `lib`.
  void add_submodule() const {
    const std::string library = dir.path("library");
    (void)os::make_private_dirs(library);
    git({"init", "-q", "-b", "main"}, library);
    put(library, "l", "1\n");
    commit_all("library", library);
    git({"-c", "protocol.file.allow=always", "submodule", "add", "-q", library, "lib"});
    commit_all("submodule");
  }

  Target target(const std::string& subdir = {}) const {
    return {subdir.empty() ? root : root + "/" + subdir, root, {root, worktrees}};
  }
  std::string lock_path() const { return dir.path("common.lock"); }

  WorktreeSpec worktree_spec(const std::string& name = "worker-w1") const {
    return {worktrees + "/" + name, "codex/" + name, "", lock_path()};
  }

  testing_support::TempDir dir;
  std::string home, root, worktrees;
  std::unique_ptr<Client> client;
};

/// Value of a Result; a failure ends the test with the error's text.
template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    throw std::runtime_error(std::string(name_of(result.error().code)) + ": " + result.error().message + " (" +
                             result.error().detail + ")");
  }
  return std::move(result).value();
}
inline void must(Status status) {
  if (!status.ok()) throw std::runtime_error(status.error().message + " (" + status.error().detail + ")");
}

template <class T>
std::string code_of(const Result<T>& result) {
  return result.ok() ? "ok" : std::string(name_of(result.error().code));
}

}  // namespace patchbay::git
