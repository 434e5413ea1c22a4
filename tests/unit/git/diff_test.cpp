#include <gmock/gmock.h>

#include "git_fixture.h"
#include "patchbay/base/text.h"
#include "support/patience.h"

namespace patchbay::git {
namespace {

using testing::HasSubstr;
using testing::Not;

class DiffTest : public GitTest {
 protected:
  Diff diff(DiffOptions options = {}, const std::string& subdir = {}) {
    return must(client->diff(target(subdir), options));
  }
  /// What git applies when it is fed this diff must be what the sides differ by.
  void expect_applies(const std::string& patch, const std::string& where) {
    const std::string file = dir.path("patch");
    ASSERT_TRUE(os::write_file_atomic(file, patch).ok());
    git({"apply", file}, where);
  }
  std::string copy_of_head() {
    const std::string copy = dir.path("copy");
    git({"clone", "-q", root, copy});
    return copy;
  }
  static const DiffFile* find(const Diff& d, const std::string& path) {
    for (const DiffFile& f : d.files) {
      if (f.path == path) return &f;
    }
    return nullptr;
  }
};

TEST_F(DiffTest, TheTextOfAllUnstagedChangesIsAPatchThatGitTakes) {
  put("edit", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n");
  put("no newline", "a\nb");
  put("gone", "x\ny\n");
  put("script", "echo\n");
  put("quo\"ted\tname", "q\n");
  put("na\xc3\xafve", "n\n");
  put("crlf", "a\r\nb\r\n");
  commit_all();
  const std::string copy = copy_of_head();
  put("edit", "1\n2\nthree\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\nfourteen\n15\n");
  put("no newline", "a\nc");
  ::unlink((root + "/gone").c_str());
  ::chmod((root + "/script").c_str(), 0755);
  put("quo\"ted\tname", "qq\n");
  put("na\xc3\xafve", "nn\n");
  put("crlf", "a\r\nc\r\n");
  put("new file", "one\ntwo");
  put("empty", "");
  link_to(root, "link", "edit");
  const Diff d = diff();
  expect_applies(d.text, copy);
  EXPECT_EQ(git({"diff", "--no-index", "--no-prefix", "--exit-code", root + "/edit", copy + "/edit"}), "");
  for (const char* name : {"edit", "no newline", "quo\"ted\tname", "na\xc3\xafve", "crlf", "new file", "empty"}) {
    EXPECT_EQ(get(copy + "/" + name), get(root + "/" + name)) << name;
  }
  EXPECT_FALSE(os::exists(copy + "/gone"));
  EXPECT_EQ(d.file_count, 10u);
  EXPECT_EQ(d.additions, 2 + 1 + 1 + 1 + 1 + 2 + 1);
  EXPECT_EQ(d.deletions, 2 + 1 + 2 + 1 + 1 + 1);
  EXPECT_TRUE(find(d, "new file")->untracked);
  EXPECT_EQ(find(d, "script")->new_mode, 0100755u);
  EXPECT_EQ(find(d, "link")->new_mode, 0120000u);
  EXPECT_FALSE(d.truncated);
  EXPECT_EQ(d.total_bytes, d.text.size());
}

std::string key_line(int i) {
  char text[65];
  std::snprintf(text, sizeof text, "MIIEpAIBAAKCAQEAzz%046d", i);
  return text;
}

std::string private_key(int lines, const std::string& prefix = "") {
  std::string text = prefix + "-----BEGIN RSA PRIVATE KEY-----\n";
  for (int i = 0; i < lines; ++i) text += prefix + key_line(i) + "\n";
  return text + prefix + "-----END RSA PRIVATE KEY-----\n";
}

TEST_F(DiffTest, KeyIsHiddenOnEveryPage) {  // tools 7.2
  put("f", "one\n");
  commit_all();
  put("key", private_key(60));
  DiffOptions options{.page = {.max_bytes = 1000}};
  int redactions = 0;
  for (int pages = 0; pages < 20; ++pages) {
    const Diff d = diff(options);
    EXPECT_THAT(d.text, Not(HasSubstr("MIIE")));
    redactions += d.redactions;
    if (!d.next_cursor) break;
    options.page.cursor = *d.next_cursor;
  }
  EXPECT_EQ(redactions, 60);
}

TEST_F(DiffTest, HunkInsideAKeyShowsNoneOfIt) {  // tools 7.2
  for (const std::string prefix : {"", "# ", "    "}) {
    put("key", "first\n" + private_key(20, prefix) + "a\nb\nc\nd\nlast\n");
    commit_all();
    std::string other = get(root + "/key");
    other.replace(other.find(key_line(9)), 3, "ABC");
    other.replace(other.find("last"), 4, "LAST");
    put("key", other);
    for (const int context : {0, 1, 3}) {
      const Diff d = diff({.page = {.context_lines = context}});
      EXPECT_THAT(d.text, Not(HasSubstr("IEpAIB"))) << prefix << context;
      EXPECT_THAT(d.text, HasSubstr("+LAST"));
      EXPECT_GT(d.redactions, 0);
      EXPECT_EQ(d.additions, 2);
      EXPECT_EQ(d.deletions, 2);
    }
    git({"add", "-A"});
    EXPECT_THAT(diff({.sides = DiffSides::kStaged}).text, Not(HasSubstr("IEpAIB")));
  }
}

TEST_F(DiffTest, NoPageEndsInsideASecret) {  // tools 7.2
  put("f", "one\n");
  commit_all();
  const std::string token = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
  put("line.json", R"({"a":")" + std::string(700, 'x') + R"(","t":")" + token + R"(","b":")" + std::string(900, 'y') +
                       "\xc3\xa4\xc3\xb6\"}\n");
  const std::string whole = diff().text;
  for (const std::size_t size : {40u, 301u, 777u, 803u, 820u}) {
    DiffOptions options{.page = {.max_bytes = size}};
    std::string joined;
    for (int pages = 0; pages < 80; ++pages) {
      const Diff d = diff(options);
      EXPECT_LE(d.text.size(), size);
      EXPECT_TRUE(is_valid_utf8(d.text));
      joined += d.text;
      if (!d.next_cursor) break;
      options.page.cursor = *d.next_cursor;
    }
    EXPECT_EQ(joined, whole) << size;
    EXPECT_THAT(joined, Not(HasSubstr("a1B2c3")));
  }
}

TEST_F(DiffTest, CursorOfAnotherDiffIsRefused) {
  put("a", "one\n");
  put("b", "one\n");
  commit_all();
  std::string many;
  for (int i = 0; i < 100; ++i) many += "line " + std::to_string(i) + "\n";
  put("a", many);
  git({"add", "-A"});
  put("a", many + many);
  put("b", many);
  const auto refusal = [this](const DiffOptions& options) { return code_of(client->diff(target(), options)); };
  const DiffOptions first{.page = {.max_bytes = 300}};
  const std::string cursor = *diff(first).next_cursor;
  DiffOptions next = first;
  next.page.cursor = cursor;
  EXPECT_TRUE(client->diff(target(), next).ok());
  DiffOptions other = next;
  other.sides = DiffSides::kStaged;
  EXPECT_EQ(refusal(other), "invalid_argument");
  other = next;
  other.file_path = "b";
  EXPECT_EQ(refusal(other), "invalid_argument");
  other = next;
  other.page.context_lines = 1;
  EXPECT_EQ(refusal(other), "invalid_argument");
  put("a", many + "changed\n" + many);
  EXPECT_EQ(refusal(next), "invalid_argument");
}

TEST_F(DiffTest, StagedUnstagedAndBaseAreDifferentSides) {
  put("f", "one\n");
  commit_all();
  const std::string base = line(git({"rev-parse", "HEAD"}));
  put("f", "two\n");
  commit_all();
  put("f", "three\n");
  git({"add", "f"});
  put("f", "four\n");
  put("u", "untracked\n");
  const auto text = [&](DiffSides sides) {
    return diff({.sides = sides, .base = base, .include_untracked = false}).text;
  };
  EXPECT_NE(text(DiffSides::kUnstaged).find("-three\n+four\n"), std::string::npos);
  EXPECT_NE(text(DiffSides::kStaged).find("-two\n+three\n"), std::string::npos);
  EXPECT_NE(text(DiffSides::kBase).find("-one\n+four\n"), std::string::npos);
  EXPECT_EQ(diff({.sides = DiffSides::kBase, .base = base}).file_count, 2u);
  EXPECT_EQ(code_of(client->diff(target(), {.sides = DiffSides::kBase, .base = "--output=x"})), "invalid_argument");
  EXPECT_EQ(code_of(client->diff(target(), {.sides = DiffSides::kBase, .base = "nothing"})), "not_found");
  EXPECT_EQ(code_of(client->diff(target(), {.sides = DiffSides::kBase, .base = "HEAD..HEAD"})), "invalid_argument");
}

TEST_F(DiffTest, AFilePutBackAfterStagedRemovalIsNoChangeAgainstTheBase) {
  put("f", "one\n");
  put("g", "one\n");
  commit_all();
  git({"rm", "-q", "--cached", "f"});
  git({"mv", "g", "h"});
  const Diff d = diff({.sides = DiffSides::kBase, .base = "HEAD"});
  ASSERT_EQ(d.files.size(), 1u);
  EXPECT_EQ(d.files[0].status, 'R');
  EXPECT_EQ(d.files[0].old_path, "g");
}

TEST_F(DiffTest, StagedRenamesArePaired) {
  put("old", "line one of it\nline two of it\nline three of it\nline four of it\n");
  commit_all();
  git({"mv", "old", "new"});
  put("new", "line one of it\nline two of it\nline three of it\nline 4 of it\n");
  git({"add", "new"});
  const Diff d = diff({.sides = DiffSides::kStaged});
  ASSERT_EQ(d.files.size(), 1u);
  EXPECT_EQ(d.files[0].status, 'R');
  EXPECT_EQ(d.files[0].old_path, "old");
  EXPECT_NE(d.text.find("rename from old\nrename to new\n"), std::string::npos);
}

TEST_F(DiffTest, BinaryFilesAreNamedWithoutContent) {
  put("b", std::string("a\0b", 3));
  commit_all();
  put("b", std::string("a\0c", 3));
  const Diff d = diff();
  ASSERT_EQ(d.files.size(), 1u);
  EXPECT_TRUE(d.files[0].binary);
  EXPECT_NE(d.text.find("Binary files a/b and b/b differ\n"), std::string::npos);
}

TEST_F(DiffTest, PagesEndAtHunksAndTogetherAreTheWholeText) {  // SEC:G8
  std::string many;
  for (int i = 0; i < 400; ++i) many += "line " + std::to_string(i) + "\n";
  put("a", many);
  put("b", "x\n");
  put("c", "y\n");
  commit_all();
  for (int i = 0; i < 400; i += 40) {
    const std::string old = "line " + std::to_string(i) + "\n";
    many.replace(many.find(old), old.size(), "changed " + std::to_string(i) + "\n");
  }
  put("a", many);
  put("b", std::string(3000, 'z') + "\n");
  put("c", "yy\n");
  const Diff whole = diff();
  std::string joined;
  DiffOptions options{.page = {.max_bytes = 500}};
  int pages = 0;
  for (;; ++pages) {
    ASSERT_LT(pages, 100);
    const Diff d = diff(options);
    EXPECT_LE(d.text.size(), 500u);
    EXPECT_EQ(d.total_bytes, whole.total_bytes);
    EXPECT_EQ(d.additions, whole.additions);
    EXPECT_EQ(d.truncated, d.next_cursor.has_value());
    joined += d.text;
    if (!d.next_cursor) break;
    options.page.cursor = *d.next_cursor;
  }
  EXPECT_GT(pages, 5);
  EXPECT_EQ(joined, whole.text);
  EXPECT_EQ(code_of(client->diff(target(), {.page = {.cursor = "nonsense"}})), "invalid_argument");
  const Diff stats = diff({.page = {.max_bytes = 0}});
  EXPECT_EQ(stats.text, "");
  EXPECT_EQ(stats.additions, whole.additions);
}

TEST_F(DiffTest, ScopeAndSubdirectoryLimitTheFilesAndShortenTheirNames) {
  put("sub/a", "1\n");
  put("sub/b", "1\n");
  put("top", "1\n");
  commit_all();
  for (const char* name : {"sub/a", "sub/b", "top"}) put(name, "2\n");
  EXPECT_EQ(diff({}, "sub").file_count, 2u);
  const Diff d = diff({.file_path = "b"}, "sub");
  ASSERT_EQ(d.files.size(), 1u);
  EXPECT_EQ(d.files[0].path, "b");
  EXPECT_NE(d.text.find("--- a/b\n+++ b/b\n"), std::string::npos);
}

TEST_F(DiffTest, ConflictedFilesAreComparedWithOurSide) {
  put("f", "base\n");
  commit_all();
  git({"checkout", "-q", "-b", "other"});
  put("f", "theirs\n");
  commit_all();
  git({"checkout", "-q", "main"});
  put("f", "ours\n");
  commit_all();
  must(os::run({.argv = {"git", "merge", "other"}, .env = environment(), .cwd = root}, "",
               testing_support::end_of_patience()));
  const Diff d = diff();
  ASSERT_EQ(d.files.size(), 1u);
  EXPECT_NE(d.text.find("+>>>>>>> other\n"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::git
