#include "patchbay/workspace/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "patchbay/base/text.h"
#include "patchbay/workspace/agents.h"
#include "support/temp_dir.h"

namespace patchbay::workspace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::TempDir;

class TreeTest : public ::testing::Test {
 protected:
  void file(const std::string& path) {
    const std::string full = dir.path(path);
    ASSERT_TRUE(os::make_private_dirs(os::parent_of(full)).ok());
    ASSERT_TRUE(os::write_file_atomic(full, "x\n").ok());
  }
  WorkspaceFs fs(ProtectedPaths own = ProtectedPaths()) {
    return *WorkspaceFs::open_own(dir.root(), BlockedGlobs::built_in(), std::move(own));
  }
  Tree draw(const TreeRequest& request = {}) {
    auto tree = draw_tree(fs(), request);
    EXPECT_TRUE(tree.ok()) << (tree.ok() ? "" : tree.error().message);
    return tree.ok() ? std::move(tree).value() : Tree{};
  }

  TempDir dir;
};

TEST_F(TreeTest, DrawsDirectoriesFirstWithoutRegardToCase) {
  for (const char* f : {"zeta/a.c", "Alpha/one.txt", "Alpha/sub/two.txt", "b.txt", "A.txt"}) file(f);
  const Tree tree = draw();
  EXPECT_EQ(tree.text,
            ".\n"
            "├── Alpha/\n"
            "│   ├── sub/\n"
            "│   │   └── two.txt\n"
            "│   └── one.txt\n"
            "├── zeta/\n"
            "│   └── a.c\n"
            "├── A.txt\n"
            "└── b.txt");
  EXPECT_EQ(tree.entries, 8);
  EXPECT_FALSE(tree.truncated);
  EXPECT_FALSE(tree.next_cursor);
  EXPECT_EQ(draw({.path = "Alpha", .max_depth = 1}).text, "Alpha/\n├── sub/\n└── one.txt");
}

TEST_F(TreeTest, CountsWhatItLeavesOut) {
  for (const char* f :
       {".hidden", ".github/workflows/ci.yml", "node_modules/a/b.js", ".git/config", "server.pem", "src/x.c"}) {
    file(f);
  }
  const Tree tree = draw();
  EXPECT_EQ(tree.text, ".\n└── src/\n    └── x.c");
  EXPECT_EQ(tree.omitted.blocked, 2);
  EXPECT_EQ(tree.omitted.hidden, 2);
  EXPECT_EQ(tree.omitted.noise, 1);
  EXPECT_THAT(draw({.include_hidden = true}).text, HasSubstr(".hidden"));
  EXPECT_THAT(draw({.include_hidden = true}).text, Not(HasSubstr("config")));
}

TEST_F(TreeTest, AHiddenOrNoisyPathIsShownWhenAskedFor) {  // W52
  file(".github/workflows/ci.yml");
  file("node_modules/pkg/index.js");
  EXPECT_THAT(draw({.path = ".github"}).text, HasSubstr("ci.yml"));
  EXPECT_THAT(draw({.path = "node_modules"}).text, HasSubstr("index.js"));
  EXPECT_EQ(draw_tree(fs(), {.path = ".git"}).error().code, ErrorCode::kPathBlocked);
}

TEST_F(TreeTest, LinksAreShownAndNeverEntered) {  // W52, SEC:P12
  file("real/inner.txt");
  ASSERT_EQ(::symlink("real", dir.path("dirlink").c_str()), 0);
  ASSERT_EQ(::symlink("real/inner.txt", dir.path("filelink").c_str()), 0);
  ASSERT_EQ(::symlink("/etc", dir.path("outlink").c_str()), 0);
  ASSERT_EQ(::symlink("..", dir.path("real/up").c_str()), 0);
  const std::string text = draw().text;
  EXPECT_THAT(text, HasSubstr("├── dirlink/ -> real\n"));
  EXPECT_THAT(text, HasSubstr("filelink -> real/inner.txt"));
  EXPECT_THAT(text, HasSubstr("outlink -> (outside)"));
  EXPECT_THAT(text, HasSubstr("up/ -> ..\n"));
  EXPECT_THAT(text, Not(HasSubstr("/etc")));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);
}

TEST_F(TreeTest, AFullPageKeepsItsBreadth) {
  for (int i = 0; i < 30; ++i) file("big/f" + std::to_string(100 + i));
  for (const char* f : {"lib/a", "src/b", "top"}) file(f);
  const Tree tree = draw({.max_entries = 10});
  EXPECT_EQ(tree.entries, 10);
  EXPECT_TRUE(tree.truncated);
  for (const char* name : {"big/", "lib/", "src/", "top"}) EXPECT_THAT(tree.text, HasSubstr(name));
  EXPECT_THAT(tree.text, HasSubstr("+24 more"));
  EXPECT_TRUE(tree.next_cursor);
}

std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t at = line.find("── ");
    if (at != std::string_view::npos) names.emplace(line.substr(at + std::string_view("── ").size()));
  }
  return names;
}

TEST_F(TreeTest, CursorPagesShowEveryEntryExactlyOnce) {
  std::set<std::string> expected;
  for (int i = 0; i < 7; ++i) {
    expected.insert("d" + std::to_string(i) + "/");
    for (int j = 0; j < 5; ++j) {
      const std::string name = "f" + std::to_string(i) + std::to_string(j);
      file("d" + std::to_string(i) + "/" + name);
      expected.insert(name);
    }
  }
  std::multiset<std::string> files;
  std::int64_t entries = 0;
  TreeRequest request{.max_entries = 4};
  for (int page = 0; page < 50; ++page) {
    const Tree tree = draw(request);
    entries += tree.entries;
    for (const std::string& name : names_in(tree.text)) {
      if (name.starts_with('f')) files.insert(name);
      if (!name.starts_with('+')) {
        EXPECT_TRUE(expected.contains(name)) << name;
      }
    }
    if (!tree.next_cursor) break;
    request.cursor = *tree.next_cursor;
  }
  EXPECT_EQ(files.size(), 35u);
  EXPECT_EQ(std::set<std::string>(files.begin(), files.end()).size(), 35u);
  EXPECT_EQ(entries, 42);
}

TEST_F(TreeTest, TheCursorSurvivesChanges) {
  for (const char* f : {"a", "c", "e", "g"}) file(f);
  const Tree first = draw({.max_entries = 2});
  ASSERT_TRUE(os::remove_file(dir.path("c")).ok());
  file("b");
  const Tree second = draw({.max_entries = 2, .cursor = *first.next_cursor});
  EXPECT_EQ(second.text, ".\n├── e\n└── g");
  EXPECT_EQ(draw_tree(fs(), {.cursor = "???"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(draw_tree(fs(), {.cursor = "AAAA"}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(TreeTest, OddNamesAreEscaped) {  // SEC:J12, SEC:P13
  file("bad\xff");
  file("two\nlines");
  const std::string text = draw().text;
  EXPECT_THAT(text, HasSubstr("bad\\xFF"));
  EXPECT_THAT(text, HasSubstr("two\\nlines"));
}

TEST_F(TreeTest, OwnFilesAreNotEvenNamed) {  // SEC:P5
  file("home/token");
  file("src/x");
  const auto tree = draw_tree(fs(ProtectedPaths({dir.path("home")})), {});
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(tree->text, ".\n└── src/\n    └── x");
  EXPECT_EQ(tree->omitted.blocked, 1);
}

TEST_F(TreeTest, UnreadableFoldersSaySo) {
  if (::geteuid() == 0) GTEST_SKIP() << "nothing is unreadable for the superuser";
  file("locked/x");
  ASSERT_EQ(::chmod(dir.path("locked").c_str(), 0), 0);
  EXPECT_THAT(draw().text, HasSubstr("locked/ (unreadable)"));
  ASSERT_EQ(::chmod(dir.path("locked").c_str(), 0700), 0);
}

TEST_F(TreeTest, FilesAndMissingPathsAreRefused) {
  file("x");
  EXPECT_EQ(draw_tree(fs(), {.path = "x"}).error().code, ErrorCode::kNotADirectory);
  EXPECT_EQ(draw_tree(fs(), {.path = "y"}).error().code, ErrorCode::kNotFound);
}

TEST_F(TreeTest, CancelAndDeadlineEndIt) {
  file("a/b");
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(draw_tree(fs(), {}, cancel).error().code, ErrorCode::kCancelled);
  const Tree late = draw({.deadline = system_clock().mono() - std::chrono::seconds(1)});
  EXPECT_TRUE(late.truncated);
  EXPECT_EQ(late.entries, 0);
}

TEST_F(TreeTest, ADeepChainDoesNotExhaustAnything) {  // SEC:P12
  std::string path = "d";
  for (int i = 0; i < 150; ++i) path += "/d";
  file(path + "/end");
  EXPECT_EQ(draw({.max_depth = 8}).entries, 8);
  EXPECT_FALSE(find_instruction_files(fs(), {.max_time = std::chrono::minutes(1)}).truncated);
}

TEST_F(TreeTest, FindsInstructionFilesWithinItsBudget) {  // W39
  for (const char* f : {"AGENTS.md", "a/AGENTS.override.md", "a/b/agents.md", ".agents.md", "node_modules/x/AGENTS.md",
                        "sub/.git/HEAD", "sub/AGENTS.md", "docs/agents.txt", ".ssh/AGENTS.md"}) {
    file(f);
  }
  ASSERT_EQ(::symlink("a", dir.path("link").c_str()), 0);
  const InstructionFiles found = find_instruction_files(fs());
  EXPECT_THAT(found.paths, ElementsAre(".agents.md", "AGENTS.md", "a/AGENTS.override.md", "a/b/agents.md"));
  EXPECT_FALSE(found.truncated);

  EXPECT_TRUE(find_instruction_files(fs(), {.max_entries = 3}).truncated);
  EXPECT_FALSE(find_instruction_files(fs(), {.max_time = std::chrono::milliseconds(0)}).truncated)
      << "the little there is takes no time";
  for (int i = 0; i < 64; ++i) file(fmt::format("many/{}", i));
  EXPECT_TRUE(find_instruction_files(fs(), {.max_time = std::chrono::milliseconds(0)}).truncated);
  const InstructionFiles few = find_instruction_files(fs(), {.max_files = 2});
  EXPECT_EQ(few.paths.size(), 2u);
  EXPECT_TRUE(few.truncated);

  const std::vector<std::string> tracked = {"a/AGENTS.override.md", "gone/AGENTS.md", "docs/agents.txt"};
  EXPECT_THAT(find_instruction_files(fs(), {.tracked = &tracked}).paths,
              ElementsAre(".agents.md", "AGENTS.md", "a/AGENTS.override.md"));
}

}  // namespace
}  // namespace patchbay::workspace
