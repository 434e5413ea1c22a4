#include "patchbay/workspace/skills.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"
#include "support/temp_dir.h"

namespace patchbay::workspace {
namespace {

using testing::ElementsAre;

class SkillsTest : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) {
    ASSERT_TRUE(os::make_private_dirs(os::parent_of(dir.path(path))).ok());
    ASSERT_TRUE(os::write_file_atomic(dir.path(path), text).ok());
  }
  WorkspaceFs open(const std::string& path, std::vector<std::string> blocked = {}) {
    EXPECT_TRUE(os::make_private_dirs(dir.path(path)).ok());
    return WorkspaceFs::open_own(dir.path(path), BlockedGlobs(std::move(blocked)),
                                 ProtectedPaths({dir.path("home/.own")}))
        .value();
  }
  SkillList find(SkillScan scan = {}, std::vector<std::string> blocked = {}) {
    const WorkspaceFs workspace = open("ws", std::move(blocked)), home = open("home");
    scan.home = &home;
    return find_skills(workspace, scan);
  }
  static std::vector<std::string> paths(const SkillList& list) {
    std::vector<std::string> out;
    for (const Skill& s : list.skills) out.push_back(s.path);
    return out;
  }

  testing_support::TempDir dir;
};

TEST_F(SkillsTest, AreReadFromTheirFrontMatter) {  // T 12.3
  put("ws/skills/deploy/SKILL.md",
      "---\nname: Deploy\ndescription: >\n  Ships the site,\n  then looks at it.\nother: [1]\n---\n# Deploy\nname: not "
      "this\n");
  put("ws/skills/plain/SKILL.md", "# Plain\nName: 'By Hand'\nDESCRIPTION: no fence needed\n");
  put("ws/skills/bare/SKILL.md", "nothing said\n");
  const SkillList list = find();
  ASSERT_EQ(list.skills.size(), 3u);
  EXPECT_EQ(list.skills[0].name, "bare");
  EXPECT_EQ(list.skills[0].description, "");
  EXPECT_EQ(list.skills[1].name, "By Hand");
  EXPECT_EQ(list.skills[1].description, "no fence needed");
  EXPECT_EQ(list.skills[2].name, "Deploy");
  EXPECT_EQ(list.skills[2].description, "Ships the site, then looks at it.");
  EXPECT_EQ(list.skills[2].path, "$WORKSPACE/skills/deploy/SKILL.md");
  EXPECT_FALSE(list.truncated);
}

TEST_F(SkillsTest, AFewAreFoundHoweverBusyTheMachineIs) {
  put("ws/skills/first/SKILL.md", "# First\n");
  EXPECT_EQ(find({.max_time = std::chrono::milliseconds(0)}).skills.size(), 1u);
  for (int i = 0; i < 64; ++i) put(fmt::format("ws/skills/many/{}", i), "");
  put("ws/skills/second/SKILL.md", "# Second\n");
  const SkillList late = find({.max_time = std::chrono::milliseconds(0)});
  EXPECT_EQ(late.skills.size(), 1u);
  EXPECT_TRUE(late.truncated);
}

TEST_F(SkillsTest, OfTheWorkspaceComeBeforeThoseOfTheUserAndOfPlugins) {  // T 12.3
  put("home/.codex/plugins/cache/a/b/c/d/e/SKILL.md", "name: review\n");
  put("home/.agents/skills/review/SKILL.md", "name: review\n");
  put("ws/.codex/skills/review/SKILL.md", "name: review\n");
  const SkillList list = find();
  EXPECT_THAT(paths(list), ElementsAre("$WORKSPACE/.codex/skills/review/SKILL.md", "~/.agents/skills/review/SKILL.md",
                                       "~/.codex/plugins/cache/a/b/c/d/e/SKILL.md"));
  EXPECT_FALSE(list.skills[0].shadowed_by.has_value());
  EXPECT_EQ(list.skills[2].shadowed_by, "$WORKSPACE/.codex/skills/review/SKILL.md");
}

TEST_F(SkillsTest, APlaceWithManyHidesNoneOfTheOthers) {  // T 12.3
  for (int i = 0; i < 20; ++i) put("ws/skills/s" + std::to_string(i) + "/SKILL.md", "x\n");
  put("home/.codex/skills/mine/SKILL.md", "x\n");
  const SkillList list = find({.max_skills = 5});
  EXPECT_EQ(list.skills.size(), 5u);
  EXPECT_EQ(list.skills.back().path, "~/.codex/skills/mine/SKILL.md");
  EXPECT_TRUE(list.truncated);
}

TEST_F(SkillsTest, LinksAreFollowedOnceAndOnlyInside) {  // T 12.3, L21
  put("home/src/shared/SKILL.md", "x\n");
  put("home/.own/SKILL.md", "x\n");
  put("outside/SKILL.md", "x\n");
  put("home/.codex/skills/here/SKILL.md", "x\n");
  ASSERT_EQ(::symlink("../../src/shared", dir.path("home/.codex/skills/shared").c_str()), 0);
  ASSERT_EQ(::symlink("../../.own", dir.path("home/.codex/skills/own").c_str()), 0);
  ASSERT_EQ(::symlink(dir.path("outside").c_str(), dir.path("home/.codex/skills/out").c_str()), 0);
  ASSERT_EQ(::symlink("..", dir.path("home/.codex/skills/here/round").c_str()), 0);
  put("home/elsewhere/x/SKILL.md", "x\n");
  ASSERT_TRUE(os::make_private_dirs(dir.path("home/.agents")).ok());
  ASSERT_EQ(::symlink("../elsewhere", dir.path("home/.agents/skills").c_str()), 0);
  const auto found = paths(find());
  EXPECT_THAT(found, testing::IsSupersetOf({"~/.codex/skills/here/SKILL.md", "~/.codex/skills/shared/SKILL.md"}));
  for (const std::string& path : found) {
    EXPECT_EQ(path.find("/own/"), std::string::npos) << path;
    EXPECT_EQ(path.find("/out/"), std::string::npos) << path;
    EXPECT_EQ(path.find(".agents"), std::string::npos) << path;
    EXPECT_EQ(path.find("round/here/round"), std::string::npos) << path;
  }
}

TEST_F(SkillsTest, BlockedNoisySpecialAndSecretThingsDoNotShow) {  // T 12.3, SEC:P4
  put("ws/skills/private/SKILL.md", "x\n");
  put("ws/skills/node_modules/m/SKILL.md", "x\n");
  put("ws/skills/a/b/c/d/SKILL.md", "too deep\n");
  put("ws/skills/leaky/SKILL.md",
      "name: leaky\ndescription: use sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ now\n");
  ASSERT_TRUE(os::make_private_dirs(dir.path("ws/skills/fifo")).ok());
  ASSERT_EQ(::mkfifo(dir.path("ws/skills/fifo/SKILL.md").c_str(), 0600), 0);
  const SkillList list = find({}, {"skills/private"});
  ASSERT_THAT(paths(list), ElementsAre("$WORKSPACE/skills/leaky/SKILL.md"));
  EXPECT_EQ(list.skills[0].description.find("sk-abc"), std::string::npos) << list.skills[0].description;
  EXPECT_TRUE(find({}, {"skills"}).skills.empty());
}

}  // namespace
}  // namespace patchbay::workspace
