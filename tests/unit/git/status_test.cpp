#include "git_fixture.h"
#include "support/patience.h"

namespace patchbay::git {
namespace {

class StatusTest : public GitTest {
 protected:
  std::vector<std::string> lines(const StatusOptions& options = {}, const std::string& subdir = {}) {
    std::vector<std::string> out;
    for (const StatusEntry& e : must(client->status(target(subdir), options)).entries) out.push_back(short_line(e));
    return out;
  }

  /// The same as git prints it, NUL-safe.
  std::vector<std::string> porcelain(std::vector<std::string> more = {}) const {
    std::vector<std::string> args = {"status", "--porcelain", "-z"};
    args.insert(args.end(), more.begin(), more.end());
    const std::string text = git(args);
    std::vector<std::string> out;
    for (std::size_t at = 0; at < text.size();) {
      std::string item = text.substr(at, text.find('\0', at) - at);
      at += item.size() + 1;
      if (item[0] == 'R') {
        const std::string from = text.substr(at, text.find('\0', at) - at);
        at += from.size() + 1;
        item = item.substr(0, 3) + from + " -> " + item.substr(3);
      }
      out.push_back(std::move(item));
    }
    return out;
  }
};

TEST_F(StatusTest, AnUnbornBranchIsNamedAndItsFilesAreUntracked) {
  put("a.txt", "a\n");
  const StatusReport s = must(client->status(target()));
  EXPECT_TRUE(s.branch.unborn);
  EXPECT_EQ(s.branch.name, "main");
  EXPECT_EQ(s.branch.head, "");
  EXPECT_EQ(lines(), (std::vector<std::string>{"?? a.txt"}));
  EXPECT_FALSE(must(client->summary(target())).head_subject.has_value());
}

TEST_F(StatusTest, EveryKindOfChangeReadsAsGitPrintsIt) {
  put("modified", "one\n");
  put("staged", "one\n");
  put("both", "one\n");
  put("deleted", "one\n");
  put("removed", "one\n");
  put("renamed from", "a long enough content to be recognised\nas the same file\n");
  put("to-link", "one\n");
  put("script", "one\n");
  put("dir/inner", "one\n");
  commit_all();
  put("modified", "two\n");
  put("staged", "two\n");
  git({"add", "staged"});
  put("both", "two\n");
  git({"add", "both"});
  put("both", "three\n");
  ::unlink((root + "/deleted").c_str());
  git({"rm", "-q", "removed"});
  git({"mv", "renamed from", "renamed to"});
  ::unlink((root + "/to-link").c_str());
  link_to(root, "to-link", "modified");
  ::chmod((root + "/script").c_str(), 0755);
  must(os::remove_tree(root + "/dir"));
  put("dir", "now a file\n");
  put("new dir/x", "x");
  put("new dir/y", "y");
  put("added", "a\n");
  git({"add", "added"});
  put("intended", "a\n");
  git({"add", "-N", "intended"});
  EXPECT_EQ(lines(), porcelain());
  EXPECT_EQ(lines({.each_untracked_file = true}), porcelain({"-uall"}));
  const StatusCounts c = must(client->status(target())).counts;
  EXPECT_EQ(c.staged, 5);
  EXPECT_EQ(c.unstaged, 7);
  EXPECT_EQ(c.untracked, 2);
}

TEST_F(StatusTest, ARepositoryInsideIsOneUntrackedEntry) {
  put("tracked", "1\n");
  commit_all();
  put("nest/file", "1\n");
  git({"init", "-q"}, root + "/nest");
  git({"add", "."}, root + "/nest");
  git({"commit", "-q", "-m", "inner"}, root + "/nest");
  EXPECT_EQ(lines(), porcelain());
  EXPECT_EQ(lines({.each_untracked_file = true}), std::vector<std::string>{"?? nest/"});
  put("deep/a", "1\n");
  put("other", "1\n");
  must(os::make_private_dirs(root + "/deep/er"));
  ASSERT_EQ(::rename((root + "/nest").c_str(), (root + "/deep/er/nest").c_str()), 0);
  EXPECT_EQ(lines({.each_untracked_file = true}), porcelain({"-uall"}));
  EXPECT_EQ(lines({.each_untracked_file = true}).size(), 3u);
}

TEST_F(StatusTest, OddNamesAreExactBytes) {  // SEC:G7
  const std::vector<std::string> names = {"a b",      "--output=x", "tab\there",     "line\nbreak", "quo\"te",
                                          " leading", "\xff\xfe",   "nai\xcc\x88ve", "na\xc3\xafve"};
  for (const auto& n : names) put(n, "1\n");
  commit_all();
  for (const auto& n : names) put(n, "22\n");
  put("unt\xffracked", "x");
  EXPECT_EQ(lines(), porcelain());
  EXPECT_EQ(lines().size(), names.size() + 1);
}

TEST_F(StatusTest, IgnoreRulesAreThoseOfGit) {
  put(".gitignore", "*.o\n!keep.o\n/build/\nlogs/*\n!logs/important\n**/deep/**/x\nfoo[0-9].txt\n\\#hash\ntrail \\ \n");
  put("sub/.gitignore", "local\n!a.o\n/anchored\n");
  put(".git/info/exclude", "excluded\n");
  put(home, ".config/git/ignore", "user-wide\n");
  for (const char* name :
       {"a.o",          "keep.o",           "build/x",      "sub/build/x",    "logs/a",   "logs/important",
        "p/deep/q/r/x", "p/deep/y",         "foo1.txt",     "foox.txt",       "#hash",    "sub/local",
        "local",        "sub/a.o",          "sub/anchored", "sub/t/anchored", "excluded", "sub/excluded",
        "user-wide",    "only-ignored/a.o", "mixed/a.o",    "mixed/b.c",      "trail  "}) {
    put(name, "x");
  }
  EXPECT_EQ(lines({.each_untracked_file = true}), porcelain({"-uall"}));
  EXPECT_EQ(lines(), porcelain());
  git({"add", "-f", "build/x"});
  put("build/y", "ignored beside a tracked file");
  EXPECT_EQ(lines(), porcelain());
}

TEST_F(StatusTest, ASubdirectorySeesItsOwnPathsOnly) {  // L28
  put("top", "1\n");
  put("sub/in", "1\n");
  put("sub/moves out", "some content that moves around\n");
  commit_all();
  put("top", "22\n");
  put("sub/in", "22\n");
  put("sub/new", "n");
  git({"mv", "sub/moves out", "moved"});
  EXPECT_EQ(lines({}, "sub"), (std::vector<std::string>{" M in", "D  moves out", "?? new"}));
  const StatusReport s = must(client->status(target("sub")));
  EXPECT_EQ(s.layout.subdir, "sub");
  EXPECT_EQ(lines({.file_path = "in"}, "sub"), (std::vector<std::string>{" M in"}));
  EXPECT_EQ(lines({.file_path = "./new"}, "sub"), (std::vector<std::string>{"?? new"}));
  EXPECT_EQ(code_of(client->status(target("sub"), {.file_path = "../top"})), "invalid_argument");
  EXPECT_EQ(code_of(client->status(target("sub"), {.file_path = "/etc"})), "invalid_argument");
}

TEST_F(StatusTest, ConflictsShowTheirTwoLetters) {
  put("f", "base\n");
  put("gone", "base\n");
  commit_all();
  git({"checkout", "-q", "-b", "other"});
  put("f", "theirs\n");
  put("gone", "theirs\n");
  put("twice", "theirs\n");
  commit_all();
  git({"checkout", "-q", "main"});
  put("f", "ours\n");
  put("twice", "ours\n");
  ::unlink((root + "/gone").c_str());
  commit_all();
  os::SpawnOptions merge{.argv = {"git", "merge", "other"}, .env = environment(), .cwd = root};
  must(os::run(merge, "", testing_support::end_of_patience()));
  EXPECT_EQ(lines(), porcelain());
  EXPECT_EQ(must(client->status(target())).counts.conflicted, 3);
}

TEST_F(StatusTest, EntriesAreCappedAndCountsAreNot) {
  for (int i = 0; i < 30; ++i) put("f" + std::to_string(i), "x");
  const StatusReport s = must(client->status(target(), {.max_entries = 7}));
  EXPECT_EQ(s.entries.size(), 7u);
  EXPECT_TRUE(s.truncated);
  EXPECT_EQ(s.counts.untracked, 30);
}

TEST_F(StatusTest, AChangeWithinOneClockTickOfTheIndexIsSeen) {
  put("f", "aaaa\n");
  commit_all();
  struct stat st {};
  ::stat((root + "/f").c_str(), &st);
  for (int i = 0; i < 20; ++i) {
    put("f", i % 2 ? "aaaa\n" : "bbbb\n");
    git({"add", "f"});
    put("f", i % 2 ? "bbbb\n" : "aaaa\n");
    EXPECT_EQ(lines(), porcelain()) << i;
  }
}

TEST_F(StatusTest, ALargeTreeIsComparedCompletely) {
  for (int d = 0; d < 40; ++d) {
    for (int f = 0; f < 30; ++f) put(fmt::format("d{}/e{}/f{}", d % 8, d, f), fmt::format("{} {}\n", d, f));
  }
  commit_all();
  for (int d = 0; d < 40; d += 3) put(fmt::format("d{}/e{}/f7", d % 8, d), "changed a lot\n");
  for (int d = 0; d < 40; d += 5) put(fmt::format("d{}/e{}/new", d % 8, d), "n\n");
  must(os::remove_tree(root + "/d3"));
  git({"add", "d1"});
  EXPECT_EQ(lines({.max_entries = 10'000}), porcelain());
}

TEST_F(StatusTest, IndexFormatsThreeAndFourRead) {
  for (int i = 0; i < 20; ++i) put(fmt::format("some/long/prefix/file{}", i), "x\n");
  commit_all();
  git({"update-index", "--index-version", "4"});
  put("some/long/prefix/file3", "yy\n");
  EXPECT_EQ(lines(), porcelain());
  git({"update-index", "--index-version", "3", "--skip-worktree", "some/long/prefix/file4"});
  ::unlink((root + "/some/long/prefix/file4").c_str());
  EXPECT_EQ(lines(), porcelain());
}

TEST_F(StatusTest, UpstreamDetachedHeadAndDefaultBranchAreReported) {
  put("f", "1\n");
  commit_all("first  subject");
  git({"clone", "-q", root, dir.path("clone")});
  const std::string clone = dir.path("clone");
  put(clone, "g", "1\n");
  commit_all("local", clone);
  put("h", "1\n");
  commit_all("remote");
  put("h", "2\n");
  commit_all("remote 2");
  git({"fetch", "-q"}, clone);
  const Target t{clone, clone, {clone}};
  Summary s = must(client->summary(t));
  EXPECT_EQ(s.status.branch.upstream, "origin/main");
  EXPECT_EQ(s.status.branch.ahead, 1);
  EXPECT_EQ(s.status.branch.behind, 2);
  EXPECT_EQ(s.default_branch, "main");
  EXPECT_EQ(s.head_subject, "local");
  git({"checkout", "-q", "--detach"}, clone);
  s = must(client->summary(t));
  EXPECT_TRUE(s.status.branch.detached);
  EXPECT_FALSE(s.status.branch.name.has_value());
  EXPECT_EQ(s.status.branch.head, line(git({"rev-parse", "HEAD"}, clone)));
  const auto log = must(client->log(t, 10));
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0].subject, "local");
  EXPECT_EQ(log[0].decorations, (std::vector<std::string>{"main"}));
  EXPECT_EQ(must(client->resolve_commit(t, "HEAD~1")), log[1].id);
  EXPECT_EQ(code_of(client->resolve_commit(t, "nothing")), "not_found");
  EXPECT_EQ(code_of(client->resolve_commit(t, "--upload-pack=x")), "invalid_argument");
}

TEST_F(StatusTest, TrackedFilesAreFilteredByName) {
  put("AGENTS.md", "x");
  put("a/AGENTS.md", "x");
  put("a/other", "x");
  commit_all();
  EXPECT_EQ(must(client->tracked_files(target(), {"AGENTS.md"}, 20)),
            (std::vector<std::string>{"AGENTS.md", "a/AGENTS.md"}));
  EXPECT_EQ(must(client->tracked_files(target("a"), {}, 20)), (std::vector<std::string>{"AGENTS.md", "other"}));
}

TEST_F(StatusTest, SubmodulesReadAsGitPrintsThem) {
  add_submodule();
  const std::string lib = root + "/lib";
  EXPECT_EQ(lines(), porcelain());
  put(lib, "new", "n\n");
  EXPECT_EQ(lines(), (std::vector<std::string>{" M lib"}));
  EXPECT_EQ(lines(), porcelain());
  git({"add", "new"}, lib);
  EXPECT_EQ(lines(), porcelain());
  EXPECT_EQ(lines(), (std::vector<std::string>{" M lib"}));
  commit_all("more", lib);
  EXPECT_EQ(lines(), (std::vector<std::string>{" M lib"}));
  EXPECT_EQ(lines(), porcelain());
  const Diff unstaged = must(client->diff(target(), {}));
  EXPECT_NE(unstaged.text.find("+Subproject commit " + line(git({"rev-parse", "HEAD"}, lib))), std::string::npos)
      << unstaged.text;
  git({"pack-refs", "--all"}, lib);
  EXPECT_EQ(lines(), porcelain());
  git({"add", "lib"});
  EXPECT_EQ(lines(), (std::vector<std::string>{"M  lib"}));
  DiffOptions staged;
  staged.sides = DiffSides::kStaged;
  EXPECT_EQ(must(client->diff(target(), staged)).text, git({"diff", "--cached"}));
  commit_all();
  EXPECT_EQ(lines(), porcelain());
  must(os::remove_tree(lib));
  EXPECT_EQ(lines(), porcelain());
  must(os::make_private_dirs(lib));
  EXPECT_EQ(lines(), porcelain());
  EXPECT_TRUE(lines().empty());
}

TEST_F(StatusTest, AGitDirectoryOfASubmoduleThatLiesElsewhereIsNotRead) {  // SEC:G2
  add_submodule();
  const std::string elsewhere = dir.path("elsewhere");
  git({"clone", "-q", dir.path("library"), elsewhere});
  put(elsewhere, "l", "2\n");
  commit_all("other", elsewhere);
  put(root + "/lib", ".git", "gitdir: " + elsewhere + "/.git\n");
  const Diff d = must(client->diff(target(), {}));
  EXPECT_EQ(d.text.find(line(git({"rev-parse", "HEAD"}, elsewhere))), std::string::npos) << d.text;
}

TEST_F(StatusTest, AFileThatASparseCheckoutLeavesOutCountsWhenItIsThere) {
  put("in/f", "1\n");
  put("out/f", "1\n");
  commit_all();
  git({"sparse-checkout", "set", "--no-cone", "/in/"});
  EXPECT_TRUE(lines().empty());
  put("out/f", "2\n");
  EXPECT_EQ(lines(), (std::vector<std::string>{" M out/f"}));
  EXPECT_EQ(lines(), porcelain());
}

TEST_F(StatusTest, ADirectoryWithoutARepositoryIsSaidToBeOne) {  // SEC:G11
  const std::string plain = dir.path("plain");
  must(os::make_private_dirs(plain));
  EXPECT_EQ(code_of(client->status({plain, plain, {plain}})), "not_a_git_repository");
  // The repository above the ceiling is not looked for.
  must(os::make_private_dirs(root + "/sub"));
  EXPECT_EQ(code_of(client->status({root + "/sub", root + "/sub", {root}})), "not_a_git_repository");
  EXPECT_EQ(code_of(client->status({root + "/sub", root, {root}})), "ok");
  const std::string bare = dir.path("bare");
  git({"init", "-q", "--bare", bare});
  EXPECT_EQ(code_of(client->status({bare, bare, {bare}})), "not_a_git_repository");
}

TEST_F(StatusTest, Sha256AndShallowRepositoriesGiveTypedAnswers) {  // SEC:G11
  const std::string other = dir.path("sha256");
  git({"init", "-q", "--object-format=sha256", other});
  const auto refused = client->status({other, other, {other}});
  EXPECT_EQ(code_of(refused), "git_error");
  EXPECT_NE(refused.error().hint.find("SHA-256"), std::string::npos) << refused.error().message;
  put("f", "1\n");
  commit_all();
  put("f", "2\n");
  commit_all();
  const std::string shallow = dir.path("shallow");
  git({"clone", "-q", "--depth=1", "file://" + root, shallow});
  EXPECT_EQ(code_of(client->status({shallow, shallow, {shallow}})), "ok");
}

}  // namespace
}  // namespace patchbay::git
