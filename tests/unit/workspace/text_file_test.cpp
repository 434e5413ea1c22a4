#include "patchbay/workspace/text_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "patchbay/base/hash.h"
#include "patchbay/base/redact.h"
#include "support/temp_dir.h"
#include "workspace/known_files.h"

namespace patchbay::workspace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::TempDir;

class TextFileTest : public ::testing::Test {
 protected:
  TextPage page(const std::string& content, const PageRequest& request = {}) {
    write(content);
    auto result = read(request);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
    return result.ok() ? std::move(result).value() : TextPage{};
  }
  ErrorCode refusal(const std::string& content, const PageRequest& request = {}) {
    write(content);
    const auto result = read(request);
    return result.ok() ? ErrorCode::kInternal : result.error().code;
  }
  void write(const std::string& content) { ASSERT_TRUE(os::write_file_atomic(dir.path("f.txt"), content).ok()); }
  Result<TextPage> read(const PageRequest& request, const std::string& path = "f.txt") {
    return read_text_page(*WorkspaceFs::open_own(dir.root(), BlockedGlobs(), ProtectedPaths()), path, request);
  }

  /// All pages of the file, each of at most `max_bytes`, put together.
  std::string all_pages(std::int64_t max_bytes) {
    std::string text;
    PageRequest request{.max_bytes = max_bytes, .numbered = false};
    for (int i = 0; i < 100'000; ++i) {
      const auto p = read(request);
      EXPECT_TRUE(p.ok());
      if (!p.ok()) break;
      EXPECT_LE(p->text.size(), static_cast<std::size_t>(std::max<std::int64_t>(max_bytes, 5)));
      text += p->text;
      EXPECT_EQ(p->eof, !p->next_start_line.has_value());
      if (!p->next_start_line) break;
      request.start_line = *p->next_start_line;
      request.start_column = p->next_column.value_or(1);
    }
    return text;
  }

  TempDir dir;
};

TEST_F(TextFileTest, NumbersLinesAndDescribesTheFile) {
  const TextPage p = page("# P\nsecond\n");
  EXPECT_EQ(p.text, "1 | # P\n2 | second");
  EXPECT_EQ(p.path, "f.txt");
  EXPECT_EQ(p.start_line, 1);
  EXPECT_EQ(p.end_line, 2);
  EXPECT_EQ(p.total_lines, 2);
  EXPECT_EQ(p.bytes, 11u);
  EXPECT_EQ(p.sha256, sha256_hex("# P\nsecond\n"));
  EXPECT_TRUE(p.eof);
  EXPECT_FALSE(p.truncated);
  EXPECT_FALSE(p.next_start_line);
  EXPECT_EQ(p.eol, LineEnding::kLf);
  EXPECT_GT(p.mtime, 1e9);
}

TEST_F(TextFileTest, CountsNoPhantomLine) {  // W33
  EXPECT_EQ(page("# P\n").total_lines, 1);
  EXPECT_EQ(page("# P").total_lines, 1);
  EXPECT_EQ(page("# P\n\n").total_lines, 2);
  const TextPage empty = page("");
  EXPECT_EQ(empty.total_lines, 0);
  EXPECT_EQ(empty.text, "");
  EXPECT_EQ(empty.end_line, 0);
  EXPECT_TRUE(empty.eof);
  EXPECT_FALSE(empty.truncated);
  EXPECT_EQ(empty.eol, LineEnding::kNone);
}

TEST_F(TextFileTest, RangesAreClampedToTheFile) {
  std::string text;
  for (int i = 1; i <= 120; ++i) text += "l" + std::to_string(i) + "\n";
  const TextPage p = page(text, {.start_line = 98, .end_line = 101});
  EXPECT_EQ(p.text, " 98 | l98\n 99 | l99\n100 | l100\n101 | l101");
  EXPECT_EQ(p.requested_end_line, 101);
  EXPECT_EQ(p.next_start_line, 102);
  EXPECT_TRUE(p.truncated);
  EXPECT_FALSE(p.eof);
  const TextPage end = page(text, {.start_line = 120, .end_line = 9999});
  EXPECT_EQ(end.end_line, 120);
  EXPECT_TRUE(end.eof);
  EXPECT_EQ(page(text, {.start_line = -5, .end_line = 1}).text, "1 | l1");
  EXPECT_EQ(refusal(text, {.start_line = 5, .end_line = 4}), ErrorCode::kInvalidRange);
  const TextPage beyond = page(text, {.start_line = 121});
  EXPECT_EQ(beyond.text, "");
  EXPECT_TRUE(beyond.eof);
  EXPECT_EQ(beyond.end_line, 120);
  EXPECT_EQ(beyond.total_lines, 120);
}

TEST_F(TextFileTest, AOneLineSliceOfALargeFileIsRead) {  // W33, L4
  std::string text;
  for (int i = 1; i <= 200'000; ++i) text += "some line of text " + std::to_string(i) + "\n";
  const TextPage p = page(text, {.start_line = 150'000, .end_line = 150'000, .max_bytes = 100});
  EXPECT_EQ(p.text, "150000 | some line of text 150000");
  EXPECT_EQ(p.total_lines, 200'000);
  EXPECT_EQ(p.max_bytes_applied, 100);
}

TEST_F(TextFileTest, PagesTogetherAreTheFile) {  // L4
  std::string mixed;
  for (int i = 0; i < 60; ++i) {
    mixed += std::string(static_cast<std::size_t>(i * 7 % 90), 'a') +
             (i % 11 == 0 ? "\xe2\x82\xac\xf0\x9f\x98\x80" : "") + "\n";
  }
  mixed += "no final feed";
  for (const std::string& text : {mixed, std::string(500, 'x'), std::string("\n\n\n"), std::string("a"), std::string(),
                                  std::string("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\n")}) {
    write(text);
    for (const std::int64_t max_bytes : {1, 7, 64, 1000, 1'000'000}) {
      EXPECT_EQ(all_pages(max_bytes), text) << max_bytes;
    }
  }
}

TEST_F(TextFileTest, ContinuesOneHugeLine) {
  const std::string line(100'000, 'z');
  const TextPage first = page(line + "\nnext\n", {.max_bytes = 1000});
  EXPECT_TRUE(first.line_truncated);
  EXPECT_EQ(first.end_line, 1);
  EXPECT_EQ(first.next_start_line, 1);
  EXPECT_EQ(first.text.size(), 1000u);
  EXPECT_EQ(first.next_column, 1000 - 4 + 1);
  const auto last = read({.start_line = 1, .start_column = 99'999, .max_bytes = 1000});
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->text, "1 | zz\n2 | next");
  const auto past = read({.start_line = 1, .start_column = 5'000'000});
  ASSERT_TRUE(past.ok());
  EXPECT_EQ(past->text, "1 | \n2 | next");
}

TEST_F(TextFileTest, AColumnInsideACharacterMovesToItsStart) {
  EXPECT_EQ(page("a\xe2\x82\xac"
                 "b\n",
                 {.start_column = 3, .numbered = false})
                .text,
            "\xe2\x82\xac"
            "b\n");
}

TEST_F(TextFileTest, ShowsCarriageReturnsAsLineEndsAndNamesThem) {  // SEC:P10
  const TextPage crlf = page("a\r\nb\r\n");
  EXPECT_EQ(crlf.text, "1 | a\n2 | b");
  EXPECT_EQ(name_of(crlf.eol), "crlf");
  EXPECT_EQ(crlf.sha256, sha256_hex("a\r\nb\r\n"));
  EXPECT_EQ(name_of(page("a\r\nb\n").eol), "mixed");
  EXPECT_EQ(name_of(page("a\rb").eol), "none");
  EXPECT_EQ(page("a\r\nb\r\n", {.numbered = false}).text, "a\nb\n");
}

TEST_F(TextFileTest, ReportsTheByteOrderMarkWithoutShowingIt) {
  const TextPage p = page("\xef\xbb\xbfhello\n");
  EXPECT_TRUE(p.bom);
  EXPECT_EQ(p.text, "1 | hello");
  EXPECT_EQ(p.bytes, 9u);
  EXPECT_FALSE(page("hello\n").bom);
}

TEST_F(TextFileTest, TailGivesTheLastLines) {
  EXPECT_EQ(page("a\nb\nc\n", {.tail = 2}).text, "2 | b\n3 | c");
  EXPECT_EQ(page("a\nb\nc", {.tail = 1}).text, "3 | c");
  EXPECT_EQ(page("a\nb\nc", {.tail = 99}).text, "1 | a\n2 | b\n3 | c");
  EXPECT_EQ(page("\n\n\n", {.tail = 2}).start_line, 2);
  EXPECT_EQ(page("", {.tail = 2}).text, "");
}

TEST_F(TextFileTest, RefusesWhatIsNoUtf8Text) {
  EXPECT_EQ(refusal(std::string("a\0b", 3)), ErrorCode::kBinaryFile);
  EXPECT_EQ(refusal("\xff\xfe"
                    "a"),
            ErrorCode::kBinaryFile);
  write(
      "\xfe\xff"
      "a");
  EXPECT_THAT(read({}).error().message, HasSubstr("UTF-16"));
  write("good\nbad \xff here\n");
  const auto bad = read({});
  EXPECT_EQ(bad.error().code, ErrorCode::kNotUtf8);
  EXPECT_THAT(bad.error().message, HasSubstr("offset 9"));
  EXPECT_TRUE(read({.start_line = 1, .end_line = 1}).ok()) << "only the page must be text";
}

TEST_F(TextFileTest, RedactsBeforeItNumbers) {  // W6, SEC:P11
  const TextPage p = page("auth:\n  password: hunter2222\n  user: me\ntoken = \"abcdef123456\"\n");
  EXPECT_EQ(p.text, "1 | auth:\n2 |   password: " + std::string(kRedacted) + "\n3 |   user: me\n4 | token = \"" +
                        std::string(kRedacted) + "\"");
  EXPECT_EQ(p.redactions, 2);
  EXPECT_THAT(p.redacted_lines, ElementsAre(2, 4));
  EXPECT_EQ(p.sha256, sha256_hex("auth:\n  password: hunter2222\n  user: me\ntoken = \"abcdef123456\"\n"));
}

TEST_F(TextFileTest, ASecretAcrossAPageEdgeStaysHidden) {
  const std::string key = "ghp_" + std::string(60, 'K') + "1";
  const std::string text = std::string(500, '.') + key + std::string(500, '.');
  write(text);
  for (const std::int64_t max_bytes : {520, 530, 560, 100, 27})
    EXPECT_THAT(all_pages(max_bytes), Not(HasSubstr("KKKK"))) << max_bytes;
  const auto inside = read({.start_column = 520});
  ASSERT_TRUE(inside.ok());
  EXPECT_THAT(inside->text, Not(HasSubstr("KKKK")));
}

TEST_F(TextFileTest, APageInsideAPrivateKeyStaysHidden) {
  std::string text = "-----BEGIN RSA PRIVATE KEY-----\n";
  for (int i = 0; i < 25; ++i) text += "MIIEowIBAAKCAQEA7v3Kq2mXc9Lw4TzR8sYpN1bVhJfG6dQeUoWaZxHtCiBlSkMn\n";
  text += "-----END RSA PRIVATE KEY-----\n";
  const TextPage p = page(text, {.start_line = 10, .end_line = 12});
  EXPECT_THAT(p.text, Not(HasSubstr("MIIE")));
  EXPECT_EQ(p.end_line, 12);
  EXPECT_EQ(p.redactions, 3);
}

TEST_F(TextFileTest, ASparseGigabyteCostsNothing) {  // SEC:P9
  const os::Fd fd(::open(dir.path("f.txt").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  std::string head = "first line\nsecond\n";
  head.resize(9000, 'x');
  ASSERT_EQ(::pwrite(fd.get(), head.data(), head.size(), 0), 9000);
  ASSERT_EQ(::ftruncate(fd.get(), 1LL << 30), 0);
  const auto p = read({.start_line = 2, .end_line = 2});
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p->text, "2 | second");
  EXPECT_EQ(p->bytes, 1u << 30);
  EXPECT_FALSE(p->total_lines);
  EXPECT_FALSE(p->total_lines_exact);
  EXPECT_FALSE(p->sha256);
  EXPECT_EQ(p->next_start_line, 3);
  ASSERT_EQ(::ftruncate(fd.get(), 1LL << 40), 0);
  EXPECT_TRUE(read({.end_line = 1}).ok());
  EXPECT_EQ(read({.start_line = 5}).error().code, ErrorCode::kFileTooLarge);
}

TEST_F(TextFileTest, ALargeFileSaysItsLinesOnceTheEndIsSeen) {
  std::string text;
  while (text.size() <= kLazyBytes) text.append(1023, 'q') += '\n';
  write(text);
  const auto lines = static_cast<std::int64_t>(text.size() / 1024);
  const auto p = read({.start_line = lines, .max_bytes = 5000});
  ASSERT_TRUE(p.ok());
  EXPECT_TRUE(p->eof);
  EXPECT_EQ(p->total_lines, lines);
  EXPECT_EQ(read({.tail = 1, .max_bytes = 5000})->start_line, lines);
}

TEST_F(TextFileTest, CancelEndsALongScan) {
  const os::Fd fd(::open(dir.path("f.txt").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_EQ(::pwrite(fd.get(), std::string(9000, 'x').data(), 9000, 0), 9000);
  ASSERT_EQ(::ftruncate(fd.get(), 1LL << 30), 0);
  CancelToken cancel;
  cancel.cancel();
  const auto fs = WorkspaceFs::open_own(dir.root(), BlockedGlobs(), ProtectedPaths());
  EXPECT_EQ(read_text_page(*fs, "f.txt", {.start_line = 7}, cancel).error().code, ErrorCode::kCancelled);
}

TEST_F(TextFileTest, WholeTextIsBounded) {
  write("12345");
  const auto fs = WorkspaceFs::open_own(dir.root(), BlockedGlobs(), ProtectedPaths());
  EXPECT_EQ(*read_whole_text(*fs->open_file("f.txt"), 5), "12345");
  EXPECT_EQ(read_whole_text(*fs->open_file("f.txt"), 4).error().code, ErrorCode::kFileTooLarge);
}

class KnownFileTest : public TextFileTest {
 protected:
  KnownFileTest() { known_files().trust_young_files(true); }
  ~KnownFileTest() override { known_files().trust_young_files(false); }
  static auto told(const TextPage& p) {
    return std::tuple(p.text, p.start_line, p.end_line, p.total_lines, p.bytes, p.sha256, p.truncated, p.eof,
                      p.next_start_line, p.eol);
  }
};

TEST_F(KnownFileTest, APageOfAKnownFileSaysWhatThePageOfAnUnknownOneSays) {
  for (const char* content : {"", "one", "one\n", "one\ntwo", "one\r\ntwo\r\n", "one\ntwo\r\nthree\n\n", "\n\n\n"}) {
    std::vector<PageRequest> requests;
    for (std::int64_t line = 1; line < 7; ++line) {
      requests.push_back({.start_line = line});
      requests.push_back({.start_line = line, .max_bytes = 8});
      requests.push_back({.tail = line});
    }
    for (const PageRequest& request : requests) {
      write(content);  // a new file each time
      const auto unknown = read(request);
      const auto known = read(request);
      ASSERT_TRUE(unknown.ok() && known.ok());
      EXPECT_EQ(told(*known), told(*unknown)) << content << " from " << request.start_line;
    }
  }
}

TEST_F(KnownFileTest, AFileThatWasWrittenToIsLookedAtAnew) {
  const std::string path = dir.path("f.txt");
  write("one\ntwo\n");
  ASSERT_EQ(read({})->sha256, sha256_hex("one\ntwo\n"));
  struct stat before {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  const os::Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::pwrite(fd.get(), "o\ne\ntwo\n", 8, 0), 8);
  const timespec times[] = {before.st_atim, before.st_mtim};
  // The same size, and the time of the change is denied; the time of that denial is not.
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(::futimens(fd.get(), times), 0);
    struct stat now {};
    ASSERT_EQ(::fstat(fd.get(), &now), 0);
    if (now.st_ctim.tv_sec != before.st_ctim.tv_sec || now.st_ctim.tv_nsec != before.st_ctim.tv_nsec) break;
    ::usleep(2000);
  }
  const auto after = read({});
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->sha256, sha256_hex("o\ne\ntwo\n"));
  EXPECT_EQ(after->total_lines, 3);
}

TEST_F(KnownFileTest, AYoungFileIsNotTakenForKnown) {
  KnownFiles known(4);
  write("one\n");
  const auto file = WorkspaceFs::open_own(dir.root(), BlockedGlobs(), ProtectedPaths())->open_file("f.txt");
  ASSERT_TRUE(file.ok());
  const auto scan = scan_file(file->fd.get(), {.to_the_end = true, .max_bytes = 100}, {});
  ASSERT_TRUE(scan.ok());
  known.keep(file->fd.get(), file->stamp, *scan);
  EXPECT_FALSE(known.find(file->stamp));
}

TEST_F(KnownFileTest, TheFileUsedLongestAgoMakesRoom) {
  KnownFiles known(2);
  known.trust_young_files(true);
  std::vector<FileStamp> stamps;
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(os::write_file_atomic(dir.path(name), name).ok());
    const auto file = WorkspaceFs::open_own(dir.root(), BlockedGlobs(), ProtectedPaths())->open_file(name);
    ASSERT_TRUE(file.ok());
    const auto scan = scan_file(file->fd.get(), {.to_the_end = true, .max_bytes = 100}, {});
    known.keep(file->fd.get(), file->stamp, *scan);
    stamps.push_back(file->stamp);
    if (stamps.size() == 1 && !known.find(stamps[0])) GTEST_SKIP() << "the temporary folder keeps no exact stamps";
    (void)known.find(stamps[0]);
  }
  EXPECT_TRUE(known.find(stamps[0]));
  EXPECT_FALSE(known.find(stamps[1]));
  EXPECT_TRUE(known.find(stamps[2]));
}

TEST(CountFeedsTest, CountsInEveryPosition) {
  std::string text(9000, 'x');
  std::int64_t feeds = 0;
  for (std::size_t i = 0; i < text.size(); i += 1 + i % 37) {
    text[i] = '\n';
    ++feeds;
  }
  EXPECT_EQ(count_feeds(text), feeds);
  EXPECT_EQ(count_feeds(std::string(9001, '\n')), 9001);
  for (std::size_t n = 0; n < 40; ++n) EXPECT_EQ(count_feeds(std::string(n, '\n') + "x"), static_cast<std::int64_t>(n));
}

}  // namespace
}  // namespace patchbay::workspace
