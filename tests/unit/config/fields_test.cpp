#include "config/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "config/dump.h"
#include "patchbay/base/ids.h"

namespace patchbay::config {
namespace {

using testing::HasSubstr;

TEST(Fields, NameEachKeyOnceAndExplainIt) {
  Config c;
  std::set<std::string> keys;
  std::set<std::string_view> known;
  for (const Section& s : sections()) known.insert(s.name);
  for (const Field& f : fields_of(c)) {
    EXPECT_TRUE(keys.insert(f.path()).second) << f.path();
    EXPECT_TRUE(known.contains(f.section)) << f.path();
    EXPECT_GT(f.about.size(), 10u) << f.path();
    EXPECT_TRUE(f.about.ends_with('.')) << f.path();
  }
  EXPECT_GE(keys.size(), 125u);
}

TEST(Fields, BuiltInAndShippedValuesLieInTheirOwnRanges) {
  for (Config c : {Config(), documented()}) {
    for (const Field& f : fields_of(c)) {
      if (!f.rules.range) continue;
      double v = 0;
      if (const auto* n = std::get_if<std::int64_t*>(&f.value)) v = static_cast<double>(**n);
      if (const auto* n = std::get_if<double*>(&f.value)) v = **n;
      EXPECT_GE(v, f.rules.range->min) << f.path();
      EXPECT_LE(v, f.rules.range->max) << f.path();
    }
  }
}

/// Gives a field some other value that the file rules allow.
struct Shuffle {
  const Rules& rules;
  unsigned dice;

  void operator()(bool* v) const { *v = dice % 2 == 0; }
  void operator()(std::int64_t* v) const {
    *v = static_cast<std::int64_t>(rules.range->min + dice % 1000 * (rules.range->max - rules.range->min) / 1000);
  }
  void operator()(double* v) const { *v = rules.range->min + dice % 977 * (rules.range->max - rules.range->min) / 977; }
  void operator()(std::string* v) const {
    if (rules.check == nullptr) *v = text();
  }
  void operator()(std::vector<std::string>* v) const {
    if (rules.check == nullptr) v->assign(dice % 4, text());
  }
  void operator()(std::optional<std::string>* v) const {
    if (dice % 3 == 0)
      *v = text();
    else
      v->reset();
  }
  void operator()(std::optional<std::vector<std::string>>* v) const {
    if (dice % 3 == 0)
      *v = std::vector<std::string>(dice % 5, text());
    else
      v->reset();
  }
  void operator()(std::vector<RepositoryAlias>* v) const { v->assign(dice % 3, {text(), "/b", ""}); }
  void operator()(const EnumRef& e) const { EXPECT_TRUE(e.set(e.words[dice % e.words.size()])); }

  std::string text() const {
    static const std::vector<std::string> kTexts = {"plain",
                                                    "with space",
                                                    "#hash: {x}",
                                                    "\"quotes\" and \\",
                                                    "yes",
                                                    "12",
                                                    "~/x",
                                                    "- dash",
                                                    "\xc3\xa4\xe2\x82\xac",
                                                    "null",
                                                    "a'b",
                                                    "%TAG !",
                                                    "&anchor",
                                                    "*alias",
                                                    "| block",
                                                    "trailing "};
    return kTexts[dice % kTexts.size()];
  }
};

TEST(Dump, IsReadBackAsTheSameSettings) {  // property: read(dump(c)) == c
  for (int round = 0; round < 200; ++round) {
    Config c;
    for (const Field& f : fields_of(c)) {
      const std::string b = random_bytes(4);
      unsigned dice = 0;
      for (const char ch : b) dice = dice * 251 + static_cast<unsigned char>(ch);
      std::visit(Shuffle{f.rules, dice}, f.value);
    }
    Config back;
    Provenance provenance;
    std::vector<std::string> warnings;
    const std::string text = dump_yaml(c, {});
    const Status s = read_yaml(text, "dump.yaml", Source::kFile, back, provenance, warnings);
    ASSERT_TRUE(s.ok()) << s.error().message << "\n" << text;
    for (const std::string& warning : warnings) EXPECT_THAT(warning, testing::ContainsRegex("ha(s|ve) no effect"));
    ASSERT_EQ(dump_yaml(back, {}), text);
    ASSERT_TRUE(back == c) << text;
  }
}

TEST(Dump, ShowsWhereEachValueCameFrom) {
  Provenance p;
  p.set("server.port", Source::kFlag);
  const std::string text = dump_yaml(Config(), p);
  EXPECT_THAT(text, HasSubstr("  port: 8000  # flag\n"));
  EXPECT_THAT(text, HasSubstr("  host: \"127.0.0.1\"  # built in\n"));
  EXPECT_THAT(text, HasSubstr("  # blocked_globs: not set (built in)\n"));
}

TEST(ReferencePage, ListsEveryKeyWithBothValues) {
  const std::string page = reference_page();
  Config c;
  for (const Field& f : fields_of(c)) EXPECT_THAT(page, HasSubstr("| `" + std::string(f.key) + "` |"));
  EXPECT_THAT(page, HasSubstr("| `port` | whole number, 0 to 65535 | `8000` | same |"));
  EXPECT_THAT(page, HasSubstr("| `bash_mode` | off, safe, full | `safe` | `full` |"));
  EXPECT_THAT(page, HasSubstr("Has no effect yet: no tool runs commands. |"));
  EXPECT_THAT(page, HasSubstr("| `blocked_globs` | list of texts | – | `[]` |"));
}

}  // namespace
}  // namespace patchbay::config
