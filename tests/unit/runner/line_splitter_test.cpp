#include "runner/line_splitter.h"

#include <gtest/gtest.h>

#include <vector>

namespace patchbay::runner {
namespace {

std::vector<std::string> split_in_pieces(std::string_view text, std::size_t piece, LineSplitter& s) {
  std::vector<std::string> lines;
  const auto keep = [&](std::string_view line) { lines.emplace_back(line); };
  for (std::size_t i = 0; i < text.size(); i += piece) s.feed(text.substr(i, piece), keep);
  s.finish(keep);
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheDataArrives) {
  for (std::size_t piece = 1; piece < 12; ++piece) {
    LineSplitter s(100);
    EXPECT_EQ(split_in_pieces("one\n\ntwo\nlast", piece, s), (std::vector<std::string>{"one", "", "two", "last"}));
  }
}

TEST(LineSplitter, DrainsAndCountsAnOversizedLine) {  // lesson 33, SEC:S10
  for (std::size_t piece : {1u, 7u, 1000u}) {
    LineSplitter s(10);
    EXPECT_EQ(split_in_pieces("short\n" + std::string(50, 'x') + "\nafter\n", piece, s),
              (std::vector<std::string>{"short", "after"}));
    EXPECT_EQ(s.oversized(), 1);
  }
}

}  // namespace
}  // namespace patchbay::runner
