#include <sys/socket.h>
#include <sys/un.h>

#include "git_fixture.h"
#include "support/patience.h"

namespace patchbay::git {
namespace {

class SnapshotTest : public GitTest {
 protected:
  void start() {
    commit_all();
    spec = worktree_spec();
    work = must(client->add_worktree(target(), spec));
  }
  Snapshot snap(PinKind kind = PinKind::kSnapshot) {
    return must(client->snapshot(
        target(), {.directory = spec.directory, .worker_id = "w1", .kind = kind, .lock_path = lock_path()}));
  }
  Changes changes(const Snapshot& s) { return must(client->changes(target(), work.tree, s.tree)); }
  /// The tree that git itself would write for the working state.
  std::string tree_by_git() {
    const std::string index = dir.path("index");
    const std::string real = line(git({"rev-parse", "--git-path", "index"}, spec.directory));
    EXPECT_TRUE(os::write_file_atomic(index, get(real)).ok());
    os::Environment env = environment();
    env["GIT_INDEX_FILE"] = index;
    for (const std::vector<std::string>& args :
         {std::vector<std::string>{"git", "add", "-A"}, std::vector<std::string>{"git", "write-tree"}}) {
      auto r = must(os::run({.argv = args, .env = env, .cwd = spec.directory}, "", testing_support::end_of_patience()));
      if (args[1] == "write-tree") return line(r.out);
    }
    return {};
  }
  WorktreeSpec spec;
  Worktree work;
};

TEST_F(SnapshotTest, AnUntouchedWorktreeIsItsBaseline) {
  put("a/b", "1\n");
  start();
  const Snapshot s = snap();
  EXPECT_EQ(s.tree, work.tree);
  EXPECT_TRUE(changes(s).entries.empty());
  EXPECT_EQ(changes(s).patch_bytes, 0u);
}

TEST_F(SnapshotTest, TheTreeIsWhatGitWouldWriteAndTheIndexStays) {
  put("modified", "1\n");
  put("gone", "1\n");
  put("dir/x", "1\n");
  put("dir/y", "1\n");
  put("to file/x", "1\n");
  put("to dir", "1\n");
  put("exec", "1\n");
  put("staged from", "a content that stays the same\nall along\n");
  put(".gitignore", "*.log\n");
  start();
  const std::string w = spec.directory;
  put(w, "modified", "22\n");
  ::unlink((w + "/gone").c_str());
  ::unlink((w + "/dir/x").c_str());
  must(os::remove_tree(w + "/to file"));
  put(w, "to file", "f");
  ::unlink((w + "/to dir").c_str());
  put(w, "to dir/inner", "i");
  ::chmod((w + "/exec").c_str(), 0755);
  git({"mv", "staged from", "staged to"}, w);
  put(w, "un\xfftracked/\n/deep", "u");
  put(w, "ignored.log", "no");
  link_to(w, "absolute", "/etc/passwd");
  put(w, "empty", "");
  const std::string index = get(line(git({"rev-parse", "--git-path", "index"}, w)));
  const Snapshot s = snap();
  EXPECT_EQ(get(line(git({"rev-parse", "--git-path", "index"}, w))), index);
  EXPECT_EQ(s.tree, tree_by_git());
  EXPECT_EQ(line(git({"cat-file", "-p", s.tree + ":absolute"})), "/etc/passwd");
  EXPECT_EQ(line(git({"rev-parse", s.ref + "^{tree}"})), s.tree);
  git({"fsck", "--strict"});
}

TEST_F(SnapshotTest, MarksInTheIndexHideNothing) {
  put("assumed", "1\n");
  put("skipped", "1\n");
  start();
  git({"update-index", "--assume-unchanged", "assumed"}, spec.directory);
  git({"update-index", "--skip-worktree", "skipped"}, spec.directory);
  EXPECT_TRUE(changes(snap()).entries.empty());
  put(spec.directory, "assumed", "2\n");
  put(spec.directory, "skipped", "2\n");
  EXPECT_EQ(changes(snap()).entries.size(), 2u);
}

TEST_F(SnapshotTest, CommitsAndDirtyFilesCountTogether) {  // SEC:W2
  put("a", "1\n");
  put("b", "1\n");
  start();
  put(spec.directory, "a", "committed\n");
  commit_all("worker", spec.directory);
  put(spec.directory, "b", "dirty\n");
  put(spec.directory, "c", "untracked\n");
  const Snapshot s = snap();
  const Changes c = changes(s);
  ASSERT_EQ(c.entries.size(), 3u);
  EXPECT_EQ(c.entries[0].path, "a");
  EXPECT_EQ(c.entries[1].status, 'M');
  EXPECT_EQ(c.entries[2].status, 'A');
  EXPECT_EQ(c.entries[2].additions, 1);
  EXPECT_EQ(s.head, line(git({"rev-parse", "HEAD"}, spec.directory)));
  EXPECT_EQ(line(git({"rev-parse", s.ref + "^1"})), s.head);
}

TEST_F(SnapshotTest, SpecialFilesAreNamedAndNeverOpened) {  // SEC:W1
  put("a", "1\n");
  put("tracked", "1\n");
  start();
  const std::string w = spec.directory;
  ASSERT_EQ(::mkfifo((w + "/fifo").c_str(), 0600), 0);
  ::unlink((w + "/tracked").c_str());
  ASSERT_EQ(::mkfifo((w + "/tracked").c_str(), 0600), 0);
  const os::Fd s(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  const std::string socket = w + "/sock";
  ASSERT_LT(socket.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, socket.c_str(), socket.size());
  ASSERT_EQ(::bind(s.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address), 0);
  must(os::make_private_dirs(w + "/nested"));
  git({"init", "-q"}, w + "/nested");
  put(w, "nested/file", "x");
  const Snapshot snapshot = snap();
  std::map<std::string, std::string> special;
  for (const SpecialFile& f : snapshot.special) special[f.path] = name_of(f.type);
  EXPECT_EQ(special, (std::map<std::string, std::string>{
                         {"fifo", "fifo"}, {"nested", "repository"}, {"sock", "socket"}, {"tracked", "fifo"}}));
  const Changes c = changes(snapshot);
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].status, 'D');
}

TEST_F(SnapshotTest, ImportedArtifactsNeverEnterTheTree) {  // SEC:W10
  put("a", "1\n");
  start();
  put(spec.directory, ".ai-bridge/imported-artifacts/x", "1");
  put(spec.directory, ".AI-bridge/Imported-Artifacts/y", "1");
  put(spec.directory, ".ai-bridge/notes", "1");
  Snapshot s = snap();
  EXPECT_EQ(changes(s).entries.size(), 1u);
  git({"add", "-A"}, spec.directory);
  git({"commit", "-q", "-m", "all of it"}, spec.directory);
  s = snap();
  const Changes c = changes(s);
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].path, ".ai-bridge/notes");
  EXPECT_EQ(s.excluded.size(), 2u);
}

TEST_F(SnapshotTest, PinsAreNumberedReusedListedPrunedAndRestored) {
  put("a", "1\n");
  put("keep", "k\n");
  start();
  const std::string w = spec.directory;
  put(w, "a", "2\n");
  const Snapshot one = snap();
  EXPECT_EQ(one.ref, "refs/patchbay/snapshots/w1/1");
  EXPECT_EQ(snap().ref, one.ref);
  put(w, "a", "3\n");
  commit_all("worker's own", w);
  put(w, "new", "n\n");
  const Snapshot two = snap();
  EXPECT_EQ(two.ref, "refs/patchbay/snapshots/w1/2");
  const Snapshot trash = snap(PinKind::kTrash);
  EXPECT_EQ(trash.ref, "refs/patchbay/trash/w1/1");
  EXPECT_EQ(trash.tree, two.tree);
  must(client->remove_worktree(target(), {w, spec.branch, lock_path()}));

  const auto pins = must(client->list_pins(target(), PinKind::kSnapshot, "w1"));
  ASSERT_EQ(pins.size(), 2u);
  EXPECT_EQ(pins[1].head, two.head);
  EXPECT_EQ(pins[1].tree, two.tree);
  EXPECT_TRUE(must(client->list_pins(target(), PinKind::kTrash, "other")).empty());
  git({"gc", "-q", "--prune=now"});

  WorktreeSpec again = worktree_spec("restored");
  const Worktree r = must(client->restore_pin(target(), trash.ref, again));
  EXPECT_EQ(get(r.directory + "/a"), "3\n");
  EXPECT_EQ(get(r.directory + "/new"), "n\n");
  EXPECT_EQ(line(git({"rev-parse", "HEAD"}, r.directory)), two.head);
  EXPECT_EQ(git({"status", "--porcelain"}, r.directory), "?? new\n");

  EXPECT_EQ(must(client->prune_pins(target(), {.days = 30, .lock_path = lock_path()})), 0);
  EXPECT_EQ(must(client->prune_pins(target(), {.days = -1, .keep = {trash.ref}, .lock_path = lock_path()})), 1);
  EXPECT_EQ(must(client->list_pins(target(), PinKind::kSnapshot)).size(), 1u);
  EXPECT_EQ(must(client->list_pins(target(), PinKind::kTrash)).size(), 1u);
}

TEST_F(SnapshotTest, WorkerIdsThatAreNoReferenceNamesAreRefused) {  // SEC:G6
  put("a", "1\n");
  start();
  for (const char* id : {"", "a/b", "..", "a*", "a b", "x.lock"}) {
    EXPECT_EQ(code_of(client->snapshot(target(), {.directory = spec.directory, .worker_id = id})), "invalid_argument")
        << id;
  }
}

TEST_F(SnapshotTest, AForgedGitFileOfTheWorktreeIsNotFollowed) {  // SEC:G2
  put("a", "1\n");
  start();
  const std::string other = dir.path("other");
  must(os::make_private_dirs(other));
  git({"init", "-q", "-b", "main"}, other);
  put(other, "secret", "s\n");
  commit_all("other", other);
  put(spec.directory, ".git", "gitdir: " + other + "/.git\n");
  put(spec.directory, "b", "1\n");
  const Changes c = changes(snap());
  ASSERT_EQ(c.entries.size(), 1u);
  EXPECT_EQ(c.entries[0].path, "b");
  ::unlink((spec.directory + "/.git").c_str());
  EXPECT_EQ(changes(snap()).entries.size(), 1u);
}

TEST_F(SnapshotTest, AMissingWorktreeIsUnavailable) {
  put("a", "1\n");
  start();
  must(os::remove_tree(spec.directory));
  const SnapshotSpec s{.directory = spec.directory, .worker_id = "w1"};
  EXPECT_EQ(code_of(client->snapshot(target(), s)), "workspace_unavailable");
  EXPECT_EQ(code_of(client->snapshot(target(), {.directory = root, .worker_id = "w1"})), "workspace_unavailable");
}

TEST_F(SnapshotTest, ChangesCarryRenamesModesBinariesAndAStableHash) {
  put("from", "the first line\nthe second line\nthe third line\n");
  put("script", "x\n");
  put("bin", std::string("\0a", 2));
  put("type", "t\n");
  start();
  const std::string w = spec.directory;
  ASSERT_EQ(::rename((w + "/from").c_str(), (w + "/to").c_str()), 0);
  ::chmod((w + "/script").c_str(), 0755);
  put(w, "bin", std::string("\0bc", 3));
  ::unlink((w + "/type").c_str());
  link_to(w, "type", "to");
  const Snapshot s = snap();
  const Changes c = changes(s);
  ASSERT_EQ(c.entries.size(), 4u);
  EXPECT_TRUE(c.entries[0].binary);
  EXPECT_EQ(c.entries[0].bytes, 3u);
  EXPECT_TRUE(c.entries[1].mode_change());
  EXPECT_EQ(c.entries[2].path, "to");
  EXPECT_EQ(c.entries[2].status, 'R');
  EXPECT_EQ(c.entries[2].old_path, "from");
  EXPECT_EQ(c.entries[3].status, 'T');
  EXPECT_EQ(c.patch_sha256, changes(s).patch_sha256);
  EXPECT_EQ(c.patch_sha256.size(), 64u);
  const Diff d = must(client->tree_diff(target(), work.tree, s.tree, "script", {}));
  EXPECT_EQ(d.text, "diff --git a/script b/script\nold mode 100644\nnew mode 100755\n");
  const Blob b = must(client->blob(target(), s.tree, "bin", 1, 100));
  EXPECT_TRUE(b.exists);
  EXPECT_EQ(b.bytes, "bc");
  EXPECT_EQ(b.size, 3u);
  EXPECT_EQ(must(client->blob(target(), s.tree, "type", 0, 100)).bytes, "to");
  EXPECT_FALSE(must(client->blob(target(), s.tree, "from", 0, 100)).exists);
}

}  // namespace
}  // namespace patchbay::git
