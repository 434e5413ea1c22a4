#include "patchbay/codex/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/codex/codex_engine.h"
#include "patchbay/json/describe.h"
#include "support/fake_codex/fake_codex.h"
#include "support/temp_dir.h"

namespace patchbay::codex {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class HandClock : public Clock {
 public:
  WallTime wall() const override { return {}; }
  MonoTime mono() const override { return now; }
  MonoTime now = MonoTime(1000s);
};

class Models : public testing::Test {
 protected:
  Models() {
    EngineOptions options;
    options.executable = support::FakeCodex::program();
    options.codex_home = fake.home();
    options.answer_limit = 60s;
    engine = std::make_unique<CodexEngine>(options);
    catalog = std::make_unique<ModelCatalog>(*engine, clock);
  }
  std::size_t asked() const {
    std::size_t count = 0;
    for (const Json& call : fake.questions()) count += call["argv"] == Json{"debug", "models"};
    return count;
  }
  std::vector<std::string> ids() {
    std::vector<std::string> out;
    for (const Model& model : catalog->get()->models) out.push_back(model.id);
    return out;
  }

  testing_support::TempDir temp;
  support::FakeCodex fake{temp.path("home")};
  HandClock clock;
  std::unique_ptr<CodexEngine> engine;
  std::unique_ptr<ModelCatalog> catalog;
};

TEST_F(Models, AreThoseOfTheInstalledProgram) {
  const auto now = catalog->get();
  EXPECT_EQ(now->source, "codex_debug_models");
  EXPECT_EQ(now->codex_version, "0.169.0");
  EXPECT_FALSE(now->error.has_value());
  ASSERT_EQ(now->models.size(), 1u);  // the hidden one is not offered
  EXPECT_EQ(now->models[0].display_name, "Fake Large");
  EXPECT_EQ(now->models[0].default_reasoning_effort, "medium");
  EXPECT_THAT(json::dump(json::to_json(now->models[0])), Not(HasSubstr("never shown")));
}

TEST_F(Models, AreAskedForOncePerMinute) {
  (void)catalog->get();
  clock.now += 59s;
  (void)catalog->get();
  EXPECT_EQ(asked(), 1u);
  clock.now += 2s;
  (void)catalog->get();
  EXPECT_EQ(asked(), 2u);
}

TEST_F(Models, AreSortedByAscendingPriorityAndThenAsListed) {
  fake.put("fake-models.json", R"([{"slug":"c"},{"slug":"b","priority":7},{"slug":"a","priority":1},
    {"slug":"b2","priority":7},{"slug":"-bad"},{"slug":"x y"},{"slug":"h","visibility":"hide"},
    {"slug":"d","visibility":"default"},7,{"no":"slug"}])");
  EXPECT_THAT(ids(), ElementsAre("a", "b", "b2", "c", "d"));
}

TEST_F(Models, TextIsBoundedAndHarmless) {
  Json model = {
      {"slug", "m"}, {"display_name", std::string(500, 'n')}, {"description", "a\x1b[2J\n" + std::string(900, 'd')}};
  for (int i = 0; i < 20; ++i) model["service_tiers"].push_back({{"id", "t"}, {"name", "n"}, {"description", "d"}});
  fake.put("fake-models.json", json::dump({{"models", {model}}}));
  const Model m = catalog->get()->models.at(0);
  EXPECT_LE(m.display_name.size(), 80u);
  EXPECT_LE(m.description.size(), 220u);
  EXPECT_THAT(m.description, Not(HasSubstr("\x1b")));
  EXPECT_EQ(m.service_tiers->size(), 6u);
}

TEST_F(Models, AnUnreadableAnswerFallsBackToTheCacheAndSaysSo) {  // SEC:W13
  fake.put("fake-models.json", "surprise");
  fake.put("models_cache.json", R"({"models":[{"slug":"cached"}]})");
  EXPECT_THAT(ids(), ElementsAre("cached"));
  EXPECT_EQ(catalog->get()->source, "codex_models_cache");
  EXPECT_EQ(catalog->get()->error->error_type, "unreadable");
}

TEST_F(Models, AFloodIsCutAndReported) {  // SEC:W13
  fake.put("fake-models.json", std::string(9 << 20, ' ') + "[]");
  EXPECT_EQ(catalog->get()->source, "unavailable");
  EXPECT_EQ(catalog->get()->error->error_type, "output_too_large");
}

TEST_F(Models, WithoutAProgramThereIsNoCatalogButStillADefault) {
  EngineOptions options = engine->options();
  options.executable = temp.path("missing");
  fake.put("config.toml", "model = \"gpt-5.5\"\nmodel_reasoning_effort = \"High\"\n[profiles.x]\nmodel = \"no\"\n");
  const CodexEngine broken(options);
  const auto now = ModelCatalog(broken, clock).get();
  EXPECT_EQ(now->source, "unavailable");
  EXPECT_EQ(now->error->error_type, "codex_cli_missing");
  EXPECT_EQ(now->default_model, "gpt-5.5");
  EXPECT_EQ(now->default_reasoning_effort, "high");
}

TEST_F(Models, AnEffortMustBeOneOfTheModels) {
  EXPECT_EQ(catalog->check("fake-large", "ULTRA")->reasoning_effort, "ultra");
  const auto refused = catalog->check("fake-large", "xhigh");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("low, medium, ultra"));
}

TEST_F(Models, AnUnlistedModelTakesEveryKnownEffort) {
  for (const char* effort : {"minimal", "low", "medium", "high", "xhigh", "max", "ultra"}) {
    EXPECT_TRUE(catalog->check("my/own-model", effort).ok()) << effort;
  }
  EXPECT_FALSE(catalog->check("my/own-model", "bogus").ok());
  EXPECT_FALSE(catalog->check("", "bogus").ok());
}

TEST_F(Models, TheDefaultModelDecidesAboutAnEffortAlone) {
  fake.put("config.toml", "model = \"fake-large\"\n");
  EXPECT_TRUE(catalog->check("", "low").ok());
  EXPECT_FALSE(catalog->check("", "max").ok());
}

TEST_F(Models, AModelAloneIsCheckedWithoutAskingTheProgram) {
  EXPECT_EQ(catalog->check(" gpt-5.5 ", "")->model, "gpt-5.5");
  EXPECT_FALSE(catalog->check("--model", "").ok());
  EXPECT_FALSE(catalog->check("a b", "").ok());
  EXPECT_EQ(asked(), 0u);
}

}  // namespace
}  // namespace patchbay::codex
