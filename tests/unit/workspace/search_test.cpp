#include "patchbay/workspace/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "patchbay/base/hash.h"
#include "patchbay/base/redact.h"
#include "patchbay/os/process.h"
#include "support/patience.h"
#include "support/temp_dir.h"
#include "workspace/hit_list.h"
#include "workspace/rg_stream.h"

namespace patchbay::workspace {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::TempDir;

class SearchTest : public ::testing::Test {
 protected:
  SearchTest() { EXPECT_TRUE(os::make_private_dirs(dir.path("root")).ok()); }

  void file(const std::string& path, const std::string& text) {
    const std::string full = dir.path("root/" + path);
    ASSERT_TRUE(os::make_private_dirs(os::parent_of(full)).ok());
    ASSERT_TRUE(os::write_file_atomic(full, text).ok());
  }
  /// An executable outside the workspace.
  std::string script(const std::string& name, const std::string& body) {
    EXPECT_TRUE(os::write_file_atomic(dir.path(name), "#!/bin/sh\n" + body, 0700).ok());
    return dir.path(name);
  }
  WorkspaceFs fs(BlockedGlobs blocked = BlockedGlobs::built_in(), ProtectedPaths own = ProtectedPaths()) {
    return *WorkspaceFs::open_own(dir.path("root"), std::move(blocked), std::move(own));
  }
  SearchResult search(const SearchRequest& request) {
    auto result = search_text(fs(), request);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
    return result.ok() ? std::move(result).value() : SearchResult{};
  }
  std::vector<std::string> lines(const SearchResult& r) {
    std::vector<std::string> out;
    for (const SearchMatch& m : r.matches) out.push_back(m.path + ":" + std::to_string(m.line) + ": " + m.text);
    return out;
  }
  ErrorCode refusal(const SearchRequest& request) {
    const auto result = search_text(fs(), request);
    return result.ok() ? ErrorCode::kInternal : result.error().code;
  }

  TempDir dir;
};

TEST_F(SearchTest, SortsByPathThenLine) {
  file("b.txt", "x\nneedle 2\nneedle 3\n");
  file("a/z.txt", "needle\n");
  file("a.txt", "needle\n");
  file("a/b/c.txt", "needle\n");
  const SearchResult r = search({.query = "needle"});
  EXPECT_THAT(lines(r), ElementsAre("a/b/c.txt:1: needle", "a/z.txt:1: needle", "a.txt:1: needle", "b.txt:2: needle 2",
                                    "b.txt:3: needle 3"));
  EXPECT_EQ(r.total_matches, 5);
  EXPECT_EQ(r.files_with_matches, 4);
  EXPECT_FALSE(r.truncated);
  EXPECT_FALSE(r.timed_out);
  EXPECT_FALSE(r.next_cursor);
  EXPECT_EQ(r.searched_path, ".");
}

TEST_F(SearchTest, NothingFoundIsASuccess) {
  file("a.txt", "x\n");
  const SearchResult r = search({.query = "needle"});
  EXPECT_TRUE(r.matches.empty());
  EXPECT_EQ(r.total_matches, 0);
}

TEST_F(SearchTest, NoQueryAndNoGlobIsEverAnOption) {  // SEC:C1, W2
  const std::string evil = script("evil", "touch " + dir.path("executed") + "\ncat\n");
  file("data.txt", "--pre=" + evil + "\n-x\n-f/etc/passwd\n--files\n");
  for (const std::string& query :
       {"--pre=" + evil, std::string("-f/etc/passwd"), std::string("--hostname-bin=" + evil), std::string("--files"),
        std::string("-x"), std::string("--"), std::string("--pre")}) {
    const SearchResult r = search({.query = query});
    for (const SearchMatch& m : r.matches) EXPECT_THAT(m.text, HasSubstr(query));
  }
  EXPECT_EQ(search({.query = "-x"}).matches.size(), 1u);
  for (const std::string& glob : {std::string("-x"), "--pre=" + evil, std::string("*.txt\n--pre=" + evil)}) {
    (void)search_text(fs(), {.query = "x", .glob = glob});
  }
  for (const std::string& path : {"--pre=" + evil, std::string("-"), std::string("--files")}) {
    EXPECT_EQ(refusal({.query = "x", .path = path}), ErrorCode::kNotFound);
  }
  EXPECT_FALSE(os::exists(dir.path("executed")));
}

TEST_F(SearchTest, ConfigurationOfTheEnvironmentHasNoEffect) {  // SEC:C1
  const std::string evil = script("evil", "touch " + dir.path("executed") + "\ncat\n");
  ASSERT_TRUE(os::write_file_atomic(dir.path("rgrc"), "--pre=" + evil + "\n").ok());
  ::setenv("RIPGREP_CONFIG_PATH", dir.path("rgrc").c_str(), 1);
  file("a.txt", "needle\n");
  EXPECT_EQ(search({.query = "needle"}).matches.size(), 1u);
  ::unsetenv("RIPGREP_CONFIG_PATH");
  EXPECT_FALSE(os::exists(dir.path("executed")));
}

TEST_F(SearchTest, OddFileNamesAreReported) {  // W34, L26
  for (const char* name :
       {"a:b:3.txt", "new\nline.txt", "-dash.txt", "bad\xff.txt", "sp ace \"q\" \\.txt", "tab\t.txt"}) {
    file(name, "needle\n");
  }
  const SearchResult r = search({.query = "needle"});
  std::vector<std::string> paths;
  for (const SearchMatch& m : r.matches) paths.push_back(m.path);
  EXPECT_THAT(paths, ElementsAre("-dash.txt", "a:b:3.txt", "bad\\xFF.txt", "new\\nline.txt", "sp ace \"q\" \\.txt",
                                 "tab\\t.txt"));
  EXPECT_EQ(search({.query = "needle", .path = "bad\\xFF.txt"}).matches.size(), 1u);
  EXPECT_EQ(search({.query = "needle", .path = "-dash.txt"}).matches.size(), 1u);
}

TEST_F(SearchTest, SearchesOneFileOrOneFolder) {  // W34
  file("a/one.txt", "needle\n");
  file("a/two.txt", "needle\n");
  file("b/three.txt", "needle\n");
  EXPECT_THAT(lines(search({.query = "needle", .path = "a/one.txt"})), ElementsAre("a/one.txt:1: needle"));
  const SearchResult folder = search({.query = "needle", .path = "a"});
  EXPECT_THAT(lines(folder), ElementsAre("a/one.txt:1: needle", "a/two.txt:1: needle"));
  EXPECT_EQ(folder.searched_path, "a");
  EXPECT_EQ(search({.query = "needle", .path = dir.path("root/b")}).matches.size(), 1u);
  EXPECT_EQ(refusal({.query = "x", .path = ".."}), ErrorCode::kPathEscapesWorkspace);
  EXPECT_EQ(refusal({.query = "x", .path = "nope"}), ErrorCode::kNotFound);
}

TEST_F(SearchTest, RefusesAFifoWithoutWaiting) {  // SEC:P4
  ASSERT_EQ(::mkfifo(dir.path("root/fifo").c_str(), 0600), 0);
  file("a.txt", "needle\n");
  EXPECT_EQ(refusal({.query = "needle", .path = "fifo"}), ErrorCode::kPathSpecialFile);
  EXPECT_EQ(search({.query = "needle"}).matches.size(), 1u);
}

TEST_F(SearchTest, CapIsExact) {  // W34
  file("a.txt", "n\nn\nn\n");
  file("b.txt", "n\nn\n");
  const SearchResult all = search({.query = "n", .max_results = 5});
  EXPECT_EQ(all.matches.size(), 5u);
  EXPECT_FALSE(all.truncated);
  const SearchResult four = search({.query = "n", .max_results = 4});
  EXPECT_EQ(four.matches.size(), 4u);
  EXPECT_TRUE(four.truncated);
  EXPECT_EQ(four.total_matches, 5);
  EXPECT_TRUE(four.next_cursor);
}

TEST_F(SearchTest, CursorPagesCoverEverythingOnce) {
  std::vector<std::string> expected;
  for (int f = 0; f < 7; ++f) {
    std::string text;
    for (int i = 1; i <= 5; ++i) text += "n" + std::to_string(f * 10 + i) + "\n";
    file("d" + std::to_string(f % 3) + "/f" + std::to_string(f), text);
  }
  const std::vector<std::string> all = lines(search({.query = "n"}));
  ASSERT_EQ(all.size(), 35u);
  std::vector<std::string> paged;
  SearchRequest request{.query = "n", .max_results = 3};
  for (int page = 0; page < 20; ++page) {
    const SearchResult r = search(request);
    EXPECT_EQ(r.total_matches, 35);
    for (const std::string& line : lines(r)) paged.push_back(line);
    if (!r.next_cursor) break;
    request.cursor = *r.next_cursor;
  }
  EXPECT_EQ(paged, all);
  EXPECT_EQ(refusal({.query = "n", .cursor = "!"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal({.query = "n", .cursor = "AAAA"}), ErrorCode::kInvalidArgument);
}

TEST_F(SearchTest, ACursorBelongsToTheArgumentsThatChooseTheMatches) {  // W34
  file("a.txt", "n OTHER\nn\nn\n");
  const SearchRequest first{.query = "n", .max_results = 1};
  const std::string cursor = *search(first).next_cursor;
  const auto with = [&](auto change) {
    SearchRequest request = first;
    request.cursor = cursor;
    change(request);
    return request;
  };
  for (const SearchRequest& other :
       {with([](SearchRequest& r) { r.query = "OTHER"; }), with([](SearchRequest& r) { r.path = "a.txt"; }),
        with([](SearchRequest& r) { r.glob = "*.txt"; }), with([](SearchRequest& r) { r.regex = true; }),
        with([](SearchRequest& r) { r.include_hidden = true; }), with([](SearchRequest& r) { r.files_only = true; }),
        with([](SearchRequest& r) { r.case_mode = CaseMode::kSmart; })}) {
    EXPECT_EQ(refusal(other), ErrorCode::kInvalidArgument);
  }
  const auto elsewhere = WorkspaceFs::open_own(dir.path(""), BlockedGlobs(), ProtectedPaths());
  ASSERT_TRUE(elsewhere.ok());
  EXPECT_FALSE(search_text(*elsewhere, with([](SearchRequest&) {})).ok());
  EXPECT_EQ(search(with([](SearchRequest& r) {
              r.max_results = 5;
              r.context_lines = 2;
              r.timeout = milliseconds(20'000);
            })).matches.size(),
            2u);
}

TEST_F(SearchTest, ACursorHoldsNoNameThatRedactionHides) {  // 7.2
  const std::string secret = "sk-Ab3dEf6hIj9kLm2nOp5qRs8t";
  file("a/" + secret + ".txt", "n1\nn2\n");
  file("a/" + secret + "/sub/b.txt", "n3\nn4\n");
  file("a/plain.txt", "n5\n");
  file(secret, "n6\nn7\n");
  for (const bool files_only : {false, true}) {
    const std::vector<std::string> all = lines(search({.query = "n", .files_only = files_only}));
    ASSERT_EQ(all.size(), files_only ? 4u : 7u);
    std::vector<std::string> paged;
    SearchRequest request{.query = "n", .files_only = files_only, .max_results = 1};
    for (int page = 0; page < 10; ++page) {
      const SearchResult r = search(request);
      for (const std::string& line : lines(r)) paged.push_back(line);
      if (!r.next_cursor) break;
      request.cursor = *r.next_cursor;
      std::string clear;
      ASSERT_TRUE(base64url_decode(request.cursor, &clear));
      EXPECT_THAT(clear, Not(HasSubstr("Ab3dEf6hIj9k")));
    }
    EXPECT_EQ(paged, all);
  }
  const SearchRequest alone{.query = "n", .path = secret, .max_results = 1};
  SearchRequest next = alone;
  next.cursor = *search(alone).next_cursor;
  EXPECT_THAT(lines(search(next)), ElementsAre(secret + ":2: n7"));
  ASSERT_TRUE(os::remove_file(dir.path("root/" + secret)).ok());
  EXPECT_EQ(refusal(next), ErrorCode::kInvalidArgument) << "the place to go on from is gone";
}

TEST_F(SearchTest, AQueryThatMatchesEverywhereStopsEarlyAndStaysInOrder) {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "common\n";
  for (int f = 0; f < 10; ++f) file("f" + std::to_string(f), text);
  const SearchResult r = search({.query = "common", .max_results = 10});
  EXPECT_EQ(r.matches.size(), 10u);
  EXPECT_EQ(r.matches.back().path, "f0");
  EXPECT_EQ(r.matches.back().line, 10);
  EXPECT_TRUE(r.truncated);
  EXPECT_FALSE(r.total_matches);
  const SearchResult next = search({.query = "common", .max_results = 10, .cursor = *r.next_cursor});
  EXPECT_EQ(next.matches.front().line, 11);
}

TEST_F(SearchTest, RegexOnlyWhenAsked) {
  file("a.txt", "f.o\nfoo\n");
  EXPECT_EQ(search({.query = "f.o"}).matches.size(), 1u);
  EXPECT_EQ(search({.query = "f.o", .regex = true}).matches.size(), 2u);
  const auto bad = search_text(fs(), {.query = "fo(", .regex = true});
  EXPECT_EQ(bad.error().code, ErrorCode::kBadRegex);
  EXPECT_THAT(bad.error().message, HasSubstr("unclosed group"));
  EXPECT_EQ(search({.query = "fo("}).matches.size(), 0u);
  EXPECT_EQ(refusal({.query = "(a)\\1", .regex = true}), ErrorCode::kBadRegex);
  EXPECT_EQ(refusal({.query = ""}), ErrorCode::kQueryRequired);
  EXPECT_EQ(refusal({.query = "a\nb"}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal({.query = "a\nb", .regex = true}), ErrorCode::kBadRegex);
  for (const char* query : {"a\\nb", "a\nb", "(a)\\1", "(?=a)"}) {
    const auto refused = search_text(fs(), {.query = query, .regex = true});
    ASSERT_FALSE(refused.ok()) << query;
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr("not"), Not(HasSubstr("--")))) << "no options of the engine";
  }
  EXPECT_THAT(search_text(fs(), {.query = "a\\nb", .regex = true}).error().hint, HasSubstr("line break"));
  EXPECT_EQ(refusal({.query = std::string("a\0b", 3)}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refusal({.query = "a", .glob = "{x"}), ErrorCode::kInvalidArgument);
}

TEST_F(SearchTest, ACatastrophicExpressionIsHarmless) {  // SEC:J11
  file("a.txt", std::string(30'000, 'a') + "!\n");
  EXPECT_EQ(search({.query = "(a+)+$", .regex = true}).matches.size(), 0u);
}

TEST_F(SearchTest, CaseModes) {
  file("a.txt", "Needle\nneedle\n");
  EXPECT_EQ(search({.query = "needle"}).matches.size(), 1u);
  EXPECT_EQ(search({.query = "needle", .case_mode = CaseMode::kInsensitive}).matches.size(), 2u);
  EXPECT_EQ(search({.query = "needle", .case_mode = CaseMode::kSmart}).matches.size(), 2u);
  EXPECT_EQ(search({.query = "Needle", .case_mode = CaseMode::kSmart}).matches.size(), 1u);
}

TEST_F(SearchTest, GlobsNarrowButNeverUncover) {  // W15
  file("a.py", "needle\n");
  file("a.txt", "needle\n");
  file(".env", "needle\n");
  file("server.PEM", "needle\n");
  file(".env.example", "needle\n");
  file("node_modules/x.py", "needle\n");
  EXPECT_THAT(lines(search({.query = "needle", .glob = "*.py"})), ElementsAre("a.py:1: needle"));
  EXPECT_THAT(lines(search({.query = "needle", .glob = "!*.py"})), ElementsAre("a.txt:1: needle"));
  for (const char* glob : {".env", "*.PEM", "**/*", "**/node_modules/**"}) {
    for (const SearchMatch& m : search({.query = "needle", .glob = glob, .include_hidden = true}).matches) {
      EXPECT_TRUE(m.path == "a.py" || m.path == "a.txt" || m.path == ".env.example") << m.path;
    }
  }
  EXPECT_THAT(lines(search({.query = "needle", .include_hidden = true})),
              ElementsAre(".env.example:1: needle", "a.py:1: needle", "a.txt:1: needle"));
  EXPECT_THAT(lines(search({.query = "needle", .path = "node_modules"})), ElementsAre("node_modules/x.py:1: needle"));
  EXPECT_EQ(refusal({.query = "needle", .path = ".env"}), ErrorCode::kPathBlocked);
}

TEST_F(SearchTest, OwnFilesAreNeverSearched) {  // SEC:P5
  file("home/token", "needle\n");
  file("home/[odd]/x", "needle\n");
  file("src/a.txt", "needle\n");
  ASSERT_EQ(::link(dir.path("root/home/token").c_str(), dir.path("root/src/hard").c_str()), 0);
  const auto guarded = fs(BlockedGlobs(), ProtectedPaths({dir.path("root/home"), dir.path("root/home/token")}));
  const auto r = search_text(guarded, {.query = "needle"});
  ASSERT_TRUE(r.ok());
  EXPECT_THAT(lines(*r), ElementsAre("src/a.txt:1: needle"));
  EXPECT_EQ(search_text(guarded, {.query = "needle", .path = "home"}).error().code, ErrorCode::kPathBlocked);
}

TEST_F(SearchTest, LinksAreNotFollowed) {  // SEC:P2
  ASSERT_TRUE(os::make_private_dirs(dir.path("outside")).ok());
  ASSERT_TRUE(os::write_file_atomic(dir.path("outside/canary"), "needle\n").ok());
  ASSERT_EQ(::symlink("../outside", dir.path("root/d").c_str()), 0);
  ASSERT_EQ(::symlink("../outside/canary", dir.path("root/f").c_str()), 0);
  EXPECT_TRUE(search({.query = "needle"}).matches.empty());
  EXPECT_EQ(refusal({.query = "needle", .path = "d"}), ErrorCode::kPathSymlinkEscape);
  EXPECT_EQ(refusal({.query = "needle", .path = "f"}), ErrorCode::kPathSymlinkEscape);
}

TEST_F(SearchTest, OnlyBytesOfGuardedFilesAreShown) {  // SEC:P3
  file("a.txt", "first\nsecond\n");
  ASSERT_TRUE(os::make_private_dirs(dir.path("outside")).ok());
  ASSERT_TRUE(os::write_file_atomic(dir.path("outside/canary"), "CANARY\n").ok());
  const std::string lies =
      script("rg", R"(printf '%s\n' '{"type":"begin","data":{"path":{"text":"./../outside/canary"}}}'
printf '%s\n' '{"type":"match","data":{"path":{"text":"./../outside/canary"},"lines":{"text":"CANARY\n"},"line_number":1,"absolute_offset":0,"submatches":[{"match":{"text":"C"},"start":0,"end":1}]}}'
printf '%s\n' '{"type":"end","data":{"binary_offset":null}}'
printf '%s\n' '{"type":"begin","data":{"path":{"text":"./a.txt"}}}'
printf '%s\n' '{"type":"match","data":{"path":{"text":"./a.txt"},"lines":{"text":"CANARY\n"},"line_number":2,"absolute_offset":6,"submatches":[{"match":{"text":"C"},"start":0,"end":1}]}}'
printf '%s\n' '{"type":"match","data":{"path":{"text":"./a.txt"},"lines":{"text":"CANARY\n"},"line_number":3,"absolute_offset":8,"submatches":[{"match":{"text":"C"},"start":0,"end":1}]}}'
printf '%s\n' '{"type":"end","data":{"binary_offset":null}}'
)");
  const auto r = search_text(fs(), {.query = "C"}, {}, {.program = lies});
  ASSERT_TRUE(r.ok());
  EXPECT_THAT(lines(*r), ElementsAre("a.txt:2: second"));
}

TEST_F(SearchTest, LongLinesAreWindowedAroundTheHit) {  // W34
  file("long.txt", std::string(3000, 'x') + "NEEDLE" + std::string(3000, 'y') + "\nshort NEEDLE\n");
  file("utf.txt", "\xe2\x82\xac" + std::string(600, 'z') + "NEEDLE");
  const SearchResult r = search({.query = "NEEDLE"});
  ASSERT_EQ(r.matches.size(), 3u);
  EXPECT_EQ(r.matches[0].column, 3001);
  EXPECT_TRUE(r.matches[0].line_truncated);
  EXPECT_EQ(r.matches[0].text.size(), 500u);
  EXPECT_THAT(r.matches[0].text, HasSubstr("NEEDLE"));
  EXPECT_FALSE(r.matches[1].line_truncated);
  EXPECT_EQ(r.matches[1].column, 7);
  EXPECT_THAT(r.matches[2].text, HasSubstr("NEEDLE"));
}

TEST_F(SearchTest, AHugeLineWithManyHitsCostsLittleMemory) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "ab ";
  file("huge.min.js", text + "\nab\n");
  const SearchResult r = search({.query = "ab"});
  ASSERT_EQ(r.matches.size(), 2u);
  EXPECT_EQ(r.matches[0].column, 1);
  EXPECT_TRUE(r.matches[0].line_truncated);
  EXPECT_EQ(r.matches[1].line, 2);
}

TEST_F(SearchTest, SecretsInHitsAreHidden) {  // 7.2
  file("a.yml", "  api_key: abcd1234efgh  # needle\n");
  file("key.txt",
       "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA7v3Kq2mXc9Lw4TzR8sYpN1bVhJfG6dQeUoWaZxHtCiBlSkMn\n"
       "MIIEowIBAAKCAQEA7v3Kq2mXc9Lw4TzR8sYpN1bVhJfG6dQeUoWaZxHtneedleSk\n-----END PRIVATE KEY-----\n");
  file("long.txt", std::string(5000, '.') + " needle ghp_" + std::string(40, 'Q') + std::string(5000, '.'));
  const SearchResult r = search({.query = "needle"});
  ASSERT_EQ(r.matches.size(), 3u);
  EXPECT_EQ(r.matches[0].text, "  api_key: " + std::string(kRedacted) + "  # needle");
  EXPECT_EQ(r.matches[1].text, kRedacted);
  EXPECT_THAT(r.matches[2].text, Not(HasSubstr("QQQ")));
  EXPECT_EQ(r.redactions, 3);
}

TEST_F(SearchTest, KeysInCommentsAndStringsAreHidden) {  // 7.2
  const std::string body = "MIIEowIBAAKCAQEA7v3Kq2mXc9Lw4TzR8sYpN1bVhJfG6dQeUoWaZxHtCiBlSkMn";
  const auto key = [&](const std::string& before, const std::string& after) {
    std::string text = "import os\n";
    for (const std::string& line : {std::string("-----BEGIN RSA PRIVATE KEY-----"), body, "q2" + body.substr(2),
                                    std::string("tail9Q=="), std::string("-----END RSA PRIVATE KEY-----")}) {
      text += before;
      text += line;
      text += after;
    }
    return text;
  };
  file("comment.py", key("# ", "\n"));
  file("indented.cpp", key("   // ", "\r\n"));
  file("string.py", key("    \"", "\\n\"\n"));
  file("joined.js", key("  '", "\\n' +\n"));
  file("one_line.pem", "-----BEGIN PRIVATE KEY-----\n" + std::string(15, 'k') + body + std::string(900, 'k') +
                           "\n-----END PRIVATE KEY-----\n");
  for (const char* query : {"MIIEow", "q2", "tail9Q", "BEGIN ", "END "}) {
    const SearchResult r = search({.query = query, .context_lines = 3});
    EXPECT_GE(r.matches.size(), 4u) << query;
    const auto check = [&](const std::string& shown) {
      for (const char* part : {"EowIBAAKC", "tail9Q", "kkkk"}) EXPECT_THAT(shown, Not(HasSubstr(part))) << query;
    };
    for (const SearchMatch& m : r.matches) {
      check(m.text);
      for (const SearchLine& l : m.before) check(l.text);
      for (const SearchLine& l : m.after) check(l.text);
    }
  }
  EXPECT_THAT(lines(search({.query = "MIIEow", .path = "comment.py"})),
              ElementsAre("comment.py:3: # " + std::string(kRedacted)));
}

TEST_F(SearchTest, ContextLines) {
  file("a.txt", "l1\nl2\nneedle\nl4\nl5\n");
  const SearchResult r = search({.query = "needle", .context_lines = 3});
  ASSERT_EQ(r.matches.size(), 1u);
  std::vector<std::string> around;
  for (const SearchLine& l : r.matches[0].before) around.push_back(std::to_string(l.line) + l.text);
  for (const SearchLine& l : r.matches[0].after) around.push_back(std::to_string(l.line) + l.text);
  EXPECT_THAT(around, ElementsAre("1l1", "2l2", "4l4", "5l5"));
}

TEST_F(SearchTest, FilesOnly) {
  file("a.txt", "n\nn\nn\n");
  file("b/c.txt", "n\n");
  const SearchResult r = search({.query = "n", .files_only = true, .max_results = 1});
  ASSERT_EQ(r.matches.size(), 1u);
  EXPECT_EQ(r.matches[0].path, "a.txt");
  EXPECT_EQ(r.matches[0].line, 0);
  EXPECT_EQ(r.files_with_matches, 2);
  EXPECT_FALSE(r.total_matches);
  const SearchResult next = search({.query = "n", .files_only = true, .max_results = 1, .cursor = *r.next_cursor});
  ASSERT_EQ(next.matches.size(), 1u);
  EXPECT_EQ(next.matches[0].path, "b/c.txt");
  EXPECT_FALSE(next.next_cursor);
}

TEST_F(SearchTest, BinaryAndNonUtf8Files) {
  file("bin", std::string("needle\0x", 8));
  file("latin.txt", "caf\xe9 needle\n");
  file("crlf.txt", "needle\r\n");
  EXPECT_THAT(lines(search({.query = "needle"})),
              ElementsAre("crlf.txt:1: needle", "latin.txt:1: caf\xef\xbf\xbd needle"));
}

TEST_F(SearchTest, ABinaryFileThatWasLeftOutIsAWarning) {  // W34
  file("sub/bin.dat", std::string("\0 needle\n", 9));
  file("sub/text.txt", "needle\n");
  file("deep/bin.dat", "needle\n" + std::string(100'000, 'x') + std::string(1, '\0'));
  file("wide.txt", std::string("\xff\xfen\0", 4));
  const auto warnings = [&](const std::string& path, const std::string& query) {
    const SearchResult r = search({.query = query, .path = path});
    EXPECT_TRUE(r.matches.empty() || path == "sub");
    EXPECT_EQ(r.total_matches, static_cast<std::int64_t>(r.matches.size()));
    return r.warnings;
  };
  EXPECT_THAT(warnings("sub/bin.dat", "needle"), ElementsAre(HasSubstr("binary")));
  EXPECT_THAT(warnings("sub/bin.dat", "nothing"), ElementsAre(HasSubstr("binary")));
  EXPECT_THAT(warnings("deep/bin.dat", "needle"), ElementsAre(HasSubstr("binary")));
  EXPECT_THAT(warnings("deep", "needle"), ElementsAre(HasSubstr("binary")));
  EXPECT_THAT(warnings("wide.txt", "needle"), ElementsAre(HasSubstr("UTF-16")));
  EXPECT_THAT(warnings("sub/text.txt", "nothing"), ElementsAre());
  EXPECT_THAT(warnings("sub", "nothing"), ElementsAre());
}

TEST_F(SearchTest, Utf16FilesNeitherCountNorEndAPage) {  // W34
  const auto utf16 = [](std::string_view text) {
    std::string out = "\xff\xfe";
    for (const char c : text) out += std::string{c, '\0'};
    return out;
  };
  for (const char* name : {"u/a.txt", "u/b.txt", "u/c.txt", "u/d.txt"}) file(name, utf16("needle 1\nneedle 2\n"));
  file("u/z.txt", "needle 3\n");
  const SearchResult r = search({.query = "needle", .path = "u", .max_results = 2});
  EXPECT_THAT(lines(r), ElementsAre("u/z.txt:1: needle 3"));
  EXPECT_EQ(r.files_with_matches, 1);
  EXPECT_EQ(r.total_matches, 1);
  EXPECT_FALSE(r.truncated);
  EXPECT_FALSE(r.next_cursor);
  EXPECT_THAT(r.warnings, ElementsAre(HasSubstr("UTF-16")));
  EXPECT_THAT(lines(search({.query = "needle", .path = "u", .files_only = true})), ElementsAre("u/z.txt:0: "));
}

TEST_F(SearchTest, AByteOrderMarkMovesNoHit) {  // W34
  file("a.txt", "\xef\xbb\xbfneedle 1\nneedle 2\n\n  needle 4\n");
  file("long.txt", "\xef\xbb\xbf" + std::string(600, 'x') + "needle" + std::string(600, 'y') + "\n");
  const SearchResult r = search({.query = "^ *needle", .regex = true});
  EXPECT_THAT(lines(r), ElementsAre("a.txt:1: needle 1", "a.txt:2: needle 2", "a.txt:4:   needle 4"));
  EXPECT_EQ(r.matches[0].column, 1);
  EXPECT_EQ(r.matches[1].column, 1);
  EXPECT_THAT(search({.query = "needle", .path = "long.txt"}).matches[0].text, HasSubstr("needle"));
}

TEST_F(SearchTest, APageGoesOnBehindWhatCannotBeShown) {  // W34
  file("a.txt", "x\n");
  file("b.txt", "needle\n");
  const auto record = [](const std::string& name, int line, int offset) {
    return "printf '%s\\n' '{\"type\":\"begin\",\"data\":{\"path\":{\"text\":\"./" + name + "\"}}}' " +
           "'{\"type\":\"match\",\"data\":{\"lines\":{\"text\":\"needle\\n\"},\"line_number\":" + std::to_string(line) +
           ",\"absolute_offset\":" + std::to_string(offset) +
           ",\"submatches\":[{\"match\":{\"text\":\"n\"},\"start\":0," +
           "\"end\":1}]}}' '{\"type\":\"end\",\"data\":{\"binary_offset\":null}}'\n";
  };
  // The file changed under the search: its hits are at no start of a line.
  const std::string changed = script("rg", record("a.txt", 9, 77) + record("a2.txt", 1, 0) + record("b.txt", 1, 0));
  std::vector<std::string> paged;
  SearchRequest request{.query = "needle", .max_results = 1};
  for (int page = 0; page < 5; ++page) {
    const auto r = search_text(fs(), request, {}, {.program = changed});
    ASSERT_TRUE(r.ok());
    for (const std::string& line : lines(*r)) paged.push_back(line);
    if (!r->next_cursor) break;
    request.cursor = *r->next_cursor;
  }
  EXPECT_THAT(paged, ElementsAre("b.txt:1: needle"));
}

TEST_F(SearchTest, UnreadableFilesBecomeWarnings) {  // W34
  file("a.txt", "needle\n");
  const std::string half = script("rg", R"(echo './locked: Permission denied (os error 13)' >&2
printf '%s\n' '{"type":"begin","data":{"path":{"text":"./a.txt"}}}'
printf '%s\n' '{"type":"match","data":{"path":{"text":"./a.txt"},"lines":{"text":"needle\n"},"line_number":1,"absolute_offset":0,"submatches":[{"match":{"text":"needle"},"start":0,"end":6}]}}'
printf '%s\n' '{"type":"end","data":{"binary_offset":null}}'
exit 2
)");
  const auto r = search_text(fs(), {.query = "needle"}, {}, {.program = half});
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->matches.size(), 1u);
  EXPECT_THAT(r->warnings, ElementsAre("./locked: Permission denied (os error 13)"));
}

TEST_F(SearchTest, ADeadlineGivesWhatWasFound) {  // L6
  file("a.txt", "needle\n");
  const std::string slow = script("rg", "sleep 60 &\necho $! > " + dir.path("pid") + R"(
printf '%s\n' '{"type":"begin","data":{"path":{"text":"./a.txt"}}}'
printf '%s\n' '{"type":"match","data":{"path":{"text":"./a.txt"},"lines":{"text":"needle\n"},"line_number":1,"absolute_offset":0,"submatches":[{"match":{"text":"needle"},"start":0,"end":6}]}}'
sleep 60
)");
  const auto r = search_text(fs(), {.query = "needle", .timeout = milliseconds(3000)}, {}, {.program = slow});
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r->timed_out);
  EXPECT_THAT(lines(*r), ElementsAre("a.txt:1: needle"));
  EXPECT_FALSE(r->total_matches);
  EXPECT_FALSE(r->suggested_next.empty());
  const auto pid = os::read_file(dir.path("pid"));
  ASSERT_TRUE(pid.ok());
  // The group died with its leader.
  const auto sleeper = os::identify(std::stoi(*pid));
  EXPECT_TRUE(testing_support::eventually([&] { return !sleeper || !os::is_alive(*sleeper); }));
}

TEST_F(SearchTest, CancelEndsIt) {
  const std::string slow = script("rg", "sleep 60\n");
  CancelToken cancel;
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(100));
    cancel.cancel();
  });
  const auto r = search_text(fs(), {.query = "x", .timeout = milliseconds(30'000)}, cancel, {.program = slow});
  later.join();
  EXPECT_EQ(r.error().code, ErrorCode::kCancelled);
}

TEST_F(SearchTest, WithoutRipgrepItSaysWhatToInstall) {
  const auto r = search_text(fs(), {.query = "x"}, {}, {.program = "/nonexistent/rg"});
  EXPECT_EQ(r.error().code, ErrorCode::kSearchFailed);
  EXPECT_THAT(r.error().hint, HasSubstr("ripgrep"));
}

TEST_F(SearchTest, AFolderThatIsMovedMeanwhileIsStillTheOneSearched) {
  file("a/x.txt", "needle\n");
  const std::string mover = script(
      "rg", "mv " + dir.path("root/a") + " " + dir.path("root/b") + "\nexec rg --no-config --json -e needle -- ./\n");
  const auto r = search_text(fs(), {.query = "needle", .path = "a"}, {}, {.program = mover});
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r->matches.empty()) << "the reported path is checked again";
}

struct Recorder : RgListener {
  bool on_file(std::string path) override {
    log += "file " + path + "\n";
    return true;
  }
  bool on_match(const RgHit& hit) override {
    log += std::to_string(hit.line) + "@" + std::to_string(hit.offset) + "+" + std::to_string(hit.column) + "\n";
    return true;
  }
  bool on_counted_match() override { return true; }
  void on_file_end(bool binary) override { log += binary ? "binary\n" : "end\n"; }
  std::string log;
};

TEST(RgStream, ReadsRecordsHoweverTheyAreCut) {
  const std::string big(1'500'000, 'k');
  const std::string text =
      R"({"type":"begin","data":{"path":{"text":"./q\"},\"line_number\":7"}}})"
      "\n"
      R"({"type":"match","data":{"path":{"text":"./q"},"lines":{"text":"\"},\"line_number\":99,"},"line_number":3,"absolute_offset":44,"submatches":[{"match":{"text":"\"},\"start\":5"},"start":2,"end":9}]}})"
      "\n"
      R"({"type":"match","data":{"path":{"text":"./q"},"lines":{"text":")" +
      big + R"("},"line_number":4,"absolute_offset":99,"submatches":[{"match":{"text":")" + big +
      R"("},"start":12,"end":9},{"match":{"text":")" + big +
      R"("},"start":77,"end":9}]}})"
      "\n"
      R"({"type":"end","data":{"binary_offset":null}})"
      "\n"
      R"({"type":"begin","data":{"path":{"bytes":"Li9iYWT/"}}})"
      "\n"
      R"({"type":"match","data":{"path":{"bytes":"Li9iYWT/"},"lines":{"bytes":"AA=="},"line_number":1,"absolute_offset":0,"submatches":[{"match":{"bytes":"/w=="},"start":3,"end":4}]}})"
      "\n"
      R"({"type":"end","data":{"binary_offset":3}})"
      "\n"
      R"({"type":"summary"})"
      "\n";
  for (const std::size_t piece : {std::size_t{1000}, std::size_t{65536}, std::size_t{300'001}, text.size()}) {
    Recorder recorder;
    RgStream stream(recorder);
    for (std::size_t at = 0; at < text.size(); at += piece)
      ASSERT_TRUE(stream.feed(std::string_view(text).substr(at, piece)));
    EXPECT_EQ(recorder.log, "file ./q\"},\"line_number\":7\n3@44+2\n4@99+12\nend\nfile ./bad\xff\n1@0+3\nbinary\n")
        << piece;
  }
}

TEST(PathOrder, IsThatOfTheSortedSearch) {
  EXPECT_TRUE(PathOrder()("a/b", "a.txt"));
  EXPECT_TRUE(PathOrder()("a", "a/b"));
  EXPECT_FALSE(PathOrder()("a.txt", "a/b"));
  EXPECT_TRUE(PathOrder()("B", "a"));
}

}  // namespace
}  // namespace patchbay::workspace
