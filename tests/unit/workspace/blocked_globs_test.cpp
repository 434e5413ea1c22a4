#include "patchbay/workspace/blocked_globs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::workspace {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(BlockedGlobs, BuiltInListBlocksSecretsAtEveryDepthAndInEveryCase) {  // W15, SEC:P5
  const BlockedGlobs globs = BlockedGlobs::built_in();
  for (const char* path : {"server.pem",
                           "a/b/server.PEM",
                           "id.key",
                           ".env",
                           ".ENV",
                           "pkg/.env",
                           ".env.local",
                           "a/.Env.production",
                           ".git",
                           ".git/config",
                           "sub/.git/hooks/pre-commit",
                           "id_rsa",
                           "id_rsa.old",
                           "keys/id_ed25519",
                           "deploy_rsa",
                           ".ssh/config",
                           "home/.aws/credentials",
                           ".netrc",
                           ".npmrc",
                           ".pypirc",
                           "gcp-credentials-prod.json",
                           "secrets.yaml",
                           "x/secrets.toml",
                           "store.kdbx",
                           "cert.p12",
                           "cert.pfx",
                           ".codex/auth.json",
                           "home/me/.codex/auth.json",
                           ".gnupg/secring.gpg",
                           "./.env",
                           ".env/nested/file"}) {
    EXPECT_TRUE(globs.matches(path)) << path;
  }
  for (const char* path :
       {"", "src/tokenizer.py", "docs/tokens.md", ".env.example", "a/.env.sample", ".env.template", ".gitignore",
        ".github/workflows/ci.yml", "monkey.txt", "keyboard/key", "auth.json", "environment", "src/build/x.c",
        "node_modules/a/index.js", "my_secret.txt", "rsa", "a.pem.txt"}) {
    EXPECT_FALSE(globs.matches(path)) << path;
  }
  EXPECT_GT(globs.size(), 20u);
}

TEST(BlockedGlobs, EmptyListBlocksNothing) {
  const BlockedGlobs globs;
  EXPECT_FALSE(globs.matches(".git/config"));
  EXPECT_TRUE(globs.ripgrep_globs().empty());
  EXPECT_EQ(globs.size(), 0u);
}

struct Case {
  const char* pattern;
  const char* path;
  bool blocked;
};

TEST(BlockedGlobs, FollowsTheRulesOfGitignore) {
  for (const Case& c : {
           Case{"build", "build", true},
           Case{"build", "src/build/x", true},
           Case{"build", "rebuild", false},
           Case{"build/", "a/build/x", true},
           Case{"/build", "build/x", true},
           Case{"/build", "a/build", false},
           Case{"build/**", "build/a/b", true},
           Case{"build/**", "build", true},
           Case{"build/**", "a/build/b", false},
           Case{"**/build/**", "a/build/b", true},
           Case{"**/build", "build", true},
           Case{"a/b", "a/b/c", true},
           Case{"a/b", "x/a/b", false},
           Case{"a/**/z", "a/z", true},
           Case{"a/**/z", "a/b/c/z", true},
           Case{"a/**/z", "a/b/c", false},
           Case{"*.log", "x/y.log", true},
           Case{"a/*.log", "a/b/c.log", false},
           Case{"fo?", "foo", true},
           Case{"fo?", "fo", false},
           Case{"[a-c]x", "bx", true},
           Case{"[!a-c]x", "bx", false},
           Case{"[!a-c]x", "dx", true},
           Case{"a[", "a[", true},
           Case{"\\*", "*", true},
           Case{"\\*", "a", false},
           Case{"**", "anything/at/all", true},
           Case{"./a", "a", true},
           Case{"a", "./a", true},
           Case{"  ", "a", false},
           Case{"x{y}", "x{y}", true},
           Case{"caf\xc3\xa9", "caf\xc3\xa9", true},
           Case{"*\xff*",
                "a\xff"
                "b",
                true},
       }) {
    EXPECT_EQ(BlockedGlobs({c.pattern}).matches(c.path), c.blocked) << c.pattern << " on " << c.path;
  }
}

TEST(BlockedGlobs, LaterNegationTakesBackButNotBelowABlockedFolder) {
  const BlockedGlobs globs({"*.log", "!keep.log", "tmp", "!tmp/keep"});
  EXPECT_TRUE(globs.matches("a/x.log"));
  EXPECT_FALSE(globs.matches("a/keep.log"));
  EXPECT_TRUE(globs.matches("tmp/keep"));
}

TEST(BlockedGlobs, EntryCheckAgreesWithTheFullOneBelowAllowedFolders) {
  const BlockedGlobs globs = BlockedGlobs::built_in();
  EXPECT_TRUE(globs.matches_entry("a/b/x.pem"));
  EXPECT_FALSE(globs.matches_entry("a/b/x.txt"));
  EXPECT_TRUE(globs.matches_entry("a/.codex/auth.json"));
}

// A matcher that retries its stars takes longer than the age of the universe on these.
TEST(BlockedGlobs, APlaceBelowARootIsNoWayAroundAPatternForThePath) {  // P5
  const BlockedGlobs globs = BlockedGlobs({"private/secret/**", "/top.txt", "*.pem"}).within({"", "private"});
  for (const char* path : {"secret", "secret/x", "./secret/x", "a/b.pem", "private/secret/x", "top.txt"}) {
    EXPECT_TRUE(globs.matches(path)) << path;
  }
  for (const char* path : {".", "", "other", "secrets", "x/secret", "a/top.txt"}) {
    EXPECT_FALSE(globs.matches(path)) << path;
  }
  EXPECT_TRUE(globs.matches_entry("secret"));
  EXPECT_FALSE(globs.matches_entry("other"));
  EXPECT_FALSE(BlockedGlobs({"private/*"}).within({"private"}).matches_entry("."));
  EXPECT_FALSE(BlockedGlobs({"private"}).within({"private"}).matches("x"));  // the place itself is not asked about
}

TEST(BlockedGlobs, PatternsCannotExplode) {  // SEC:W11
  std::string stars, folders, path, name(2000, 'a');
  for (int i = 0; i < 50; ++i) {
    stars += "*a";
    folders += "**/a*/";
    path += "aaaaaaaaaaaaaaaa/";
  }
  EXPECT_FALSE(BlockedGlobs({stars + "*b"}).matches(name));
  EXPECT_TRUE(BlockedGlobs({stars + "*"}).matches(name));
  EXPECT_FALSE(BlockedGlobs({folders + "b"}).matches(path));
  EXPECT_TRUE(BlockedGlobs({folders + "a*"}).matches(path + "ab/ab"));
}

TEST(BlockedGlobs, RipgrepGlobsNeverHideWhatIsAllowed) {
  const auto built_in = BlockedGlobs::built_in().ripgrep_globs();
  EXPECT_THAT(built_in, Contains("!.git"));
  EXPECT_THAT(built_in, Contains("!*.pem"));
  EXPECT_THAT(built_in, Not(Contains("!.env.*")));  // .env.example is allowed
  EXPECT_THAT(BlockedGlobs({"/a/x{1}", "b/**"}).ripgrep_globs(), ::testing::ElementsAre("!/a/x\\{1\\}", "!/b"));
}

TEST(Noise, KnowsCachesAndBuildOutput) {
  for (const char* name : {"node_modules", "__pycache__", ".venv", "build", "dist", ".git"}) {
    EXPECT_TRUE(is_noise_directory(name)) << name;
  }
  EXPECT_FALSE(is_noise_directory("src"));
  EXPECT_FALSE(is_noise_directory("builder"));
}

}  // namespace
}  // namespace patchbay::workspace
