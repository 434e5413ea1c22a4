#include "patchbay/json/describe.h"

#include <gtest/gtest.h>

namespace patchbay::json {
namespace {

struct Inner {
  std::string id;
  template <class V>
  static void describe(V& v) {
    v.required("id", &Inner::id, "Identifier.");
  }
};

struct Args {
  std::string path;
  int max_lines = 400;
  std::optional<std::string> mode;
  std::vector<std::string> names;
  std::optional<Inner> inner;
  bool deep = false;
  template <class V>
  static void describe(V& v) {
    v.required("path", &Args::path, "Text file.", MaxLength{10});
    v.optional("max_lines", &Args::max_lines, "Lines.", Range{1, 2000});
    v.optional("mode", &Args::mode, "Mode.", Choice{{"a", "b"}});
    v.optional("names", &Args::names, "Names.");
    v.optional("inner", &Args::inner, "");
    v.optional("deep", &Args::deep, "");
  }
};

ParseReport parse_text(const char* text, Args& out) { return parse_args(*parse(text), out); }

TEST(Describe, SchemaIsClosedAndShowsBounds) {
  const Json s = schema_of<Args>(SchemaStyle::kInput);
  EXPECT_EQ(dump(s["required"]), R"(["path"])");
  EXPECT_EQ(s["additionalProperties"], false);
  EXPECT_EQ(dump(s["properties"]["max_lines"]),
            R"({"type":"integer","minimum":1,"maximum":2000,"description":"Lines.","default":400})");
  EXPECT_EQ(dump(s["properties"]["mode"]["enum"]), R"(["a","b"])");
}

TEST(Describe, BriefOutputSchemaIsOpenAndNullable) {
  const Json s = schema_of<Args>(SchemaStyle::kOutputBrief);
  EXPECT_EQ(s["additionalProperties"], true);
  EXPECT_EQ(dump(s["properties"]["mode"]), R"({"type":["string","null"]})");
  EXPECT_EQ(dump(s["properties"]["inner"]), R"({"type":["object","null"]})");
}

TEST(Describe, AcceptsIntegralFloatsAndNullForAbsent) {
  Args a;
  const auto r = parse_text(R"({"path":"x","max_lines":2.0,"mode":null})", a);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(a.max_lines, 2);
  EXPECT_FALSE(a.mode.has_value());
}

TEST(Describe, UnknownArgumentIsToldWithWhatThereIsOnce) {  // T7
  Args a;
  const auto r = parse_text(R"({"path":"x","colour":1,"weight":2})", a);
  ASSERT_EQ(r.problems.size(), 2u);
  EXPECT_NE(r.problems[0].message.find("which takes path, max_lines, mode, names, inner, deep"), std::string::npos)
      << r.problems[0].message;
  EXPECT_EQ(r.problems[1].message.find("which takes"), std::string::npos);
}

TEST(Describe, ClampsAndReports) {
  Args a;
  const auto r = parse_text(R"({"path":"x","max_lines":99999})", a);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(a.max_lines, 2000);
  ASSERT_EQ(r.clamped.size(), 1u);
  EXPECT_EQ(r.clamped[0].first, "max_lines");
}

TEST(Describe, ReportsEveryProblemWithItsPath) {
  Args a;
  const auto r = parse_text(R"({"paths":"x","names":["a",3],"inner":{},"deep":"yes"})", a);
  std::vector<std::string> paths;
  for (const auto& p : r.problems) paths.push_back(p.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"path", "names[1]", "inner.id", "deep", "paths"}));
  EXPECT_NE(r.problems.back().message.find("did you mean path?"), std::string::npos);
}

struct TwoPaths {
  std::optional<std::string> repo_path, file_path, other_path;

  template <class V>
  static void describe(V& v) {
    v.optional("repo_path", &TwoPaths::repo_path, "");
    v.optional("file_path", &TwoPaths::file_path, "");
    v.optional("other_path", &TwoPaths::other_path, "");
  }
};

TEST(Describe, SuggestsTheFileForAPathWithoutMore) {
  TwoPaths a;
  const auto r = parse_args(*parse(R"({"path":"x"})"), a);
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_NE(r.problems[0].message.find("did you mean file_path?"), std::string::npos) << r.problems[0].message;
}

TEST(Describe, RefusesNumbersThatDoNotFit) {  // SEC:J4
  for (const char* n : {"1e300", "18446744073709551615", "2.5", "\"3\"", "true"}) {
    Args a;
    EXPECT_FALSE(parse_text((std::string(R"({"path":"x","max_lines":)") + n + "}").c_str(), a).ok()) << n;
  }
}

struct Reply {
  std::optional<std::string> always;
  std::optional<std::string> sometimes;
  template <class V>
  static void describe(V& v) {
    v.field("always", &Reply::always);
    v.optional("sometimes", &Reply::sometimes, "");
  }
};

TEST(Describe, WritesFieldsAlwaysAndOptionalsWhenSet) {
  Reply r;
  EXPECT_EQ(dump(to_json(r)), R"({"always":null})");
  r.sometimes = "x";
  EXPECT_EQ(dump(to_json(r)), R"({"always":null,"sometimes":"x"})");
}

struct Outer {
  Inner inner;
  std::string own;
  template <class V>
  static void describe(V& v) {
    v.members(&Outer::inner);
    v.optional("own", &Outer::own, "");
  }
};

TEST(Describe, MembersOfAnInnerStructAreOnesOwn) {
  EXPECT_EQ(dump(schema_of<Outer>(SchemaStyle::kInput)["required"]), R"(["id"])");
  Outer o;
  EXPECT_TRUE(parse_args(*parse(R"({"own":"o","id":"i"})"), o).ok());
  EXPECT_EQ(dump(to_json(o)), R"({"id":"i","own":"o"})");
  EXPECT_FALSE(parse_args(*parse(R"({"id":"i","other":1})"), o).ok());
}

}  // namespace
}  // namespace patchbay::json
