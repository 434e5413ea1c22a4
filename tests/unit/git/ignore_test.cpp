#include "git/ignore.h"

#include <gtest/gtest.h>

#include "git/merge.h"
#include "git/wildmatch.h"
#include "git/worktree_state.h"

namespace patchbay::git {
namespace {

TEST(WildmatchTest, FollowsGitsRulesForSlashesStarsAndBrackets) {
  struct Row {
    const char* pattern;
    const char* text;
    bool match;
  };
  for (const Row& r : {
           Row{"foo", "foo", true},
           {"foo", "bar", false},
           {"", "", true},
           {"???", "foo", true},
           {"??", "foo", false},
           {"*", "foo", true},
           {"f*", "foo", true},
           {"*f", "foo", false},
           {"*ob*a*r*", "foobar", true},
           {"\\*", "*", true},
           {"foo\\*", "foobar", false},
           {"[ab]", "a", true},
           {"[!a]", "a", false},
           {"[^a]", "b", true},
           {"[a-c]b*", "bbc", true},
           {"[]]", "]", true},
           {"[]-]", "-", true},
           {"[\\-_]", "-", true},
           {"[[:alpha:]][[:digit:]]", "a1", true},
           {"[[:alpha:]]", "1", false},
           {"foo/*/bar", "foo/x/bar", true},
           {"foo/*/bar", "foo/x/y/bar", false},
           {"foo/**/bar", "foo/bar", true},
           {"foo/**/bar", "foo/x/y/bar", true},
           {"**/foo", "foo", true},
           {"**/foo", "a/b/foo", true},
           {"**/foo", "a/xfoo", false},
           {"foo/**", "foo/a/b", true},
           {"foo/**", "foo", false},
           {"foo**bar", "foo/bar", false},
           {"foo?bar", "foo/bar", false},
           {"foo[/]bar", "foo/bar", false},
           {"a/**/**/b", "a/b", true},
           {"*.[ch]", "x.c", true},
           {"[", "[", false},
           {"a\\", "a", false},
       }) {
    EXPECT_EQ(wildmatch(r.pattern, r.text, false), r.match) << r.pattern << " " << r.text;
  }
  EXPECT_TRUE(wildmatch("FoO*", "foobar", true));
  EXPECT_TRUE(wildmatch("[A-F]", "c", true));
}

TEST(WildmatchTest, PatternsThatWouldBacktrackForEverGiveUp) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "*a";
  EXPECT_FALSE(wildmatch(pattern + "b", std::string(2000, 'a'), false));
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "**/";
  std::string path;
  for (int i = 0; i < 500; ++i) path += "a/";
  EXPECT_FALSE(wildmatch(deep + "b", path + "c", false));
}

TEST(IgnoreFileTest, TheLastMatchingPatternDecides) {
  const IgnoreFile f("*.o\n!keep.o\nkeep.o/\n", false);
  EXPECT_EQ(f.decide("a.o", "a.o", false), true);
  EXPECT_EQ(f.decide("keep.o", "keep.o", false), false);
  EXPECT_EQ(f.decide("keep.o", "keep.o", true), true);
  EXPECT_EQ(f.decide("a.c", "a.c", false), std::nullopt);
}

TEST(CleanPathTest, DisguisesOfTheGitDirectoryAreRefused) {
  for (const char* good : {"a", "a/b", ".gitignore", "git", ".github/x", "a..b", "...", "git~2", ".git1"}) {
    EXPECT_TRUE(is_clean_path(good)) << good;
  }
  for (const char* bad : {"", "/a", "a/", "a//b", ".", "..", "a/../b", ".git", "a/.GIT/b", ".git.", ".git ", "GIT~1",
                          ".g\xe2\x80\x8cit", ".git\xef\xbb\xbf", ".git::$INDEX_ALLOCATION"}) {
    EXPECT_FALSE(is_clean_path(bad)) << bad;
  }
}

TEST(LinkTest, TargetsStayInsideOrAreRefused) {
  for (auto [path, target] :
       {std::pair{"l", "a"}, {"d/l", "../a"}, {"d/e/l", "../../a/b"}, {"l", "./a"}, {"l", "a/b"}}) {
    EXPECT_TRUE(link_stays_inside(path, target)) << path << " " << target;
  }
  for (auto [path, target] : {std::pair{"l", "/a"}, {"l", ".."}, {"d/l", "../../a"}, {"l", "a/../../b"}, {"l", ""}}) {
    EXPECT_FALSE(link_stays_inside(path, target)) << path << " " << target;
  }
}

}  // namespace
}  // namespace patchbay::git
