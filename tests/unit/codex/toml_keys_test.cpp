#include "codex/toml_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::codex {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(TopLevelStrings, AreReadUntilTheFirstTable) {
  EXPECT_THAT(top_level_strings("# my settings\nmodel = \"gpt-5.5\" # best\n\"model_reasoning_effort\"='high'\r\n"
                                "check = false\n[profiles.x]\nmodel = \"other\"\n"),
              ElementsAre(Pair("model", "gpt-5.5"), Pair("model_reasoning_effort", "high")));
}

TEST(TopLevelStrings, OtherValuesArePassedOver) {
  EXPECT_THAT(
      top_level_strings("notify = [\n  \"a ] b\", # ] no\n  'c'\n]\nt = { model = \"no\", x = [1] }\n"
                        "long = \"\"\"\nmodel = \"inside\"\n\"\"\"\nn = 3\nmodel = \"yes\"\n"),
      testing::AllOf(testing::Contains(Pair("model", "yes")), testing::Not(testing::Contains(Pair("t", testing::_)))));
}

TEST(TopLevelStrings, EscapesAreUnderstood) {
  EXPECT_THAT(top_level_strings(R"(a = "x\"y\\z")"), ElementsAre(Pair("a", "x\"y\\z")));
}

TEST(TopLevelStrings, BrokenTextGivesWhatCameBefore) {
  EXPECT_THAT(top_level_strings("model = \"gpt\"\nbroken = \"no end\nx = \"y\"\n"), ElementsAre(Pair("model", "gpt")));
  for (const char* text : {"", "[", "=", "a", "a =", "a = \"", "a = [", "a = '''", "a = \"\\"}) {
    EXPECT_THAT(top_level_strings(text), IsEmpty()) << text;
  }
}

TEST(TableStrings, AreThoseOfOneTable) {
  constexpr char kText[] =
      "model_provider = \"my.proxy\"\n[[list]]\nenv_key = \"NO\"\n[model_providers.other]\nenv_key = \"NO\"\n"
      "[ model_providers . \"my.proxy\" ] # ours\nname = \"P\"\nenv_key = \"PROXY_KEY\"\n[x]\nenv_key = \"NO\"\n";
  EXPECT_THAT(table_strings(kText, {"model_providers", "my.proxy"}),
              ElementsAre(Pair("env_key", "PROXY_KEY"), Pair("name", "P")));
  EXPECT_THAT(table_strings(kText, {"model_providers"}), IsEmpty());
  for (const char* text : {"", "[", "[a", "[a\n]", "a = [\n[b]\n", "[[b]]\nx = \"1\""}) {
    EXPECT_THAT(table_strings(text, {"b"}), IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace patchbay::codex
