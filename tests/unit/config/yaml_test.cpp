#include "config/yaml_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/base/ids.h"

namespace patchbay::config {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  const auto r = parse_yaml(text, "f.yaml");
  if (r.ok()) return "accepted";
  EXPECT_EQ(r.error().code, ErrorCode::kConfigRefused);
  return r.error().message;
}

TEST(Yaml, KeepsOrderLinesAndQuotes) {
  const auto root = parse_yaml("b: 1\na:\n  - x\n  - \"8\"\nc: ~\n", "f.yaml");
  ASSERT_TRUE(root.ok()) << root.error().message;
  ASSERT_EQ(root->members.size(), 3u);
  EXPECT_EQ(root->members[0].key, "b");
  EXPECT_EQ(root->members[0].value.text, "1");
  EXPECT_FALSE(root->members[0].value.quoted);
  const YamlNode& list = root->members[1].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[1].text, "8");
  EXPECT_TRUE(list.items[1].quoted);
  EXPECT_EQ(list.items[1].line, 4);
  EXPECT_EQ(root->members[2].value.kind, YamlNode::Kind::kNull);
}

TEST(Yaml, AnEmptyFileIsAnEmptyObject) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "\xef\xbb\xbf"}) {
    const auto root = parse_yaml(text, "f.yaml");
    ASSERT_TRUE(root.ok()) << text;
    EXPECT_EQ(root->kind, YamlNode::Kind::kMap);
    EXPECT_TRUE(root->members.empty());
  }
}

TEST(Yaml, RefusesAliasesAnchorsAndSelfReferences) {  // SEC:J10
  EXPECT_THAT(refusal("a: &x 1\n"), HasSubstr("f.yaml:1: anchors"));
  EXPECT_THAT(refusal("a: &x [*x]\n"), HasSubstr("anchors"));
  EXPECT_THAT(refusal("a: [1]\nb: &y\n  c: 1\n"), HasSubstr("f.yaml:2: anchors"));
  EXPECT_THAT(refusal("a: *nowhere\n"), HasSubstr("f.yaml"));
  EXPECT_THAT(refusal("&x a: 1\n"), HasSubstr("anchors"));
}

TEST(Yaml, RefusesAnAliasBombBeforeItGrows) {  // SEC:J10
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string p = std::to_string(i - 1), n = std::to_string(i);
    bomb += "a" + n + ": &a" + n + " [*a" + p + ", *a" + p + "]\n";
  }
  EXPECT_THAT(refusal(bomb), HasSubstr("anchors"));
}

TEST(Yaml, RefusesTags) {  // SEC:J10
  EXPECT_THAT(refusal("a: !!python/object/apply:os.system [x]\n"), HasSubstr("tags"));
  EXPECT_THAT(refusal("a: !!str 1\n"), HasSubstr("tags"));
  EXPECT_THAT(refusal("a: !mine {b: 1}\n"), HasSubstr("tags"));
}

TEST(Yaml, RefusesDuplicateKeysOnEveryLevel) {  // SEC:J10, F4
  EXPECT_THAT(refusal("a: 1\nb: 2\na: 3\n"), HasSubstr("f.yaml:3: duplicate key 'a'"));
  EXPECT_THAT(refusal("a:\n  x: 1\n  x: 1\n"), HasSubstr("duplicate key 'x'"));
  EXPECT_THAT(refusal("a: [{x: 1, x: 2}]\n"), HasSubstr("duplicate key 'x'"));
  EXPECT_THAT(refusal("a: 1\n\"a\": 2\n"), HasSubstr("duplicate key 'a'"));
}

TEST(Yaml, RefusesMergeKeysAndKeysThatAreNoText) {  // SEC:J10
  EXPECT_THAT(refusal("a:\n  <<: {b: 1}\n"), HasSubstr("merge"));
  EXPECT_THAT(refusal("? [a, b]\n: 1\n"), HasSubstr("key"));
  EXPECT_THAT(refusal("~: 1\n"), HasSubstr("key"));
}

TEST(Yaml, RefusesASecondDocument) {  // SEC:J10, F4
  EXPECT_THAT(refusal("a: 1\n---\nb: 2\n"), HasSubstr("more than one document"));
  EXPECT_THAT(refusal("a: 1\n...\n---\n"), HasSubstr("more than one document"));
}

TEST(Yaml, RefusesMoreThan256KiBAndMoreThan32Levels) {  // SEC:J10
  EXPECT_EQ(refusal("a: 1\n" + std::string(kMaxYamlBytes - 6, '#')), "accepted");
  EXPECT_THAT(refusal("a: 1\n" + std::string(kMaxYamlBytes, '#')), HasSubstr("256 KiB"));
  const auto nested = [](int levels) { return "a: " + std::string(levels, '[') + std::string(levels, ']') + "\n"; };
  EXPECT_EQ(refusal(nested(31)), "accepted");
  EXPECT_THAT(refusal(nested(32)), HasSubstr("32 levels"));
  EXPECT_THAT(refusal(nested(50'000)), HasSubstr("f.yaml"));
}

TEST(Yaml, RefusesWhatIsNoObjectNoUtf8OrNoYaml) {
  EXPECT_THAT(refusal("- a\n"), HasSubstr("must contain a YAML object"));
  EXPECT_THAT(refusal("text\n"), HasSubstr("must contain a YAML object"));
  EXPECT_THAT(refusal("a: \xff\n"), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal("a: [1\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(refusal(std::string("a: 1\n\0b: 2\n", 11)), HasSubstr("control characters"));
  EXPECT_THAT(refusal("a: 1\n\x04security: {}\n"), HasSubstr("control characters"));
}

TEST(Yaml, SurvivesRandomEditsOfAValidFile) {
  const std::string seed = "server:\n  host: \"x\"\n  list: [a, {b: c}]\n  text: |\n    block\n";
  for (int round = 0; round < 3000; ++round) {
    const std::string dice = random_bytes(3 * 4);
    std::string text = seed;
    for (int edit = 0; edit < 4; ++edit) {
      const auto at = static_cast<unsigned char>(dice[static_cast<std::size_t>(edit)]) % text.size();
      const auto what = static_cast<unsigned char>(dice[static_cast<std::size_t>(edit + 4)]);
      static constexpr std::string_view kBytes = "&*!<>[]{}:-?|'\"#%@`,\n \t~";
      if (what % 3 == 0)
        text.erase(at, 1);
      else
        text.insert(at, 1, kBytes[what % kBytes.size()]);
      if (text.empty()) text = "a";
    }
    const auto r = parse_yaml(text, "f.yaml");
    EXPECT_TRUE(r.ok() || r.error().code == ErrorCode::kConfigRefused) << text;
  }
}

}  // namespace
}  // namespace patchbay::config
