#include <sys/wait.h>

#include <random>

#include "git/apply.h"
#include "git/ops.h"
#include "git_fixture.h"

namespace patchbay::git {
namespace {

/// A base checkout, a worker's worktree of it, and the way from one to the other.
class IntegrationTest : public GitTest {
 protected:
  void start() {
    commit_all("base");
    spec = worktree_spec();
    work = must(client->add_worktree(target(), spec));
    w = spec.directory;
    baseline = work.tree;
  }
  IntegrationSpec integration() {
    snapshot = must(client->snapshot(target(), {.directory = w, .worker_id = "w1", .lock_path = lock_path()}));
    return {.baseline = baseline,
            .snapshot = snapshot.tree,
            .base_revision = work.commit,
            .special = snapshot.special,
            .merged = earlier};
  }
  IntegrationPlan plan() { return must(client->plan(target(), integration())); }
  std::string journal() const { return dir.path("journal.json"); }
  Result<Applied> try_apply() {
    const IntegrationSpec s = integration();
    return client->apply(target(), {.integration = s, .journal_path = journal()});
  }
  /// Plan, apply that very plan, and go on from the integrated tree.
  Applied apply() {
    const IntegrationSpec s = integration();
    const IntegrationPlan p = must(client->plan(target(), s));
    EXPECT_TRUE(p.clean()) << p.conflict_summary;
    Applied a =
        must(client->apply(target(), {.integration = s, .plan_sha256 = p.plan_sha256, .journal_path = journal()}));
    EXPECT_FALSE(os::exists(journal()));
    baseline = s.snapshot;
    for (const PlannedWrite& write : p.writes) {
      if (!write.id.empty()) earlier.push_back({write.path, write.mode, write.id});
    }
    return a;
  }

  /// Every file below a directory with its type, executable bit and bytes; no .git, no empty directories.
  static std::map<std::string, std::string> content_of(const std::string& root, const std::string& prefix = {}) {
    std::map<std::string, std::string> out;
    for (const std::string& name : must(os::list_dir(prefix.empty() ? root : root + "/" + prefix))) {
      if (name == ".git") continue;
      const std::string path = prefix.empty() ? name : prefix + "/" + name;
      struct stat st {};
      EXPECT_EQ(::lstat((root + "/" + path).c_str(), &st), 0);
      if (S_ISDIR(st.st_mode)) {
        out.merge(content_of(root, path));
      } else if (S_ISLNK(st.st_mode)) {
        char buffer[4096];
        const ssize_t n = ::readlink((root + "/" + path).c_str(), buffer, sizeof buffer);
        out[path] = "link " + std::string(buffer, static_cast<std::size_t>(n));
      } else {
        out[path] = ((st.st_mode & 0100) != 0 ? "exec " : "file ") + get(root + "/" + path);
      }
    }
    return out;
  }
  void expect_same_trees() { EXPECT_EQ(content_of(root), content_of(w)); }

  std::vector<std::string> conflicts(const IntegrationPlan& p) {
    std::vector<std::string> out;
    for (const PathReason& r : p.conflicts) out.push_back(r.path);
    return out;
  }
  std::vector<std::string> unsafe(const IntegrationPlan& p) {
    std::vector<std::string> out;
    for (const PathReason& r : p.unsafe) out.push_back(r.path);
    return out;
  }

  WorktreeSpec spec;
  Worktree work;
  std::string w;
  ObjectId baseline;
  std::vector<MergedFile> earlier;  ///< merged by the integrations so far
  Snapshot snapshot;
};

std::string numbered_lines() {
  std::string text;
  for (int i = 1; i <= 20; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}
std::string with_line(std::string text, int number, const std::string& now) {
  const std::string old = "line " + std::to_string(number) + "\n";
  return text.replace(text.find(old), old.size(), now + "\n");
}

TEST_F(IntegrationTest, EveryKindOfFileArrivesByteForByte) {  // workers 5.11, SEC:W5
  put("tracked", "1\n");
  put("no final newline", "a\nb");
  put("crlf", "one\r\ntwo\r\nthree\r\n");
  put("latin1", "caf\xe9\nline\n");
  put("binary", std::string("\x89PNG\0\1\2", 7));
  put("formfeed",
      "a\n\f\nb\xe2\x80\xa8"
      "c\n");
  put("blank context", "first\nsecond\n\n");
  put("deleted", "x\n");
  put("renamed from", "some content\nthat is kept\n");
  put("script", "#!/bin/sh\n");
  put("dir to file/a", "1\n");
  put("dir to file/b/c", "1\n");
  put("file to dir", "1\n");
  put("link to file", "x");
  put("file to link", "x");
  start();
  put(w, "tracked", "1\n2\n");
  put(w, "no final newline", "a\nc");
  put(w, "crlf", "one\r\n2\r\nthree\r\n");
  put(w, "latin1", "caf\xe9s\nline\n");
  put(w, "binary", std::string("\x89PNG\0\1\3\0", 8));
  put(w, "formfeed",
      "a\n\f\nB\xe2\x80\xa8"
      "c\n");
  put(w, "blank context", "first changed\nsecond\n\n");
  ::unlink((w + "/deleted").c_str());
  git({"mv", "renamed from", "renamed to"}, w);
  ::chmod((w + "/script").c_str(), 0755);
  must(os::remove_tree(w + "/dir to file"));
  put(w, "dir to file", "now a file\n");
  ::unlink((w + "/file to dir").c_str());
  put(w, "file to dir/inner/deep", "2\n");
  ::unlink((w + "/file to link").c_str());
  link_to(w, "file to link", "tracked");
  for (const char* name : {"with space", "n\xc3\xb6n-ascii", "new\nline", "t\tab", "quo\"te", "-leading-dash",
                           "non-utf8-\xff\xfe", "dir/in dir", "back\\slash", " leading", "*"}) {
    put(w, name, std::string("content of ") + name);
  }
  put(w, "new empty", "");
  put(w, "new executable", "#!/bin/sh\n", 0755);
  put(w, "new binary", std::string("\0\1\2\3", 4));
  put(w, "new no newline", "no newline");
  link_to(w, "new link", "tracked");
  link_to(w, "dir/up link", "../tracked");
  const std::string index = get(root + "/.git/index");
  const std::string head = git({"rev-parse", "HEAD"});
  const Applied a = apply();
  expect_same_trees();
  EXPECT_EQ(get(root + "/.git/index"), index);
  EXPECT_EQ(git({"rev-parse", "HEAD"}), head);
  EXPECT_FALSE(os::exists(root + "/dir to file/a"));
  EXPECT_FALSE(a.applied_with_3way);
  EXPECT_FALSE(a.main_changed_files.empty());
}

TEST_F(IntegrationTest, OneOddNameAloneArrives) {
  put("a", "1\n");
  start();
  put(w, "only non-ascii \xc3\xa9", "x");
  apply();
  expect_same_trees();
}

TEST_F(IntegrationTest, CommitsOfTheWorkerAndItsDirtyFilesArriveTogether) {  // SEC:W2
  put("a", "1\n");
  put("b", "1\n");
  start();
  put(w, "a", "committed\n");
  put(w, "c", "committed\n");
  commit_all("one", w);
  put(w, "c", "committed, then dirty\n");
  put(w, "b", "staged\n");
  git({"add", "b"}, w);
  put(w, "d", "untracked\n");
  apply();
  expect_same_trees();
}

TEST_F(IntegrationTest, TheSecondIntegrationAppliesOnlyWhatCameSince) {
  put("a", "1\n");
  put("b", "1\n");
  put("c", "1\n");
  start();
  put(w, "a", "round one\n");
  put(w, "new", "round one\n");
  ::unlink((w + "/c").c_str());
  apply();
  // Nothing was committed; what the first round left does not make the base dirty.
  put(w, "b", "round two\n");
  put(w, "new", "round two\n");
  const IntegrationPlan p = plan();
  EXPECT_FALSE(p.base.dirty());
  EXPECT_EQ(p.base.integrated, (std::vector<std::string>{"a", "c", "new"}));
  EXPECT_EQ(p.changes.entries.size(), 2u);
  const Applied a = apply();
  EXPECT_EQ(a.written, (std::vector<std::string>{"b", "new"}));
  expect_same_trees();
}

TEST_F(IntegrationTest, ApplyingAgainWritesNothing) {
  put("a", "1\n");
  start();
  put(w, "a", "2\n");
  const ObjectId first = baseline;
  apply();
  baseline = first;
  const Applied again = apply();
  EXPECT_TRUE(again.written.empty());
  expect_same_trees();
}

TEST_F(IntegrationTest, AMovedBaseIsMergedByLines) {
  const std::string text = numbered_lines();
  put("f", text);
  put("script", "x\n");
  start();
  std::string theirs = text;
  theirs.replace(theirs.find("line 2\n"), 7, "worker\n");
  put(w, "f", theirs);
  ::chmod((w + "/script").c_str(), 0755);
  std::string ours = text;
  ours.replace(ours.find("line 18\n"), 8, "base\n");
  put("f", ours);
  put("script", "x\ny\n");
  put("other", "o\n");
  commit_all("base moved on");
  const IntegrationPlan p = plan();
  EXPECT_TRUE(p.clean()) << p.conflict_summary;
  EXPECT_TRUE(p.base.moved);
  EXPECT_FALSE(p.base.dirty());
  EXPECT_TRUE(p.applied_with_3way);
  EXPECT_TRUE(apply().applied_with_3way);
  std::string merged = ours;
  merged.replace(merged.find("line 2\n"), 7, "worker\n");
  EXPECT_EQ(get(root + "/f"), merged);
  EXPECT_EQ(content_of(root)["script"], "exec x\ny\n");
}

TEST_F(IntegrationTest, WhatAnEarlierIntegrationMergedIsNotHeldAgainstTheNext) {
  const std::string text = numbered_lines();
  put("f", text);
  put("script", "x\n");
  put("taken", "1\n");
  start();
  put(w, "f", with_line(text, 2, "worker"));
  put(w, "script", "x\n", 0755);
  put(w, "taken", "2\n");
  put("f", with_line(text, 18, "base"));
  put("script", "x\ny\n");
  commit_all("base moved on");
  apply();
  std::vector<std::string> recorded;
  for (const MergedFile& m : earlier) recorded.push_back(m.path);
  EXPECT_EQ(recorded, (std::vector<std::string>{"f", "script"}));
  ASSERT_EQ(earlier.size(), 2u);
  EXPECT_EQ(earlier[0].id, line(git({"hash-object", "f"})));
  EXPECT_EQ(earlier[1].mode, 0100755u);

  put(w, "f", with_line(with_line(text, 2, "worker"), 10, "worker again"));
  const IntegrationPlan p = plan();
  EXPECT_FALSE(p.base.dirty());
  EXPECT_EQ(p.base.integrated, (std::vector<std::string>{"f", "script", "taken"}));
  EXPECT_EQ(p.changes.entries.size(), 1u);
  EXPECT_EQ(apply().written, (std::vector<std::string>{"f"}));
  EXPECT_EQ(get(root + "/f"), with_line(with_line(with_line(text, 2, "worker"), 10, "worker again"), 18, "base"));
  put(w, "f", text);
  EXPECT_FALSE(plan().base.dirty());
  apply();
  EXPECT_EQ(get(root + "/f"), with_line(text, 18, "base"));
}

TEST_F(IntegrationTest, AMergedFileThatWasEditedSinceIsTheUsersAndOneThatWasRevertedIsNobodys) {  // SEC:W6
  const std::string text = numbered_lines();
  put("f", text);
  start();
  put(w, "f", with_line(text, 2, "worker"));
  put("f", with_line(text, 18, "base"));
  commit_all("base moved on");
  apply();
  const std::string left = get(root + "/f");
  put(w, "f", with_line(with_line(text, 2, "worker"), 10, "worker again"));
  const std::string fingerprint = plan().base.fingerprint;

  put("f", left + "the user's\n");
  EXPECT_EQ(plan().base.tracked_dirty, (std::vector<std::string>{"f"}));
  EXPECT_EQ(conflicts(plan()), (std::vector<std::string>{"f"}));
  EXPECT_NE(plan().base.fingerprint, fingerprint);
  put("f", left, 0755);
  EXPECT_EQ(plan().base.tracked_dirty, (std::vector<std::string>{"f"}));
  put("f", left);
  EXPECT_EQ(plan().base.fingerprint, fingerprint);

  git({"checkout", "-q", "--", "f"});
  const IntegrationPlan reverted = plan();
  EXPECT_FALSE(reverted.base.dirty());
  EXPECT_TRUE(reverted.base.integrated.empty());
  EXPECT_TRUE(reverted.clean()) << reverted.conflict_summary;
  apply();
  EXPECT_EQ(get(root + "/f"), with_line(with_line(text, 10, "worker again"), 18, "base"));
}

TEST_F(IntegrationTest, ConflictsAreNamedAndNothingIsTouched) {
  put("lines", "a\nb\nc\n");
  put("binary", std::string("a\0", 2));
  put("deleted by base", "x\n");
  put("deleted by worker", "x\n");
  link_to(root, "link", "lines");
  start();
  put(w, "lines", "a\nworker\nc\n");
  put(w, "binary", std::string("b\0", 2));
  put(w, "deleted by base", "worker\n");
  ::unlink((w + "/deleted by worker").c_str());
  ::unlink((w + "/link").c_str());
  link_to(w, "link", "binary");
  put(w, "both add", "worker\n");
  put(w, "fine", "would be fine\n");
  put("lines", "a\nbase\nc\n");
  put("binary", std::string("c\0", 2));
  ::unlink((root + "/deleted by base").c_str());
  put("deleted by worker", "base\n");
  ::unlink((root + "/link").c_str());
  link_to(root, "link", "elsewhere");
  put("both add", "base\n");
  commit_all("base moved on");
  const auto before = content_of(root);
  const IntegrationPlan p = plan();
  EXPECT_EQ(conflicts(p),
            (std::vector<std::string>{"binary", "both add", "deleted by base", "deleted by worker", "lines", "link"}));
  EXPECT_TRUE(p.writes.empty());
  EXPECT_NE(p.conflict_summary.find("worker\n"), std::string::npos);
  EXPECT_LE(p.conflict_summary.size(), 12'000u);
  EXPECT_EQ(code_of(try_apply()), "patch_conflict");
  EXPECT_EQ(content_of(root), before);
  EXPECT_FALSE(os::exists(journal()));
}

TEST_F(IntegrationTest, TheSameChangeOnBothSidesIsNoConflict) {
  put("a", "1\n");
  put("gone", "1\n");
  start();
  for (const std::string& where : {w, root}) {
    put(where, "a", "2\n");
    put(where, "b", "new\n");
    ::unlink((where + "/gone").c_str());
  }
  commit_all("the same");
  const IntegrationPlan p = plan();
  EXPECT_TRUE(p.clean());
  EXPECT_TRUE(p.writes.empty());
  apply();
  expect_same_trees();
}

TEST_F(IntegrationTest, DirtinessIsTrackedChangesAndCollisionsNotOtherUntrackedFiles) {  // SEC:W6
  put("tracked", "1\n");
  put("staged", "1\n");
  put("a", "1\n");
  put(".gitignore", "ignored\n");
  start();
  put(w, "a", "2\n");
  put(w, "collides", "worker\n");
  put(w, "ignored", "worker forces it\n");
  git({"add", "-f", "ignored"}, w);
  put("untracked", "u");
  put(".ai-bridge/plan.md", "our own");
  EXPECT_FALSE(plan().base.dirty());
  EXPECT_EQ(plan().base.untracked, (std::vector<std::string>{"untracked"}));
  const std::string quiet = plan().base.fingerprint;
  put("tracked", "user\n");
  put("staged", "user\n");
  git({"add", "staged"});
  put("collides", "user\n");
  put("ignored", "user\n");
  const IntegrationPlan p = plan();
  EXPECT_EQ(p.base.tracked_dirty, (std::vector<std::string>{"staged", "tracked"}));
  EXPECT_EQ(p.base.collisions, (std::vector<std::string>{"collides", "ignored"}));
  EXPECT_TRUE(p.base.dirty());
  EXPECT_NE(p.base.fingerprint, quiet);
  EXPECT_EQ(conflicts(p), (std::vector<std::string>{"collides", "ignored"}));
  ::unlink((root + "/collides").c_str());
  ::unlink((root + "/ignored").c_str());
  // The caller may override the rest: what the user changed is not touched.
  apply();
  EXPECT_EQ(get(root + "/tracked"), "user\n");
  EXPECT_EQ(get(root + "/a"), "2\n");
  EXPECT_EQ(get(root + "/untracked"), "u");
}

TEST_F(IntegrationTest, UncommittedChangesOfTheUserAreNeverMergedInto) {  // SEC:W6
  put("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  start();
  put(w, "f", "worker\n2\n3\n4\n5\n6\n7\n8\n9\n");
  put("f", "1\n2\n3\n4\n5\n6\n7\n8\nuser\n");
  EXPECT_EQ(conflicts(plan()), (std::vector<std::string>{"f"}));
  EXPECT_EQ(code_of(try_apply()), "patch_conflict");
  EXPECT_EQ(get(root + "/f"), "1\n2\n3\n4\n5\n6\n7\n8\nuser\n");
}

TEST_F(IntegrationTest, LinksThatLeadOutAreUnsafe) {  // SEC:W1
  put("dir/a", "1\n");
  start();
  link_to(w, "absolute", "/etc/passwd");
  link_to(w, "dir/up", "../../outside");
  link_to(w, "sneaky", "dir/../../outside");
  link_to(w, "inside", "dir/a");
  put(w, "fine", "f\n");
  const IntegrationPlan p = plan();
  EXPECT_EQ(p.skipped_files, (std::vector<std::string>{"absolute", "dir/up", "sneaky"}));
  EXPECT_FALSE(p.clean());
  EXPECT_EQ(code_of(try_apply()), "unsafe_change");
  EXPECT_FALSE(os::exists(root + "/fine"));
  for (const char* name : {"absolute", "dir/up", "sneaky"}) ::unlink((w + "/" + name).c_str());
  apply();
  expect_same_trees();
}

TEST_F(IntegrationTest, SpecialFilesAndNestedRepositoriesBlock) {  // SEC:W1
  put("a", "1\n");
  start();
  ASSERT_EQ(::mkfifo((w + "/fifo").c_str(), 0600), 0);
  must(os::make_private_dirs(w + "/nested"));
  git({"init", "-q", "-b", "main"}, w + "/nested");
  put(w, "a", "2\n");
  EXPECT_EQ(unsafe(plan()), (std::vector<std::string>{"fifo", "nested"}));
  EXPECT_EQ(code_of(try_apply()), "unsafe_change");
  const os::Fd large(::open((w + "/large").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::ftruncate(large.get(), (1ll << 30) + 1), 0);
  const IntegrationPlan with_large = plan();
  ASSERT_EQ(with_large.unsafe.size(), 3u);
  EXPECT_EQ(with_large.unsafe[0].path, "large");
  EXPECT_EQ(with_large.unsafe[0].reason, "it is larger than 1 GiB");
  ::unlink((w + "/large").c_str());
  // Added as a submodule it is in the tree; that is no better.
  ::unlink((w + "/fifo").c_str());
  put(w, "nested/x", "x");
  commit_all("nested", w + "/nested");
  git({"-c", "advice.addEmbeddedRepo=false", "add", "nested"}, w);
  EXPECT_EQ(unsafe(plan()), (std::vector<std::string>{"nested"}));
}

TEST_F(IntegrationTest, NothingIsWrittenThroughASymlinkedDirectoryOfTheBase) {  // SEC:W4
  put("a", "1\n");
  start();
  const std::string outside = dir.path("outside");
  must(os::make_private_dirs(outside));
  link_to(root, "lnk", outside);
  put(w, "lnk/new", "escaped\n");
  const IntegrationPlan p = plan();
  EXPECT_EQ(unsafe(p), (std::vector<std::string>{"lnk/new"}));
  EXPECT_EQ(code_of(try_apply()), "unsafe_change");
  EXPECT_TRUE(must(os::list_dir(outside)).empty());
}

TEST_F(IntegrationTest, ALinkThatTheWorkerTurnsIntoADirectoryIsReplaced) {
  put("real/x", "1\n");
  link_to(root, "d", "real");
  start();
  ::unlink((w + "/d").c_str());
  put(w, "d/new", "n\n");
  put(w, "d/x", "n\n");
  apply();
  expect_same_trees();
  EXPECT_FALSE(os::exists(root + "/real/new"));
}

TEST_F(IntegrationTest, AFileReplacesADirectoryOnlyWhenNothingElseIsInIt) {
  put("d/a", "1\n");
  put("d/e/b", "1\n");
  put(".gitignore", "*.o\n");
  start();
  must(os::remove_tree(w + "/d"));
  put(w, "d", "file\n");
  put("d/e/built.o", "ignored, and the user's");
  EXPECT_EQ(conflicts(plan()), (std::vector<std::string>{"d"}));
  ::unlink((root + "/d/e/built.o").c_str());
  apply();
  expect_same_trees();
}

TEST_F(IntegrationTest, FilesThatWereChangedAfterThePreviewAreNotOverwritten) {  // SEC:W3
  put("a", "1\n");
  start();
  put(w, "a", "2\n");
  const IntegrationSpec s = integration();
  const IntegrationPlan p = must(client->plan(target(), s));
  put("a", "3\n");
  commit_all("moved");
  const auto applied =
      client->apply(target(), {.integration = s, .plan_sha256 = p.plan_sha256, .journal_path = journal()});
  EXPECT_FALSE(applied.ok());
  EXPECT_EQ(get(root + "/a"), "3\n");
}

TEST_F(IntegrationTest, APlanThatIsNotThePreviewedOneIsRefused) {  // SEC:W3
  put("a", "1\n");
  start();
  put(w, "a", "2\n");
  const IntegrationSpec s = integration();
  EXPECT_EQ(code_of(client->apply(target(), {.integration = s, .plan_sha256 = "0", .journal_path = journal()})),
            "patch_changed");
  EXPECT_EQ(get(root + "/a"), "1\n");
}

TEST_F(IntegrationTest, TheSizeLimitHolds) {
  put("a", "1\n");
  start();
  put(w, "big", std::string(4096, 'x'));
  IntegrationSpec s = integration();
  s.max_bytes = 4095;
  const IntegrationPlan p = must(client->plan(target(), s));
  EXPECT_TRUE(p.too_large);
  EXPECT_TRUE(p.writes.empty());
  EXPECT_EQ(code_of(client->apply(target(), {.integration = s, .journal_path = journal()})), "content_too_large");
}

TEST_F(IntegrationTest, PermissionsOfReplacedFilesStayButForTheExecutableBit) {
  put("private", "1\n", 0600);
  put("script", "1\n", 0640);
  start();
  put(w, "private", "2\n");
  ::chmod((w + "/script").c_str(), 0755);
  apply();
  struct stat st {};
  ::stat((root + "/private").c_str(), &st);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  ::stat((root + "/script").c_str(), &st);
  EXPECT_EQ(st.st_mode & 0777, 0750u);
}

TEST_F(IntegrationTest, AHardLinkOutsideKeepsItsContent) {  // SEC:P6
  put("a", "1\n");
  start();
  const std::string outside = dir.path("outside");
  ASSERT_EQ(::link((root + "/a").c_str(), outside.c_str()), 0);
  put(w, "a", "2\n");
  apply();
  EXPECT_EQ(get(outside), "1\n");
  EXPECT_EQ(get(root + "/a"), "2\n");
}

TEST_F(IntegrationTest, WorkInsideOfASubmoduleBlocksAndIsNeverLeftOutSilently) {  // SEC:W1
  put("a", "1\n");
  add_submodule();
  start();
  put(w, "a", "2\n");
  EXPECT_TRUE(unsafe(plan()).empty());
  // Its folder is empty in the worktree: a file there is in no repository at all.
  put(w, "lib/new", "n\n");
  EXPECT_EQ(unsafe(plan()), (std::vector<std::string>{"lib"}));
  EXPECT_EQ(code_of(try_apply()), "unsafe_change");
  ::unlink((w + "/lib/new").c_str());
  git({"-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init"}, w);
  EXPECT_TRUE(unsafe(plan()).empty());
  put(w, "lib/l", "2\n");
  EXPECT_EQ(unsafe(plan()), (std::vector<std::string>{"lib"}));
  commit_all("in the submodule", w + "/lib");
  const IntegrationPlan moved = plan();
  EXPECT_EQ(unsafe(moved), (std::vector<std::string>{"lib"}));
  ASSERT_EQ(moved.changes.entries.size(), 2u);
  EXPECT_EQ(moved.changes.entries[1].path, "lib");
}

TEST_F(IntegrationTest, ASubmoduleOfTheBaseThatStandsElsewhereIsNotInTheWay) {
  put("a", "1\n");
  add_submodule();
  start();
  put(root + "/lib", "l", "2\n");
  commit_all("in the submodule", root + "/lib");
  put(w, "a", "2\n");
  EXPECT_FALSE(plan().base.dirty());
  EXPECT_EQ(apply().written, (std::vector<std::string>{"a"}));
}

TEST_F(IntegrationTest, ACheckoutWithCrlfKeepsItsLineEnds) {
  put(".gitattributes", "*.bat text eol=crlf\n");
  put("edited.bat", "one\r\ntwo\r\nthree\r\n");
  put("merged.bat", "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n");
  put("gone.bat", "one\r\n");
  start();
  ASSERT_EQ(get(w + "/edited.bat"), "one\ntwo\nthree\n");
  put(w, "edited.bat", "one\nTWO\nthree\n");
  put(w, "merged.bat", "ONE\ntwo\nthree\nfour\nfive\n");
  ::unlink((w + "/gone.bat").c_str());
  put("merged.bat", "one\r\ntwo\r\nthree\r\nfour\r\nFIVE\r\n");
  commit_all("base moved");
  apply();
  EXPECT_EQ(get(root + "/edited.bat"), "one\r\nTWO\r\nthree\r\n");
  EXPECT_EQ(get(root + "/merged.bat"), "ONE\r\ntwo\r\nthree\r\nfour\r\nFIVE\r\n");
  EXPECT_FALSE(os::exists(root + "/gone.bat"));
  // What was integrated, merged or as it is, is not held against the next round; only the former is more than the tree
  // says.
  ASSERT_EQ(earlier.size(), 1u);
  EXPECT_EQ(earlier[0].path, "merged.bat");
  put(w, "edited.bat", "one\nTWO\nTHREE\n");
  put(w, "merged.bat", "ONE\ntwo\nTHREE\nfour\nfive\n");
  EXPECT_FALSE(plan().base.dirty());
  apply();
  EXPECT_EQ(get(root + "/edited.bat"), "one\r\nTWO\r\nTHREE\r\n");
  EXPECT_EQ(get(root + "/merged.bat"), "ONE\r\ntwo\r\nTHREE\r\nfour\r\nFIVE\r\n");
}

TEST_F(IntegrationTest, AFileThatWasOnlyTouchedInACrlfCheckoutIsNotDirty) {
  put(".gitattributes", "*.bat text eol=crlf\n");
  put("touched.bat", "one\r\n");
  put("a", "1\n");
  start();
  put("touched.bat", "one\r\n");
  put(w, "a", "2\n");
  EXPECT_FALSE(plan().base.dirty());
  put("touched.bat", "two\r\n");
  EXPECT_EQ(plan().base.tracked_dirty, (std::vector<std::string>{"touched.bat"}));
}

TEST_F(IntegrationTest, WhatASparseCheckoutLeavesOutIsNotDeleted) {
  put("in/f", "1\n");
  put("out/f", "1\n");
  put("out/gone", "1\n");
  start();
  git({"sparse-checkout", "set", "--no-cone", "/in/"});
  put(w, "in/f", "2\n");
  put(w, "out/f", "2\n");
  apply();
  EXPECT_EQ(get(root + "/in/f"), "2\n");
  EXPECT_EQ(get(root + "/out/f"), "2\n");
  EXPECT_FALSE(os::exists(root + "/out/gone"));
  ::unlink((w + "/out/gone").c_str());
  const IntegrationPlan p = plan();
  ASSERT_EQ(p.conflicts.size(), 1u);
  EXPECT_EQ(p.conflicts[0].path, "out/gone");
  EXPECT_NE(p.conflicts[0].reason.find("sparse"), std::string::npos) << p.conflicts[0].reason;
}

TEST_F(IntegrationTest, ChangesCanBeReadWhileTheBaseHasASparseIndex) {
  put("in/f", "1\n");
  put("out/f", "1\n");
  start();
  git({"sparse-checkout", "set", "--cone", "--sparse-index", "in"});
  put(w, "in/f", "2\n");
  integration();
  EXPECT_EQ(must(client->changes(target(), baseline, snapshot.tree)).entries.size(), 1u);
  const auto refused = client->plan(target(), integration());
  EXPECT_EQ(code_of(refused), "git_error");
  EXPECT_NE(refused.error().hint.find("--no-sparse-index"), std::string::npos) << refused.error().message;
}

TEST_F(IntegrationTest, ALinkedWorktreeCanBeTheBase) {
  put("a", "1\n");
  commit_all();
  const std::string linked = dir.path("linked");
  git({"worktree", "add", "-q", "-b", "side", linked});
  spec = worktree_spec();
  const Target base{linked, linked, {root, worktrees}};
  work = must(client->add_worktree(base, spec));
  w = spec.directory;
  put(w, "a", "2\n");
  put(w, "n/b", "2\n");
  const Snapshot s = must(client->snapshot(base, {.directory = w, .worker_id = "w1", .lock_path = lock_path()}));
  must(client->apply(base, {.integration = {.baseline = work.tree, .snapshot = s.tree}, .journal_path = journal()}));
  EXPECT_EQ(content_of(linked), content_of(w));
  EXPECT_EQ(get(root + "/a"), "1\n");
}

// ---- property: whatever the worker does, the base becomes what the worktree is ----------------------------

class RandomEdits {
 public:
  RandomEdits(unsigned seed, std::string root) : random_(seed), root_(std::move(root)) {}

  void run(int count) {
    for (int i = 0; i < count; ++i) edit();
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string name() {
    static const char* const kParts[] = {"a", "b", "c", "d d", "e\xff", "f\n", "g.txt", "-h"};
    std::string out = kParts[below(8)];
    for (unsigned depth = below(3); depth > 0; --depth) out += std::string("/") + kParts[below(8)];
    return out;
  }
  std::string bytes() {
    std::string out;
    for (unsigned lines = below(12); lines > 0; --lines) {
      out += "line " + std::to_string(below(6));
      out += below(9) == 0 ? "\r\n" : below(12) == 0 ? std::string(1, '\0') : below(9) == 0 ? "" : "\n";
    }
    return out;
  }
  void edit() {
    const std::string path = root_ + "/" + name();
    switch (below(6)) {
      case 0: (void)os::remove_tree(path); break;
      case 1:
        if (os::exists(path) && !os::is_directory(path)) (void)::rename(path.c_str(), (root_ + "/" + name()).c_str());
        break;
      case 2:
        clear(path);
        if (::symlink("a", path.c_str()) != 0) return;  // a file is where a folder would have to be
        break;
      default: clear(path); write(path);
    }
  }
  // Makes room for a file at `path`: its parents become directories.
  void clear(const std::string& path) {
    for (std::size_t slash = path.find('/', root_.size() + 1); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      struct stat st {};
      const std::string parent = path.substr(0, slash);
      if (::lstat(parent.c_str(), &st) == 0 && !S_ISDIR(st.st_mode)) ::unlink(parent.c_str());
      ::mkdir(parent.c_str(), 0755);
    }
    (void)os::remove_tree(path);
  }
  void write(const std::string& path) {
    const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, below(4) == 0 ? 0755 : 0644));
    if (fd) (void)os::write_all(fd.get(), bytes());
  }

  std::mt19937 random_;
  std::string root_;
};

TEST_F(IntegrationTest, AnyTreeArrivesAsItIs) {  // SEC:W5
  RandomEdits(1, root).run(60);
  start();
  for (unsigned round = 0; round < 14; ++round) {
    SCOPED_TRACE(round);
    RandomEdits(100 + round, w).run(25);
    if (round % 3 == 1) commit_all("worker", w);
    apply();
    expect_same_trees();
    if (round % 4 == 3) commit_all("base takes it");
  }
}

// ---- crashes
// -----------------------------------------------------------------------------------------------

class CrashTest : public IntegrationTest {
 protected:
  /// A change with every kind of step: replaced, new, deleted files, both ways between file and directory.
  void change() {
    put("replaced", "old\n");
    put("deleted/deep/x", "old\n");
    put("d2f/a", "old\n");
    put("d2f/b", "old\n");
    put("f2d", "old\n");
    put("mode", "old\n");
    link_to(root, "link", "replaced");
    start();
    put(w, "replaced", "new\n");
    must(os::remove_tree(w + "/deleted"));
    must(os::remove_tree(w + "/d2f"));
    put(w, "d2f", "new\n");
    ::unlink((w + "/f2d").c_str());
    put(w, "f2d/inner/x", "new\n");
    ::chmod((w + "/mode").c_str(), 0755);
    ::unlink((w + "/link").c_str());
    link_to(w, "link", "mode");
    put(w, "brand/new/file", "new\n");
  }
  /// Directories that apply keeps its files in, left over.
  std::size_t leftovers() {
    std::size_t n = 0;
    for (const std::string& d : {root, root + "/.git"}) {
      for (const std::string& name : must(os::list_dir(d))) n += name.find("patchbay-apply") != std::string::npos;
    }
    return n;
  }
  void reset_base() {
    git({"clean", "-qfd"});
    git({"reset", "-q", "--hard"});
  }

  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "the thread sanitizer cannot follow a forked process that starts threads";
#endif
  }

  enum class End { kCrashed, kCompleted, kFailed };
  /// Runs `work` in a process that ends without a word before the given step.
  template <class F>
  static End crash_at(int step, F work) {
    const pid_t child = ::fork();
    if (child == 0) {
      steps_left = step;
      set_apply_hook([](const char*) {
        if (steps_left-- == 0) ::_exit(9);
      });
      ::_exit(work() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status) == 9 ? End::kCrashed : WEXITSTATUS(status) == 0 ? End::kCompleted : End::kFailed;
  }
  End crash_apply(const IntegrationSpec& s, int step) {
    return crash_at(step, [&] { return ops::apply(target(), {.integration = s, .journal_path = journal()}).ok(); });
  }
  static inline int steps_left = 0;
};

TEST_F(CrashTest, AfterACrashAtAnyStepTheBaseIsOldOrNewAndNeverBetween) {  // SEC:W4, SEC:P7
  change();
  const IntegrationSpec s = integration();
  const auto before = content_of(root);
  const auto after = content_of(w);
  std::map<RecoveryOutcome, int> outcomes;
  for (int step = 0;; ++step) {
    SCOPED_TRACE(step);
    ASSERT_LT(step, 100);
    const End end = crash_apply(s, step);
    ASSERT_NE(end, End::kFailed);
    const Recovery r = must(client->recover(journal()));
    ++outcomes[r.outcome];
    EXPECT_FALSE(os::exists(journal()));
    EXPECT_EQ(leftovers(), 0u);
    const bool applied = r.outcome == RecoveryOutcome::kRolledForward || end == End::kCompleted;
    ASSERT_EQ(content_of(root), applied ? after : before);
    if (applied) reset_base();
    ASSERT_EQ(content_of(root), before);
    if (end == End::kCompleted) break;
  }
  EXPECT_GT(outcomes[RecoveryOutcome::kRolledForward], 8);
  EXPECT_GT(outcomes[RecoveryOutcome::kRolledBack], 5);
  EXPECT_EQ(outcomes[RecoveryOutcome::kUndecided], 0);
}

TEST_F(CrashTest, WhatGoesWrongBehindACompletedIntegrationIsAWarning) {  // K 6.7
  change();
  const IntegrationSpec s = integration();
  const auto after = content_of(w);
  static std::string journal_file, index_file;
  journal_file = journal();
  index_file = root + "/.git/index";
  set_apply_hook([](const char* step) {
    if (std::string_view(step) != "remove journal") return;
    (void)os::remove_file(journal_file);
    (void)os::make_private_dirs(journal_file + "/in the way");
    (void)os::write_file_atomic(index_file, "not an index");
  });
  const auto applied = ops::apply(target(), {.integration = s, .journal_path = journal()});
  set_apply_hook(nullptr);
  ASSERT_EQ(code_of(applied), "ok");
  EXPECT_EQ(applied->warnings.size(), 2u);
  EXPECT_EQ(content_of(root), after);
}

TEST_F(CrashTest, RecoveryItselfMayCrashAtAnyStep) {
  change();
  const IntegrationSpec s = integration();
  const auto before = content_of(root);
  const auto after = content_of(w);
  for (const int first : {4, 12, 16, 20}) {
    for (int second = 0;; ++second) {
      SCOPED_TRACE(fmt::format("{} then {}", first, second));
      ASSERT_LT(second, 50);
      ASSERT_EQ(crash_apply(s, first), End::kCrashed);
      const End end = crash_at(second, [&] { return ops::recover(journal()).ok(); });
      ASSERT_NE(end, End::kFailed);
      must(client->recover(journal()));
      EXPECT_EQ(leftovers(), 0u);
      const auto now = content_of(root);
      ASSERT_TRUE(now == after || now == before);
      if (now == after) reset_base();
      if (end == End::kCompleted) break;
    }
  }
}

TEST_F(CrashTest, WithoutTheNewContentsRecoveryGoesBack) {
  change();
  const IntegrationSpec s = integration();
  const auto before = content_of(root);
  for (const int step : {11, 14, 16}) {
    SCOPED_TRACE(step);
    ASSERT_EQ(crash_apply(s, step), End::kCrashed);
    // Of what is still to be moved, one content is lost.
    for (const std::string& name : must(os::list_dir(root + "/.git"))) {
      if (!name.starts_with("patchbay-apply")) continue;
      for (const std::string& staged : must(os::list_dir(root + "/.git/" + name))) {
        const std::string path = root + "/.git/" + name + "/" + staged;
        if (get(path) != "new\n") continue;
        ASSERT_TRUE(os::write_file_atomic(path, "damaged").ok());
        break;
      }
    }
    const Recovery r = must(client->recover(journal()));
    EXPECT_EQ(r.outcome, RecoveryOutcome::kRolledBack);
    ASSERT_EQ(content_of(root), before);
    EXPECT_EQ(leftovers(), 0u);
  }
}

TEST_F(CrashTest, AFileThatSomebodyChangedSinceStopsTheRecovery) {
  change();
  const IntegrationSpec s = integration();
  ASSERT_EQ(crash_apply(s, 16), End::kCrashed);
  put("replaced", "somebody's\n");
  const auto now = content_of(root);
  const Recovery r = must(client->recover(journal()));
  EXPECT_EQ(r.outcome, RecoveryOutcome::kUndecided);
  EXPECT_EQ(r.foreign, (std::vector<std::string>{"replaced"}));
  EXPECT_EQ(content_of(root), now);
  EXPECT_TRUE(os::exists(journal()));
  // No other integration starts over it.
  EXPECT_FALSE(client->apply(target(), {.integration = s, .journal_path = journal()}).ok());
}

TEST_F(CrashTest, TheClientFinishesOrUndoesWhatItsHelperLeft) {
  change();
  const IntegrationSpec s = integration();
  const auto before = content_of(root);
  const auto after = content_of(w);
  for (const int step : {2, 9, 15, 22}) {
    SCOPED_TRACE(step);
    ClientOptions crashing = options();
    crashing.helper.push_back(std::to_string(step));
    const auto applied = Client(crashing).apply(target(), {.integration = s, .journal_path = journal()});
    must(client->recover(journal()));
    if (applied.ok()) {
      ASSERT_EQ(content_of(root), after);
      EXPECT_FALSE(applied.value().written.empty());
      reset_base();
    }
    ASSERT_EQ(content_of(root), before);
  }
}

TEST_F(CrashTest, AJournalThatCannotBeReadIsSaidToBeOne) {
  ASSERT_TRUE(os::write_file_atomic(journal(), "{\"version\":1").ok());
  EXPECT_EQ(code_of(client->recover(journal())), "state_corrupt");
  EXPECT_TRUE(os::exists(journal()));
}

}  // namespace
}  // namespace patchbay::git
