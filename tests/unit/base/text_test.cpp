#include "patchbay/base/text.h"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

TEST(Utf8, FindsOverlongSurrogateAndCutForms) {
  EXPECT_TRUE(is_valid_utf8("a\u00e9\u20ac\U0001F600"));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
  bool replaced = false;
  EXPECT_EQ(sanitize_utf8("a\xff"
                          "b",
                          &replaced),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_TRUE(replaced);
}

TEST(Utf8, FindsTheFirstInvalidByteWhereverItStands) {
  for (std::size_t length = 0; length < 100; ++length) {
    EXPECT_EQ(first_invalid_utf8(std::string(length, 'a')), std::string_view::npos);
    EXPECT_EQ(first_invalid_utf8(std::string(length, 'a') + "\xe2\x82\xac"), std::string_view::npos);
    for (const char* end : {"", "b", "\xc3\xa4", "0123456789012345678901234567890123456789"}) {
      EXPECT_EQ(first_invalid_utf8("\xc3\xa4" + std::string(length, 'a') + "\xe2\x82" + end), length + 2);
    }
  }
}

TEST(Utf8, PrefixAndSuffixKeepCharactersWhole) {
  EXPECT_EQ(utf8_prefix("a\u00e9", 2), "a");
  EXPECT_EQ(utf8_suffix("\u00e9z", 2), "z");
}

TEST(DisplaySafe, ShowsWhatWouldMislead) {  // SEC:J12
  EXPECT_EQ(display_safe("a\x1b[0m\u202e\nb\xff"), "a\\u{001B}[0m\\u{202E}\\nb\\xFF");
  EXPECT_EQ(display_safe("a\nb", true), "a\nb");
}

TEST(FoldCase, ComparesNames) {
  EXPECT_EQ(fold_case("\u00c9COLE Stra\u00dfe \u0416"), fold_case("\u00e9cole STRASSE \u0436"));
}

TEST(EditDistance, StopsAtTheLimit) {
  EXPECT_EQ(edit_distance("file_path", "file_pth", 2), 1u);
  EXPECT_EQ(edit_distance("abc", "xyz", 2), 3u);
}

TEST(KeepHeadAndTail, KeepsTheEnd) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "line " + std::to_string(i) + "\n";
  const std::string cut = keep_head_and_tail(text, 500, "[cut]");
  EXPECT_LE(cut.size(), 500u);
  EXPECT_TRUE(cut.starts_with("line 0\n"));
  EXPECT_TRUE(cut.ends_with("line 999\n"));
}

TEST(CollapseWhitespace, OneSpaceNoneAtTheEnds) { EXPECT_EQ(collapse_whitespace(" a \t\n b "), "a b"); }

}  // namespace
}  // namespace patchbay
